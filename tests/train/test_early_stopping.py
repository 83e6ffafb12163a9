import keras
import numpy as np
import pytest

from lossbench.train.early_stopping import is_over

SEEN = [0.5, 0.6, 0.6, 0.604, 0.59, 0.7, 0.7, 0.65, 0.69, 0.5]


def end(rule, seen=SEEN, epochs=10):
    """The epoch after which a training ends."""
    return next((n for n in range(1, epochs + 1) if is_over(rule, seen[:n], epochs)), epochs)


def end_by_keras(patience, min_delta):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    oracle = keras.callbacks.EarlyStopping("m", min_delta, patience, mode="max")
    oracle.set_model(model)
    oracle.on_train_begin()
    model.stop_training = False
    for epoch, value in enumerate(SEEN):
        oracle.on_epoch_end(epoch, {"m": value})
        if model.stop_training:
            return epoch + 1
    return len(SEEN)


@pytest.mark.parametrize("patience", [1, 2, 3, 4])
@pytest.mark.parametrize("min_delta", [0.0, 0.01, 0.15])
def test_ends_where_early_stopping_of_keras_does(patience, min_delta):
    rule = {"patience": patience, "min_delta": min_delta, "min_epochs": 1}
    assert end(rule) == end_by_keras(patience, min_delta)


def test_no_rule_never_ends():
    assert not is_over(None, [0.1] * 50, 100)


@pytest.mark.parametrize(("epochs", "first"), [(9, 3), (10, 4), (12, 4), (1, 1)])
def test_a_third_of_the_epochs_rounded_up_is_always_trained(epochs, first):
    assert end({"patience": 1}, [0.5] * epochs, epochs) == max(first, min(2, epochs))


def test_a_wait_that_is_over_by_min_epochs_counts_for_nothing():
    assert end({"patience": 2, "min_epochs": 5}, [0.5, 0.4, 0.4, 0.4, 0.6, 0.7, 0.6, 0.6], 8) == 8
    assert end({"patience": 2, "min_epochs": 4}, [0.5, 0.4, 0.4, 0.4, 0.6], 5) == 4


def test_nan_is_never_better():
    assert end({"patience": 2, "min_epochs": 1}, [np.nan, np.nan, 0.5], 3) == 2

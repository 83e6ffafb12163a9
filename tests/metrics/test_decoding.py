import numpy as np
import pytest
from scipy import special

from lossbench.errors import ShapeError
from lossbench.metrics.decoding import decode, probabilities

Z = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0]], dtype=np.float32)
COLUMN = np.array([[2.0], [-1.0], [0.0]], dtype=np.float32)


@pytest.mark.parametrize("how", ["softmax", "margins", "identity"])
def test_outputs_per_class_or_target_stay_as_they_are(how):
    found = decode(Z, how)
    assert found.dtype == np.float64
    assert found.tolist() == Z.tolist()


@pytest.mark.parametrize("how", ["sigmoid", "sign"])
def test_a_single_output_becomes_two_scores(how):
    found = decode(COLUMN, how)
    assert found.dtype == np.float64
    assert found.tolist() == [[0.0, 2.0], [0.0, -1.0], [0.0, 0.0]]
    # class 1 where z > 0; a tie goes to class 0
    assert found.argmax(axis=1).tolist() == [1, 0, 0]


def test_softmax_of_the_two_scores_is_the_sigmoid():
    p = special.expit(COLUMN[:, 0].astype(np.float64))
    assert probabilities(decode(COLUMN, "sigmoid")) == pytest.approx(np.column_stack([1 - p, p]))


def test_probabilities_sum_to_one_even_for_extreme_scores():
    p = probabilities(np.array([[1e4, -1e4, 0.0], [1e4, 1e4, -1e4]]))
    assert p.tolist() == [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]


def test_probabilities_do_not_depend_on_a_common_shift():
    assert probabilities(Z + 100.0) == pytest.approx(probabilities(Z), rel=1e-5)


@pytest.mark.parametrize("how", ["sigmoid", "sign"])
@pytest.mark.parametrize("shape", [(3, 2), (3, 0)])
def test_a_single_output_is_asked_for(how, shape):
    with pytest.raises(ShapeError, match="single output"):
        decode(np.zeros(shape), how)


@pytest.mark.parametrize("how", ["softmax", "sigmoid", "margins", "sign", "identity"])
def test_outputs_are_a_table(how):
    with pytest.raises(ShapeError, match="shape"):
        decode(np.zeros(3), how)


@pytest.mark.parametrize("how", ["softmax", "margins", "identity"])
def test_the_outputs_are_not_changed(how):
    before = Z.copy()
    decode(Z, how)
    assert (before == Z).all()

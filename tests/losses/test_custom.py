import numpy as np
import pytest
import tensorflow as tf

from lossbench.errors import LossError
from lossbench.losses.custom import load_function
from lossbench.train.objective import make_loss, per_example


def write(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(text)
    return f"{path}:mine"


def test_loads_a_function_and_binds_its_parameters(tmp_path):
    target = write(tmp_path, "def mine(labels, outputs, scale):\n    return scale * outputs\n")
    loss = make_loss("custom", {"target": target, "params": {"scale": 3.0}, "task": None}, ())
    np.testing.assert_allclose(loss(None, tf.constant([[2.0]])), [[6.0]])


def test_the_file_may_import_its_neighbours(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("FACTOR = 5.0\n")
    target = write(
        tmp_path,
        "from neighbour_of_mine import FACTOR\ndef mine(labels, outputs):\n    return FACTOR\n",
    )
    assert load_function(target)(None, None) == 5.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 / 0\n", "ZeroDivisionError"),
        ("def other(y, z):\n    return z\n", "no function 'mine'"),
        ("def mine(:\n", "SyntaxError"),
    ],
)
def test_a_file_that_does_not_work_is_named(tmp_path, text, says):
    target = write(tmp_path, text)
    with pytest.raises(LossError, match=says):
        load_function(target)


def test_a_loss_that_raises_is_named(tmp_path):
    target = write(tmp_path, "def mine(labels, outputs):\n    raise ValueError('no idea')\n")
    loss = make_loss("custom", {"target": target, "params": {}, "task": None}, ())
    with pytest.raises(LossError, match="mine: the loss raised ValueError: no idea"):
        loss(None, None)


@pytest.mark.parametrize("shape", [(), (4,), (4, 3)])
def test_a_number_a_value_per_example_or_several_are_accepted(shape):
    values = np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape)
    found = per_example(lambda y, z: tf.constant(values), None, tf.zeros((4, 2))).numpy()
    np.testing.assert_allclose(found, values.mean(axis=1) if values.ndim == 2 else values)


@pytest.mark.parametrize("shape", [(2,), (1, 4), (4, 2, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(LossError, match=r"is needed\. Reduce over all axes but the first"):
        per_example(lambda y, z: tf.zeros(shape), None, tf.zeros((4, 2)))


def test_a_loss_reduced_over_the_wrong_axis_is_refused_in_the_graph():
    """The batch size is unknown while tracing; a static first axis gives the mistake away."""

    @tf.function(input_signature=[tf.TensorSpec((None, 10))])
    def compute(outputs):
        return per_example(lambda y, z: tf.reduce_mean(z, axis=0), None, outputs)

    with pytest.raises(LossError, match="shape"):
        compute(tf.zeros((4, 10)))

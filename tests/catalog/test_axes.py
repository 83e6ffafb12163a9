import pytest

from lossbench.catalog.axes import plural, shown, title, told, varying

NAMES = {
    "dataset": "mnist",
    "model": "seed_cnn",
    "optimizer": "adam",
    "schedule": "constant",
    "batch_size": "128",
    "backend": "tensorflow",
    "loss": "focal",
}


def test_the_usual_is_left_out_and_everything_else_named_in_order():
    assert told(NAMES, without="loss") == ["mnist", "seed_cnn", "adam"]
    unusual = NAMES | {"schedule": "cosine", "batch_size": "32", "backend": "jax"}
    assert told(unusual, without="optimizer") == [
        "mnist",
        "seed_cnn",
        "cosine",
        "batch 32",
        "jax",
        "focal",
    ]


def test_axes_on_which_jobs_differ():
    assert varying([NAMES]) == varying([]) == ()
    assert varying([NAMES, NAMES | {"batch_size": "32", "dataset": "cifar10"}]) == (
        "dataset",
        "batch_size",
    )


@pytest.mark.parametrize(
    ("axis", "one", "several", "value"),
    [
        ("loss", "loss", "losses", "32"),
        ("batch_size", "batch size", "batch sizes", "batch 32"),
        ("optimizer", "optimizer", "optimizers", "32"),
    ],
)
def test_words(axis, one, several, value):
    assert (title(axis), plural(axis), shown(axis, "32")) == (one, several, value)

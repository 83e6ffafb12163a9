"""A function that makes the data: what it may return, and every way in which it can be wrong."""

import re

import numpy as np
import pytest

from lossbench.datasets import describe, load, prepare
from lossbench.errors import DataError

MAKES = """
import numpy as np
def make(n=20, n_test=6, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n + n_test, 5, 4, 3)).astype(np.uint8)
    y = np.arange(n + n_test) % 2
    return {"x_train": x[:n], "y_train": y[:n], "x_test": x[n:], "y_test": y[n:]}
"""


@pytest.fixture
def function(tmp_path):
    def write(text=MAKES, name="make", **params):
        (tmp_path / "my_data.py").write_text(text)
        return {"target": f"{tmp_path}/my_data.py:{name}", "params": params}

    return write


def test_it_is_read_as_a_file_with_the_same_arrays_is(function, tmp_path):
    given = function(seed=3)
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (26, 5, 4, 3)).astype(np.uint8)
    y = np.arange(26) % 2
    np.savez(tmp_path / "f.npz", x_train=x[:20], y_train=y[:20], x_test=x[20:], y_test=y[20:])
    file = {"path": str(tmp_path / "f.npz")}
    ours, theirs = describe("function", given), describe("npz", file)
    assert ours.content_sha256 != theirs.content_sha256
    assert ours.__dict__ | {"content_sha256": 0} == theirs.__dict__ | {"content_sha256": 0}
    prepare("function", given)
    for part in ("train", "validation", "test"):
        a, b = (getattr(load(*c), part) for c in (("function", given), ("npz", file)))
        np.testing.assert_array_equal(a.images, b.images)
        np.testing.assert_array_equal(a.targets, b.targets)


@pytest.mark.parametrize(
    ("returned", "sizes"),
    [
        ("(x[:20], y[:20])", (14, 2, 4)),
        ("(x[:20], y[:20], x[20:], y[20:])", (18, 2, 6)),
        ("((x[:20], y[:20]), (x[20:], y[20:]))", (18, 2, 6)),
        ("[x[:20], y[:20]]", (14, 2, 4)),
        ("dict(x_train=x, y_train=y, group_train=np.arange(26) // 2)", (18, 2, 6)),
        ("dict(x_train=x.tolist(), y_train=['a', 'b'] * 13)", (19, 2, 5)),
        ("dict(x_train=x, y_train_side=y, y_train_size=y / 2)", (19, 2, 5)),
    ],
)
def test_what_it_may_return(function, returned, sizes):
    text = (
        f"import numpy as np\ndef make():\n    x = np.arange(520).reshape(26, 5, 4) % 256\n"
        f"    y = np.arange(26) % 2\n    return {returned}\n"
    )
    given = function(text)
    facts, splits = describe("function", given), load("function", given)
    found = tuple(len(part.ids) for part in (splits.train, splits.validation, splits.test))
    assert found == sizes == (facts.n_train, facts.n_validation, facts.n_test)


def test_arguments_and_content_make_the_hash_and_comments_do_not(function):
    plain = describe("function", function()).content_sha256
    assert describe("function", function(n=22)).content_sha256 != plain
    assert describe("function", function("# other text\n" + MAKES)).content_sha256 == plain
    assert describe("function", function(MAKES.replace("% 2", "% 3"))).content_sha256 != plain


def test_what_it_prints_stays_out_of_our_output(function, capsys):
    describe("function", function(MAKES.replace("    x = ", "    print('working')\n    x = ")))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "working\n")


def test_other_arrays_each_time_are_refused(function):
    given = function(MAKES.replace("default_rng(seed)", "default_rng()"))
    describe("function", given)
    with pytest.raises(DataError, match=r"returned other arrays when it was called again.*seed"):
        prepare("function", given)


def test_data_that_changed_since_the_plan_are_refused_by_the_worker(function):
    planned = describe("function", function()).content_sha256
    load("function", function(), 0, planned)
    with pytest.raises(DataError, match=r"data differ from those .* planned with"):
        load("function", function(n=22), 0, planned)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no disk')", r"failed at my_data.py:2 with ValueError: no disk"),
        ("import sys; sys.exit('bye')", r"failed at my_data.py:2 with SystemExit: bye"),
        ("return None", "returned NoneType; a dict of arrays named x_train"),
        ("return (1, 2, 3)", "returned a tuple of 3; a dict of arrays"),
        ("return {'x_train': 1, 'Y_train': 2}", "y_train is missing; .* Rename 'Y_train'"),
        (
            "return {'x_train': [[[1]]], 'y_train': [1], 'x_test': [[[1]]]}",
            "y_test is missing; x_train, y_train, x_test, y_test are accepted, the function ret",
        ),
        ("return ([[[1], [2, 3]]], [0])", "x_train is no array"),
        ("return ([[[object()]]], [0])", "x_train holds Python objects"),
        ("return ([[[1]]], [object()])", "y_train holds Python objects"),
        ("return ([1, 2], [0, 1])", r"x_train is int64 \[2\]; whole numbers 0 to 255 or"),
        ("return ([[[1]]] * 9, [0] * 9)", "all labels are the same class"),
        ("return {'x_train': [[[1]]], 'y_train': [1], 'groups': [1]}", "'groups' is not read"),
    ],
)
def test_a_function_that_fails_or_returns_nonsense(function, body, message):
    given = function(f"def make():\n    {body}\n")
    for ask in (describe, load, prepare):
        with pytest.raises(
            DataError, match=r"data set 'function': \S*my_data.py:make: .*" + message
        ):
            ask("function", given)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("raise OSError('mine')", "make", "the file cannot be run: OSError: mine"),
        ("x = 1", "make", "the file has no function or class 'make'"),
    ],
)
def test_a_file_that_cannot_be_run(function, text, name, message):
    with pytest.raises(DataError, match=re.escape(message)):
        describe("function", function(text, name))

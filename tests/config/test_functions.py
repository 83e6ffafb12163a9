from pathlib import Path

import pytest

from lossbench.config.functions import check_function, split_target

SOURCE = """
raise RuntimeError("this file is never executed")
PATTERN = "\\d"

def asymmetric(labels, outputs, under, over=1.0, *, power=2): ...
def counted(labels, outputs, *, class_counts, beta): ...
def anything(labels, outputs, **more): ...
def gathered(*arrays, margin): ...
def lonely(labels): ...
def keywords_only(*, labels, outputs): ...
def third_hidden(labels, outputs, margin, /): ...
async def later(labels, outputs): ...
class Loss:
    def method(labels, outputs): ...
"""


@pytest.fixture
def check(tmp_path: Path):
    (tmp_path / "my_losses.py").write_text(SOURCE)

    def run(target: str, **params: object) -> list[tuple[tuple[str | int, ...], str]]:
        return check_function(str(tmp_path / target), params, target)

    return run


@pytest.mark.parametrize(
    ("function", "params"),
    [
        ("asymmetric", {"under": 1.5}),
        ("asymmetric", {"under": 1.5, "over": 2, "power": 1}),
        ("counted", {"beta": 0.9}),
        ("anything", {"whatever": 1}),
        ("gathered", {"margin": 1}),
    ],
)
def test_valid_calls(check, function: str, params: dict[str, object]) -> None:
    assert check(f"my_losses.py:{function}", **params) == []


def test_an_argument_that_the_function_lacks(check) -> None:
    assert check("my_losses.py:asymmetric", under=1, ovr=2) == [
        (
            ("params", "ovr"),
            "asymmetric takes no 'ovr' from the file; it takes under, over, power. "
            "Did you mean 'over'?",
        )
    ]


def test_the_first_two_arguments_cannot_be_given(check) -> None:
    assert check("my_losses.py:anything", labels=1) == [
        (
            ("params", "labels"),
            "anything takes no 'labels' from the file; it takes none after the first two",
        )
    ]


def test_a_missing_argument(check) -> None:
    assert check("my_losses.py:asymmetric") == [
        (
            ("params",),
            "asymmetric needs 'under', which has no default; give it beside the others",
        )
    ]


def test_class_counts_come_from_the_runner(check) -> None:
    assert [text.split(",")[0] for _, text in check("my_losses.py:counted")] == [
        "counted needs 'beta'"
    ]


@pytest.mark.parametrize("function", ["lonely", "keywords_only"])
def test_two_positional_parameters_are_needed(check, function: str) -> None:
    assert check(f"my_losses.py:{function}") == [
        (
            ("target",),
            f"{function} has no two positional parameters; it is called as "
            f"{function}(labels, outputs)",
        )
    ]


def test_a_third_positional_only_parameter(check) -> None:
    assert check("my_losses.py:third_hidden") == [
        (
            ("target",),
            "parameter 'margin' of third_hidden is positional only; it is given by keyword",
        )
    ]


@pytest.mark.parametrize("name", ["asymetric", "Asymmetric"])
def test_an_unknown_function_names_the_nearest(check, name: str) -> None:
    [(at, text)] = check(f"my_losses.py:{name}")
    assert at == ("target",)
    assert text.startswith(f"no function {name!r} at the top level of my_losses.py; its functions:")
    assert text.endswith(". Did you mean 'asymmetric'?")


@pytest.mark.parametrize("name", ["method", "later", "Loss", "PATTERN"])
def test_only_plain_functions_at_the_top_level_count(check, name: str) -> None:
    assert check(f"my_losses.py:{name}")[0][1].startswith(f"no function {name!r}")


def test_a_missing_file(check) -> None:
    assert check("my_loses.py:f") == [
        (
            ("target",),
            "no such file 'my_loses.py' beside the experiment file. Did you mean 'my_losses.py'?",
        )
    ]
    assert check("q.py:f")[0][1] == (
        "no such file 'q.py' beside the experiment file; the path is relative to it"
    )
    assert check("no/folder.py:f")[0][1] == (
        "no such file 'no/folder.py'; the path is relative to the experiment file"
    )


def test_a_file_that_is_not_python(check, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ndef f(:\n")
    assert check("broken.py:f") == [
        (("target",), "'broken.py' is not valid Python: line 2: invalid syntax")
    ]


def test_a_file_of_null_bytes(check, tmp_path: Path) -> None:
    (tmp_path / "null.py").write_bytes(b"x = 1\0")
    assert check("null.py:f")[0][1].startswith("'null.py' is not valid Python: ")


def test_an_edited_file_is_read_again(check, tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text("def f(a, b): ...\n")
    assert check("new.py:f") == []
    (tmp_path / "new.py").write_text("def renamed(a, b): ...\n")
    assert check("new.py:f")[0][1].startswith("no function 'f'")


@pytest.mark.parametrize("target", ["my_losses:f", "my_losses.py", "my_losses.py:", "a.py:b.c"])
def test_a_target_of_another_form(check, target: str) -> None:
    assert check(target) == [
        (
            ("target",),
            f"{target!r} is not allowed; 'file.py:function', the file relative to this one",
        )
    ]


def test_split_target_keeps_colons_of_the_file() -> None:
    assert split_target(r"C:\losses\my.py:f") == (r"C:\losses\my.py", "f")

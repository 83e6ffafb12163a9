import sys
from pathlib import Path

import pytest

from lossbench.config.functions import (
    Supply,
    check_function,
    check_model_function,
    supplied_to,
)
from lossbench.config.sources import source_file, split_target

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
class Tilted:
    def __init__(self, under, *, class_counts, over=1.0): ...
    def __call__(self, labels, outputs, *, epoch): ...
class Bare(object):
    def __call__(self, labels, outputs): ...
class Lonely:
    def __call__(self, labels): ...
class Wanting:
    def __call__(self, labels, outputs, margin): ...
class OfKeras(keras.losses.Loss):
    def __init__(self, delta=1.0, **more): ...
    def call(self, y_true, y_pred): ...
class Child(Tilted): ...
@dataclass
class Data:
    under: float
    def __call__(self, labels, outputs): ...
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
    assert text.startswith(f"no function or class {name!r} at the top level of my_losses.py; it ")
    assert text.endswith(". Did you mean 'asymmetric'?")


@pytest.mark.parametrize("name", ["method", "later", "PATTERN"])
def test_only_plain_functions_and_classes_at_the_top_level_count(check, name: str) -> None:
    assert check(f"my_losses.py:{name}")[0][1].startswith(f"no function or class {name!r}")


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("Tilted", {"under": 1.5}),
        ("Tilted", {"under": 1.5, "over": 2, "class_counts": [1, 2]}),
        ("Bare", {}),
        ("OfKeras", {"delta": 2.0, "name": "mine"}),
        ("Child", {"whatever": 1}),
        ("Data", {"under": 1.5}),
    ],
)
def test_valid_objects(check, name: str, params: dict[str, object]) -> None:
    assert check(f"my_losses.py:{name}", **params) == []


@pytest.mark.parametrize(
    ("name", "params", "at", "text"),
    [
        ("Loss", {}, ("target",), "class Loss has no __call__; its objects are called with "
         "(labels, outputs)"),
        ("Tilted", {}, ("params",), "Tilted needs 'under', which has no default; give it beside "
         "the others"),
        ("Tilted", {"under": 1, "ovr": 2}, ("params", "ovr"), "Tilted takes no 'ovr' from the "
         "file; it takes under, class_counts, over. Did you mean 'over'?"),
        ("Bare", {"x": 1}, ("params", "x"), "Bare takes no 'x' from the file; it takes none"),
        ("Lonely", {}, ("target",), "Lonely.__call__ has no two positional parameters; it is "
         "called as object(labels, outputs)"),
        ("Wanting", {}, ("target",), "Wanting.__call__ needs 'margin'; only (labels, outputs) are "
         "given"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_classes(check, name, params, at, text) -> None:
    assert check(f"my_losses.py:{name}", **params) == [(at, text)]


def test_what_the_runner_supplies(check, tmp_path: Path) -> None:
    def supplied(name: str, **params: object) -> Supply:
        return supplied_to(f"{tmp_path}/my_losses.py:{name}", params)

    assert supplied("counted") == Supply(call=frozenset({"class_counts"}))
    assert supplied("counted", class_counts=[1]) == Supply(), "given in the file"
    assert supplied("Tilted") == Supply(frozenset({"class_counts"}), frozenset({"epoch"}))
    assert supplied("asymmetric") == supplied("no_such") == Supply()
    assert supplied_to("no_such_module:f", {}) == Supply()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that must not be imported."""
    folder = tmp_path / "site" / "lb_pkg_of_tests"
    (folder / "deep").mkdir(parents=True)
    raising = "raise RuntimeError('imported')\n"
    (folder / "__init__.py").write_text(raising + "from .deep.inner import tilted as slanted\n")
    (folder / "deep" / "__init__.py").write_text(raising + "from lb_nowhere import other\n")
    (folder / "deep" / "inner.py").write_text(
        raising + "def tilted(labels, outputs, under): ...\nMADE = object()\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    return folder


def test_a_function_of_an_installed_module(package: Path) -> None:
    def check(target: str, **params: object) -> list[str]:
        return [text for _, text in check_function(target, params, target)]

    assert check("lb_pkg_of_tests.deep.inner:tilted", under=1) == []
    assert check("lb_pkg_of_tests:slanted", undr=1) == [
        "slanted takes no 'undr' from the file; it takes under. Did you mean 'under'?",
        "slanted needs 'under', which has no default; give it beside the others",
    ], "followed to where it is written"
    assert check("lb_pkg_of_tests.deep:other", anything=1) == [], "cannot be followed"
    assert check("lb_pkg_of_tests.deep.inner:MADE") == [], "may be callable"
    assert check("lb_pkg_of_tests.deep.inner:tiltet") == [
        "no function or class 'tiltet' at the top level of lb_pkg_of_tests.deep.inner; it has "
        "tilted. Did you mean 'tilted'?"
    ]
    assert check("lb_pkg_of_tests.shallow:f") == [
        "no module 'lb_pkg_of_tests.shallow' is installed; 'file.py:name', the file relative to "
        "this one, or 'package.module:name'"
    ]
    assert "lb_pkg_of_tests" not in sys.modules


def test_the_file_where_a_custom_loss_is_written(package: Path) -> None:
    assert source_file("/a/b.py:f") == "/a/b.py"
    assert source_file("lb_pkg_of_tests:slanted") == str(package / "deep" / "inner.py")
    assert source_file("lb_pkg_of_tests.deep:other") == str(package / "deep" / "__init__.py")
    assert source_file("lb_nowhere:f") is None


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
    assert check("new.py:f")[0][1].startswith("no function or class 'f'")


@pytest.mark.parametrize("target", ["my_losses:f", "my_losses.py", "my_losses.py:", "a.py:b.c"])
def test_a_target_of_another_form(check, target: str) -> None:
    assert check(target) == [
        (
            ("target",),
            f"{target!r} is not allowed; 'file.py:name', the file relative to this one, or "
            "'package.module:name'",
        )
    ]


def test_split_target_keeps_colons_of_the_file() -> None:
    assert split_target(r"C:\losses\my.py:f") == (r"C:\losses\my.py", "f")
    assert split_target("package.module:Name") == ("package.module", "Name")


MODELS = """
raise RuntimeError("this file is never executed")
def build(image_shape, outputs, width=32, *, depth): ...
def anything(image_shape, outputs, **more): ...
def counted(image_shape, outputs, class_counts): ...
def lonely(image_shape): ...
class Net:
    def __init__(self, image_shape, outputs): ...
"""


@pytest.mark.parametrize(
    ("name", "params", "found"),
    [
        ("build", {"depth": 2}, []),
        ("build", {"depth": 2, "width": 8}, []),
        ("anything", {"whatever": 1}, []),
        (
            "build",
            {"depth": 2, "widht": 8},
            [
                (
                    ("params", "widht"),
                    "build takes no 'widht' from the file; it takes width, depth. "
                    "Did you mean 'width'?",
                )
            ],
        ),
        (
            "build",
            {},
            [
                (
                    ("params",),
                    "build needs 'depth', which has no default; give it beside the others",
                )
            ],
        ),
        (
            "build",
            {"depth": 2, "outputs": 3},
            [
                (
                    ("params", "outputs"),
                    "build takes no 'outputs' from the file; it takes width, depth",
                )
            ],
        ),
        (  # a runner supplies class counts to losses alone
            "counted",
            {},
            [
                (
                    ("params",),
                    "counted needs 'class_counts', which has no default; give it beside the others",
                )
            ],
        ),
        (
            "lonely",
            {},
            [
                (
                    ("target",),
                    "lonely has no two positional parameters; it is called as "
                    "lonely(image_shape, outputs)",
                )
            ],
        ),
        (
            "Net",
            {},
            [
                (
                    ("target",),
                    "Net is a class; accepted is a function that is called as "
                    "Net(image_shape, outputs) and returns a keras.Model",
                )
            ],
        ),
    ],
)
def test_functions_that_build_networks(tmp_path: Path, name: str, params, found) -> None:
    (tmp_path / "net.py").write_text(MODELS)
    assert check_model_function(str(tmp_path / f"net.py:{name}"), params, f"net.py:{name}") == found

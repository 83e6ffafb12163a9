"""Entries through `load`: names, grids, labels and messages."""

from pathlib import Path

import pytest

from lossbench.catalog import DATASETS, LOSSES, MODELS, OPTIMIZERS

FOCAL_TAKES = (
    "it takes gamma (gamma >= 0, default 2.0), alpha (null, a number > 0, or a list of one number "
    "> 0 per class, default None)"
)


@pytest.mark.parametrize("name", ["CE", "Cross-Entropy", "SparseCategoricalCrossentropy"])
def test_names_resolve_in_any_spelling(draft, name: str) -> None:
    loaded = draft(losses=name).checked()
    assert [entry.name for entry in loaded.losses] == ["cross_entropy"]


def test_one_entry_stands_for_a_list_of_one(draft) -> None:
    one, many = draft(losses="{name: focal, gamma: 1}"), draft(losses="[{name: focal, gamma: 1}]")
    assert one.checked() == many.checked()
    assert one.experiment.losses[0].where == "x.yaml:3:9: losses"
    assert many.experiment.losses[0].where == "x.yaml:3:10: losses[0]"


def test_values_are_complete_and_typed(draft) -> None:
    losses = draft(losses="[{name: focal, gamma: 1, alpha: [1, 2]}]").checked().losses
    assert losses[0].params == {"gamma": 1.0, "alpha": (1.0, 2.0)}
    assert isinstance(losses[0].params["gamma"], float)


def test_a_grid_expands_to_the_product_in_order(draft) -> None:
    text = "[mse, {name: focal, gamma: {grid: [0, 1]}, alpha: {grid: [null, 3, [1, 2]]}}]"
    losses = draft(losses=text).checked().losses
    assert [(e.name, e.params.get("gamma"), e.params.get("alpha")) for e in losses] == [
        ("mse", None, None),
        ("focal", 0.0, None),
        ("focal", 0.0, 3.0),
        ("focal", 0.0, (1.0, 2.0)),
        ("focal", 1.0, None),
        ("focal", 1.0, 3.0),
        ("focal", 1.0, (1.0, 2.0)),
    ]


def test_labels_of_a_grid_show_what_varies(draft) -> None:
    text = "{name: focal, gamma: {grid: [0, 1.5]}, alpha: {grid: [2]}, label: F}"
    losses = draft(losses=text).checked().losses
    assert [entry.label for entry in losses] == ["F[gamma=0]", "F[gamma=1.5]"]
    assert [entry.display(LOSSES) for entry in losses] == ["F[gamma=0]", "F[gamma=1.5]"]


def test_a_grid_works_in_every_list(draft) -> None:
    loaded = draft(
        dataset="{name: synthetic_regression, noise: {grid: [0, 1]}}",
        optimizer="[{name: adam, learning_rate: {grid: [1e-3, 1e-2]}}, sgd]",
    ).checked()
    assert [entry.params["noise"] for entry in loaded.datasets] == [0.0, 1.0]
    assert [entry.display(OPTIMIZERS) for entry in loaded.optimizers] == [
        "adam",
        "adam[learning_rate=0.01]",
        "sgd",
    ]


def test_damage_is_an_axis_and_shows_in_the_name(draft) -> None:
    noise = "{grid: [null, {type: pair, rate: 0.2}, {type: symmetric, rate: 1, validation: clean}]}"
    rows = "[1, 0, 0], [0, 1, 0], [0.25, 0.25, 0.5]"
    loaded = draft(
        dataset=f"[{{name: mnist_mini, label_noise: {noise}}}, {{name: synthetic_ordinal, "
        f"label_noise: {{type: matrix, matrix: [{rows}]}}}}]"
    ).checked()
    names = [entry.display(DATASETS) for entry in loaded.datasets]
    assert names[:3] == [
        "mnist_mini",
        "mnist_mini[label_noise={type=pair,rate=0.2}]",
        "mnist_mini[label_noise={type=symmetric,rate=1,validation=clean}]",
    ]
    assert names[3].startswith("synthetic_ordinal[label_noise={type=matrix,matrix=[[1,0,0],")
    assert len(names[3]) <= len("synthetic_ordinal[label_noise=]") + 60


def test_paths_start_from_the_folder_of_the_file(draft, folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))
    loaded = draft(
        dataset="[{name: npz, path: data/../a.npz}, {name: npz, path: ~/b.npz}, "
        "{name: npz, path: /c.npz}, mnist]"
    ).checked()
    paths = [entry.params.get("path") for entry in loaded.datasets]
    assert paths == [str(folder / "a.npz"), str(folder / "home" / "b.npz"), "/c.npz", None]
    assert loaded.datasets[3].params["data_dir"] is None


def test_custom_losses(draft, folder: Path) -> None:
    (folder / "my.py").write_text("def tilted(labels, outputs, *, under, over=1): ...\n")
    text = (
        "[{name: custom, target: 'my.py:tilted', params: {under: {grid: [1, 2.5]}, over: 3}},"
        " {name: custom, target: 'my.py:tilted', params: {under: 2}, label: L}]"
    )
    losses = draft(losses=text).checked().losses
    assert [entry.params["params"] for entry in losses] == [
        {"under": 1, "over": 3},
        {"under": 2.5, "over": 3},
        {"under": 2},
    ]
    assert {entry.params["target"] for entry in losses} == {f"{folder / 'my.py'}:tilted"}
    assert [entry.display(LOSSES) for entry in losses] == [
        "tilted[under=1,over=3]",
        "tilted[under=2.5,over=3]",
        "L",
    ]


def test_custom_networks(draft, folder: Path) -> None:
    (folder / "net.py").write_text("def build(image_shape, outputs, width): ...\n")
    text = "{name: custom, target: 'net.py:build', params: {width: {grid: [4, 8]}}, dropout: 0.5}"
    models = draft(model=text).checked().models
    assert {entry.params["target"] for entry in models} == {f"{folder / 'net.py'}:build"}
    assert [entry.display(MODELS) for entry in models] == [
        "build[width=4,dropout=0.5]",
        "build[width=8,dropout=0.5]",
    ]


def test_messages_about_custom_networks(problems, folder: Path) -> None:
    (folder / "net.py").write_text("def build(image_shape, outputs, width): ...\n")
    for text, says in (
        ("{name: custom}", "2:8: model: model 'custom' needs 'target' ('file.py:name'"),
        ("{name: custom, target: 'nett.py:build'}", "no such file 'nett.py' beside the experiment"),
        ("{name: custom, target: 'net.py:biuld'}", "no function or class 'biuld' at the top level"),
        ("{name: custom, target: 'net.py:build'}", "build needs 'width', which has no default"),
    ):
        (found,) = problems(model=text)
        assert says in found


def test_a_label_of_a_grid_inside_params(draft, folder: Path) -> None:
    (folder / "my.py").write_text("def f(labels, outputs, **more): ...\n")
    text = "{name: custom, target: 'my.py:f', params: {task: {grid: [a, b]}}, label: L}"
    labels = [entry.label for entry in draft(losses=text).checked().losses]
    assert labels == ["L[task=a]", "L[task=b]"]


CASES = {
    "unknown name": ("focl", ["3:9: losses: no loss 'focl'; `lossbench list losses` shows all. "
                              "Did you mean 'focal'?"]),
    "unknown name in a mapping": (
        "[{name: xyzw}]",
        ["3:17: losses[0].name: no loss 'xyzw'; `lossbench list losses` shows all"],
    ),
    "ambiguous name": (
        "[hinge]",
        ["3:10: losses[0]: loss 'hinge' has several meanings; write crammer_singer (one output per "
         "class) or binary_hinge (two classes, one output)"],
    ),
    "no name": (
        "[{gamma: 1}]",
        ["3:10: losses[0]: no 'name' is given; the name of a loss, or a mapping of name and "
         "parameters"],
    ),
    "name as key": (
        "[{focal: {gamma: 1}}]",
        ["3:10: losses[0]: no 'name' is given; the name of a loss, or a mapping of name and "
         "parameters. Did you mean {name: focal, ...}?"],
    ),
    "name of another type": (
        "[{name: 5}]",
        ["3:17: losses[0].name: 5 is not allowed; the name of a loss, or a mapping of name and "
         "parameters"],
    ),
    "entry of another type": (
        "[1.5, null, [mse]]",
        [f"3:{column}: losses[{i}]: {value} is not allowed; the name of a loss, or a mapping of "
         "name and parameters" for column, i, value in
         ((10, 0, "1.5"), (15, 1, "None"), (21, 2, "['mse']"))],
    ),
    "empty list": (
        "[]",
        ["3:9: losses: an empty list; the name of a loss, or a mapping of name and parameters, or "
         "a list of them"],
    ),
    "unknown parameter": (
        "[mse, {name: focal, gama: 2.0}]",
        [f"3:29: losses[1].gama: loss 'focal' has no parameter 'gama'; {FOCAL_TAKES}. "
         "Did you mean 'gamma'?"],
    ),
    "parameter of a row without any": (
        "[{name: mse, delta: 1}]",
        ["3:22: losses[0].delta: loss 'mse' has no parameter 'delta'; it takes none"],
    ),
    "misspelt label": (
        "[{name: mse, lable: x}]",
        ["3:22: losses[0].lable: loss 'mse' has no parameter 'lable'; it takes none. "
         "Did you mean 'label'?"],
    ),
    "missing parameter": (
        "[{name: custom}]",
        ["3:10: losses[0]: loss 'custom' needs 'target' ('file.py:name', the file relative to "
         "this one, or 'package.module:name')"],
    ),
    "wrong value": (
        "[{name: focal, gamma: -1.0}]",
        ["3:31: losses[0].gamma: -1.0 is not allowed; gamma >= 0"],
    ),
    "wrong values": (
        "[{name: focal, gamma: true, alpha: [1, 'a']}]",
        ["3:31: losses[0].gamma: True is not allowed; gamma >= 0",
         "3:44: losses[0].alpha: [1, 'a'] is not allowed; null, a number > 0, or a list of one "
         "number > 0 per class"],
    ),
    "infinite value": (
        "[{name: huber, delta: .inf}]",
        ["3:31: losses[0].delta: inf is not allowed; delta > 0"],
    ),
    "wrong value and unknown parameter": (
        "[{name: focal, gamma: -1, gama: 2}]",
        ["3:31: losses[0].gamma: -1 is not allowed; gamma >= 0",
         f"3:35: losses[0].gama: loss 'focal' has no parameter 'gama'; {FOCAL_TAKES}. "
         "Did you mean 'gamma'?"],
    ),
    "empty grid": (
        "[{name: focal, gamma: {grid: []}}]",
        ["3:38: losses[0].gamma.grid: [] is not allowed; a list of one or more values"],
    ),
    "grid of one number": (
        "[{name: focal, gamma: {grid: 2}}]",
        ["3:38: losses[0].gamma.grid: 2 is not allowed; a list of one or more values"],
    ),
    "grid with a duplicate": (
        "[{name: focal, gamma: {grid: [1, 2, 1.0]}}]",
        ["3:45: losses[0].gamma.grid[2]: 1.0 is given twice; first as losses[0].gamma.grid[0]"],
    ),
    "grid with a wrong value": (
        "[{name: focal, gamma: {grid: [1, -2]}, alpha: {grid: [null, 1]}}]",
        ["3:42: losses[0].gamma.grid[1]: -2 is not allowed; gamma >= 0"],
    ),
    "grid inside a grid": (
        "[{name: focal, gamma: {grid: [{grid: [1]}]}}]",
        ["3:39: losses[0].gamma.grid[0]: a grid inside a grid; one list of values"],
    ),
    "grid with another key": (
        "[{name: focal, gamma: {grid: [1], step: 2}}]",
        ["3:31: losses[0].gamma: {'grid': [1], 'step': 2} is not allowed; gamma >= 0"],
    ),
    "large grid": (
        f"[{{name: focal, gamma: {{grid: {list(range(40))}}}, alpha: {{grid: "
        f"{list(range(1, 41))}}}}}]",
        ["3:10: losses[0]: grids make 1,600 entries; at most 1,000"],
    ),
    "empty label": (
        "[{name: mse, label: ' '}]",
        ["3:29: losses[0].label: ' ' is not allowed; printable text of 1 to 60 characters"],
    ),
    "label of another type": (
        "[{name: mse, label: 5}]",
        ["3:29: losses[0].label: 5 is not allowed; printable text of 1 to 60 characters"],
    ),
    "unprintable label": (
        r'[{name: mse, label: "a\nb"}]',
        [r"3:29: losses[0].label: 'a\nb' is not allowed; printable text of 1 to 60 characters"],
    ),
    "long label": (
        f"[{{name: mse, label: {'a' * 61}}}]",
        [f"3:29: losses[0].label: '{'a' * 56}... is not allowed; printable text of 1 to 60 "
         "characters"],
    ),
    "label that a grid makes too long": (
        f"[{{name: focal, gamma: {{grid: [1, 2]}}, label: {'a' * 55}}}]",
        [f"3:54: losses[0].label: becomes '{'a' * 55}[gamma={i}]'; at most 60 printable characters "
         "with the values of the grid" for i in (1, 2)],
    ),
    "the same twice": (
        "[mse, {name: L2, label: Mine}]",
        ["3:15: losses[1]: 'Mine' is the same as losses[0]; each stands once"],
    ),
    "the same by a grid": (
        "[{name: focal, gamma: 1}, {name: focal, gamma: {grid: [0, 1]}}]",
        ["3:35: losses[1]: 'focal[gamma=1]' is the same as losses[0]; each stands once"],
    ),
    "the same display name": (
        "[mse, {name: mae, label: mse}]",
        ["3:15: losses[1]: shown as 'mse' like losses[0]; names must differ. Give one of them "
         "another label."],
    ),
    "custom function": (
        "[{name: custom, target: 'my.py:g'}]",
        ["3:33: losses[0].target: no such file 'my.py' beside the experiment file; the path is "
         "relative to it"],
    ),
    "custom parameters of another type": (
        "[{name: custom, target: 5, params: 3}]",
        ["3:33: losses[0].target: 5 is not allowed; 'file.py:name', the file relative to this one, "
         "or 'package.module:name'",
         "3:44: losses[0].params: 3 is not allowed; a mapping of the function's own parameters"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_messages(problems, case: str) -> None:
    losses, expected = CASES[case]
    assert problems(losses=losses) == [f"x.yaml:{text}" for text in expected]


def test_messages_about_arguments_of_a_custom_function(problems, folder: Path) -> None:
    (folder / "my.py").write_text("def f(labels, outputs, *, under, over=1): ...\n")
    text = "[{name: custom, target: 'my.py:f', task: x, params: {ovr: {grid: [1, 2]}}}]"
    assert problems(losses=text) == [
        "x.yaml:3:50: losses[0].task: 'x' is not allowed; null or one of multiclass, binary, "
        "multilabel, regression, segmentation",
        "x.yaml:3:61: losses[0].params: f needs 'under', which has no default; give it beside the "
        "others",
        "x.yaml:3:62: losses[0].params.ovr: f takes no 'ovr' from the file; it takes under, over. "
        "Did you mean 'over'?",
    ]


def test_no_combination_of_a_wrong_call_is_kept(draft, folder: Path) -> None:
    (folder / "my.py").write_text("def f(labels, outputs, *, a, b): ...\n")
    loaded = draft(losses="{name: custom, target: 'my.py:f', params: {a: {grid: [1, 2]}}}")
    assert len(loaded.problems) == 1
    assert loaded.experiment.losses == ()


def test_the_other_tables_speak_of_their_own_kind(problems) -> None:
    assert problems(dataset="npz", model="seedcn", optimizer="5") == [
        "x.yaml:1:10: dataset: data set 'npz' needs 'path' (a .npz file, relative to this one)",
        "x.yaml:2:8: model: no model 'seedcn'; `lossbench list models` shows all. Did you mean "
        "'seed_cnn'?",
        "x.yaml:4:12: optimizer: 5 is not allowed; the name of an optimizer, or a mapping of name "
        "and parameters",
    ]


def test_two_files_of_one_name_need_labels(problems) -> None:
    text = "[{name: npz, path: a/x.npz}, {name: npz, path: b/x.npz}]"
    assert problems(dataset=text) == [
        "x.yaml:1:39: dataset[1]: shown as 'npz[path=x.npz]' like dataset[0]; names must differ. "
        "Give one of them another label."
    ]


def test_valid_entries_are_kept_beside_wrong_ones(draft) -> None:
    loaded = draft(losses="[mse, focl, {name: focal, gamma: {grid: [-1, 1]}}, {name: mae}, mse]")
    assert [e.display(LOSSES) for e in loaded.experiment.losses] == ["mse", "focal[gamma=1]", "mae"]
    assert len(loaded.problems) == 3


def test_damage_that_suits_other_data_says_which(problems):
    text = "dataset: {name: synthetic_regression, label_noise: {type: pair, rate: 0.1}}\n"
    (found,) = problems(text + "model: seed_cnn\nlosses: [mse]\n")
    assert "has no parameter 'label_noise', which is for images that have one class each" in found
    assert "outliers" in found and "whole number" not in found

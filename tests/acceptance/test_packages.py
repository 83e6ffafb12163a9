"""Losses of other installed packages: found by their entry points, or left out with one line."""

import csv
import json
from pathlib import Path

import pytest

ROWS = """
from lossbench.catalog.losses import CLASSIFICATION, Limit, Loss
from lossbench.catalog.table import Parameter

def row(name, **changes):
    usual = dict(
        target="{package}.impl:power",
        params={{"power": Parameter(float, "a number", 2.0, "exponent")}},
        tasks=CLASSIFICATION,
        head="classes",
        decode="margins",
        source="somebody 2024",
    )
    return Loss(name=name, **{{**usual, **changes}})

"""
IMPLEMENTATION = '''
"""Formulas."""
from keras import ops

def power(labels, outputs, *, power):
    """Measure the size of the outputs.

    loss = mean |z|^power
    """
    return ops.mean(ops.abs(outputs) ** power, axis=-1)
'''


@pytest.fixture
def install(lossbench, monkeypatch):
    """Installs a package as pip does: its modules beside a dist-info folder on the path."""
    site = lossbench.cwd / "site"
    lossbench.env["PYTHONPATH"] = f"{site}:{Path(__file__).parents[2]}"

    def run(name: str, rows: str, value: str = "rows:ROWS") -> None:
        package, info = site / name, site / f"{name}-1.0.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_text("")
        (package / "rows.py").write_text(ROWS.format(package=name) + rows)
        (package / "impl.py").write_text(IMPLEMENTATION)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[lossbench.losses]\nmine = {name}.{value}\n")

    return run


def names(lossbench):
    out, err = lossbench("list", "losses", "--json")
    return {row["name"]: row for row in json.loads(out)}, err


@pytest.mark.slow
def test_an_installed_loss_trains_like_any_other(lossbench, install):
    install("lb_powers", "ROWS = [row('outer_power'), row('outer_fourth', aliases=('o4',))]\n")
    rows, err = names(lossbench)
    assert rows["outer_power"]["meaning"] == "Measure the size of the outputs."
    assert not err
    losses = "[cross_entropy, {name: outer_power, power: {grid: [1, 2.0]}}, O4]"
    lossbench.write(
        "e.yaml",
        "dataset: {name: mnist_mini, subset: 64}\nmodel: tiny_cnn\nseeds: 1\n"
        f"losses: {losses}\ntrain: {{epochs: 1, batch_size: 32}}\n",
    )
    lossbench("run", "e.yaml", "-q", "--workers", "1")
    with (lossbench.cwd / "runs" / "e" / "runs.csv").open(newline="") as file:
        status = {row["loss"]: row["status"] for row in csv.DictReader(file)}
    assert status == {
        "cross_entropy": "ok",
        "outer_power[power=1]": "ok",
        "outer_power": "ok",
        "outer_fourth": "ok",
    }
    out, _ = lossbench("schema")
    assert "loss.outer_power" in json.loads(out)["$defs"]


def test_a_single_row_is_enough(lossbench, install):
    install("lb_single", "ROW = row('outer_power')\n", "rows:ROW")
    assert "outer_power" in names(lossbench)[0]


@pytest.mark.parametrize(
    ("rows", "value", "says"),
    [
        ("raise RuntimeError('no idea')\n", "rows:ROWS", "RuntimeError: no idea"),
        ("import sys\nsys.exit(3)\n", "rows:ROWS", "SystemExit: 3"),
        ("", "rows:ROWS", "AttributeError: "),
        ("", "nowhere:ROWS", "ModuleNotFoundError: "),
        ("ROWS = [5]\n", "rows:ROWS", "TypeError: int is no lossbench.catalog.Loss"),
        ("ROWS = 5\n", "rows:ROWS", "TypeError: 'int' object is not iterable"),
        (
            "ROWS = [row('a_loss', target='binary:bce')]\n",
            "rows:ROWS",
            "ValueError: a_loss: target 'binary:bce'; 'package.module:function' is needed",
        ),
        (
            "ROWS = [row('a_loss', params={'label': Parameter(float, 'a number', 1.0)})]\n",
            "rows:ROWS",
            "no parameter can be called 'label'",
        ),
    ],
)
def test_a_broken_package_costs_only_its_own_losses(lossbench, install, rows, value, says):
    install("lb_broken", rows, value)
    install("lb_works", "ROWS = [row('outer_power')]\n")
    found, err = names(lossbench)
    assert "outer_power" in found and "a_loss" not in found
    assert len(err.splitlines()) == 1
    assert "losses of package 'lb_broken' are left out: " in err and says in err


def test_a_name_of_lossbench_cannot_be_taken(lossbench, install):
    install("lb_thief", "ROWS = [row('Focal_Loss'), row('fresh'), row('x_y', aliases=('CE',))]\n")
    found, err = names(lossbench)
    assert found["focal"]["source"].startswith("Lin")
    assert "fresh" in found and "x_y" not in found
    assert "'Focal_Loss' has a name that package 'lossbench' gives: focal" in err
    assert "'x_y' has a name that package 'lossbench' gives: ce" in err
    assert err.count("'lb_thief'") == 2


def test_a_name_of_two_packages_belongs_to_neither(lossbench, install):
    for name in ("lb_one", "lb_two"):
        install(name, f"ROWS = [row('outer_power'), row('only_{name}')]\n")
    found, err = names(lossbench)
    assert {"only_lb_one", "only_lb_two"} <= found.keys() and "outer_power" not in found
    assert "package 'lb_one' are left out: 'outer_power' is a name that package 'lb_two'" in err
    assert "package 'lb_two' are left out: 'outer_power' is a name that package 'lb_one'" in err


def test_packages_are_looked_at_only_when_they_matter(lossbench, install):
    install("lb_loud", "raise RuntimeError('loaded')\n")
    lossbench.write("e.yaml", "dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [ce, focal]\n")
    for arguments in (("--help",), ("validate", "e.yaml")):
        assert lossbench(*arguments)[1] == ""
    _, err = lossbench("validate", "e.yaml", "--set", "losses=[ce, focl]", code=2)
    assert "RuntimeError: loaded" in err and "Did you mean 'focal'?" in err

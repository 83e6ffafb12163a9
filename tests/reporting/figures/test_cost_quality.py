"""Cost and quality: the front, and the levels that stand in it."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lossbench.comparison import compare
from lossbench.comparison.converging import Convergence, ConvergenceRow, JobConvergence, Paired
from lossbench.reporting.figures import (
    Material,
    cost_quality,
    materials,
    pictures_of,
    steps_table,
    targets_table,
)
from lossbench.reporting.figures.catalogue import cost_quality as module
from lossbench.store import read_experiment
from tests.reporting.made_comparisons import baseline, comparison, row

NAN = math.nan
VALUES = {name: {0: 0.9, 1: 0.92, 2: 0.94} for name in ("cross_entropy", "focal")}


def timed(make_runs: Callable[..., Path], **loads: float) -> Material:
    times = {
        "cross_entropy": (10.0, 11.0, 12.0),
        "focal": (20.0, 20.0, 20.0),
        "dice": (5.0, 5.0, 5.0),
    }
    values = {"cross_entropy": 0.90, "focal": 0.95, "dice": 0.80}
    scores = {
        level: [
            {
                "step_ms_median": ms,
                "load_per_cpu": loads.get(level, 0.5),
                "metrics": [_metric(values[level] + 0.01 * seed)],
            }
            for seed, ms in enumerate(own)
        ]
        for level, own in times.items()
    }
    stored = [read_experiment(make_runs(scores))]
    return materials(stored, compare(stored, baseline="cross_entropy"))[0]


def _metric(value: float) -> dict[str, object]:
    return {
        "split": "test", "at": "selected", "metric": "accuracy", "stage": "raw", "value": value,
        "higher_is_better": True, "n_examples": 1000,
    }  # fmt: skip


def test_front_is_what_nothing_else_beats_in_both() -> None:
    assert module.front([1, 2, 3, 4], [0.5, 0.4, 0.7, 0.7], True) == [0, 2]
    assert module.front([1, 2, 3, 4], [0.5, 0.4, 0.7, 0.3], False) == [0, 1, 3]
    assert module.front([2, 1, 1], [0.5, 0.5, 0.6], True) == [2]
    assert module.front([], [], True) == []


def test_steps_have_means_and_intervals(make_runs: Callable[..., Path]) -> None:
    table = steps_table(timed(make_runs)).set_index("level")
    assert table.loc["cross_entropy", "cost"] == pytest.approx(11.0)
    # t(0.975, 2) = 4.302653, sd = 1, n = 3
    half = 4.302653 / math.sqrt(3)
    assert table.loc["cross_entropy", "cost_high"] == pytest.approx(11 + half, rel=1e-6)
    assert table.loc["focal", "mean"] == pytest.approx(96.0)
    assert table.loc["focal", "mean_low"] == pytest.approx(96.0 - half, rel=1e-6)
    assert table["front"].all()


def test_a_level_trained_on_a_busy_machine_is_left_out(make_runs: Callable[..., Path]) -> None:
    material = timed(make_runs, focal=9.0)
    assert set(steps_table(material)["level"]) == {"cross_entropy", "dice"}
    pictures = [one for one in pictures_of(material) if one.name == "cost-quality"]
    assert [one.variant for one in pictures] == ["by time of a step"]
    assert "Left out: 1," in pictures[0].caption


def test_nothing_is_drawn_of_unknown_times() -> None:
    made = comparison(row("focal", "BETTER", 0.1, 0.2), baseline(), values=VALUES)
    assert not [one for one in pictures_of(materials([], [made])[0]) if one.name == "cost-quality"]


def test_seconds_to_target_have_quartiles_of_runs() -> None:
    names = ("cross_entropy", "focal", "dice")
    seconds = {
        "cross_entropy": (4.0, 5.0, 9.0),
        "focal": (1.0, 2.0, math.inf),
        "dice": (math.inf,) * 3,
    }
    convergence = Convergence(
        "accuracy", 0.9, False, False,
        tuple(converged(name, sorted(seconds[name])[1]) for name in names),
        tuple(job(name, at, one) for name in names for at, one in enumerate(seconds[name])),
    )  # fmt: skip
    made = comparison(
        row("focal", "BETTER", 0.1, 0.2), baseline(), row("dice", "WORSE", 0.1, 0.2),
        values=VALUES | {"dice": {0: 0.5}}, convergence=convergence,
    )  # fmt: skip
    table = targets_table(made).set_index("level")
    assert list(table.index) == ["cross_entropy", "focal"]
    assert table.loc["cross_entropy", ["cost", "cost_low", "cost_high"]].tolist() == [5, 4, 9]
    assert table.loc["focal", "cost"] == 2
    assert math.isnan(table.loc["focal", "cost_high"])
    picture = next(
        one for one in pictures_of(materials([], [made])[0]) if one.name == "cost-quality"
    )
    assert picture.variant == "by seconds to target"
    assert "Left out: 1, of which fewer than half" in picture.caption
    assert targets_table(replace(made, convergence=None)).empty


def converged(level: str, seconds: float) -> ConvergenceRow:
    known = (1.0, 0.9, Paired(), 0.0, 1.0, 0.1, Paired(), 1.0)
    return ConvergenceRow(level, 3, 3, 1.0, seconds, *known)


def job(level: str, seed: int, seconds: float) -> JobConvergence:
    return JobConvergence(
        f"{level}-{seed}", level, seed, 1.0, seconds, 1.0, 0.9, 0.9, 0.0, 1.0, 0.1, 1.0, None
    )


def test_own_table_is_drawn_with_its_front() -> None:
    table = pd.DataFrame({"level": list("abc"), "cost": [1, 2, 3], "mean": [0.5, 0.4, 0.7]})
    axes = cost_quality(table, baseline="a").axes[0]
    step = axes.lines[0]
    assert step.get_drawstyle() == "steps-post"
    assert list(step.get_xdata()) == [1, 3, 3]
    names = [text.get_text() for text in axes.get_legend().texts]
    assert names == ["front", "a", "c", "b"]


def test_of_many_levels_eight_are_named() -> None:
    table = pd.DataFrame(
        {"level": [f"l{i}" for i in range(40)], "cost": range(1, 41), "mean": [1.0] * 39 + [2.0]}
    )
    axes = cost_quality(table).axes[0]
    assert len(axes.get_legend().texts) == 9
    assert axes.get_legend().texts[1].get_text() == "l0"


def test_usual_intervals_are_inside_the_axis_and_far_levels_are_not() -> None:
    means = [1.0, 1.1, 1.2, 1.3, -90.0]
    table = pd.DataFrame(
        {
            "level": list("abcde"),
            "cost": [1, 2, 3, 4, 5],
            "mean": means,
            "mean_low": [mean - 2 for mean in means],
            "mean_high": [mean + 2 for mean in means],
        }
    )
    axes = cost_quality(table).axes[0]
    low, high = axes.get_ylim()
    assert -2 < low < -1
    assert 3.3 < high < 4
    assert [text.get_text() for text in axes.texts] == ["beyond the axis: -90"]

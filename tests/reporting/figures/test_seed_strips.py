"""Seed strips: every run, and those that failed."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossbench.comparison import compare
from lossbench.reporting.figures import Material, materials, seed_strips, seed_strips_table
from lossbench.reporting.figures.catalogue import pictures_of
from lossbench.store import read_experiment

NAN = math.nan


def material_of(folder: Path) -> Material:
    stored = [read_experiment(folder)]
    return materials(stored, compare(stored, baseline="cross_entropy"))[0]


@pytest.fixture
def material(make_runs: Callable[..., Path]) -> Material:
    scores = {
        "cross_entropy": [0.90, 0.92, 0.91],
        "focal": [0.93, NAN, 0.94],
        "dice": [0.8, None, 0.82],
    }
    return material_of(make_runs(scores))


def frame(**levels: Any) -> pd.DataFrame:
    rows = [(name, seed, value) for name, own in levels.items() for seed, value in enumerate(own)]
    return pd.DataFrame(rows, columns=["level", "seed", "value"])


def test_table_has_every_run_that_ended(material: Material) -> None:
    table = seed_strips_table(material)
    assert len(table) == 8  # one of dice's runs has not
    focal = table[table["level"] == "focal"]
    assert focal["value"].tolist() == pytest.approx([93.0, NAN, 94.0], nan_ok=True)
    assert focal["failed"].tolist() == [False, True, False]


def test_caption_counts_what_failed_and_what_is_missing(material: Material) -> None:
    picture = next(one for one in pictures_of(material) if one.name == "seed-strips")
    assert "n = 8 over 3 seeds" in picture.caption
    assert "1 failed run," in picture.caption
    assert "1 planned run not finished" in picture.caption
    assert "focal: 2 runs from 93" in picture.description


def test_one_seed_is_joined_between_levels_and_broken_at_failures() -> None:
    axes = seed_strips(frame(a=[1.0, 2.0], b=[3.0, NAN], c=[2.0, 2.5])).axes[0]
    joined = [line for line in axes.lines if line.get_linewidth() == 0.7]
    first, second = (list(line.get_ydata()) for line in joined)
    assert first == [1.0, 3.0, 2.0]
    assert second == pytest.approx([2.0, NAN, 2.5], nan_ok=True)
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[1]]
    assert crosses[0].get_ydata()[0] < 1.0
    assert "failed" in [text.get_text() for text in axes.texts]


def test_bars_are_means_and_delta_has_its_length() -> None:
    axes = seed_strips(frame(a=[1.0, 2.0], b=[3.0, 4.0]), delta=0.5, optimum=3.5).axes[0]
    bars = [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 2.5]
    assert bars == [1.5, 3.5]
    scale = next(line for line in axes.lines if line.get_marker() == "_")
    assert np.ptp(scale.get_ydata()) == pytest.approx(0.5)
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["best possible", "delta 0.5"]


def test_many_levels_stand_in_rows() -> None:
    levels = {f"level {i}": [1.0 + 0.1 * i, 2.0] for i in range(40)}
    figure = seed_strips(frame(**levels))
    axes = figure.axes[0]
    assert len(axes.get_yticklabels()) == 40
    assert axes.get_yticklabels()[0].get_text() == "level 0"
    assert figure.get_size_inches()[1] > 10


def test_a_far_run_is_a_triangle_with_its_value() -> None:
    axes = seed_strips(frame(a=[90.0, 91.0, 92.0, 91.5], b=[90.5, 91.0, 91.2, 10.0])).axes[0]
    assert axes.get_ylim()[0] > 80
    assert "1× to 10.0" in [text.get_text() for text in axes.texts]
    assert [line.get_marker() for line in axes.lines].count("v") >= 1


def test_many_runs_are_strokes() -> None:
    generator = np.random.default_rng(0)
    levels = {f"level {i}": generator.normal(size=60) for i in range(7)}
    axes = seed_strips(frame(**levels)).axes[0]
    strokes = [line for line in axes.lines if len(line.get_xdata()) == 180]
    assert len(strokes) == 7


def test_only_failed_runs_give_no_picture(make_runs: Callable[..., Path]) -> None:
    material = material_of(make_runs({"cross_entropy": [NAN, NAN], "focal": [NAN, NAN]}))
    assert pictures_of(material) == []

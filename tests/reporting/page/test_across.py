"""Several data sets: the summary's numbers, and each data set's."""

import pytest

from lossbench.comparison import across_datasets, compare
from lossbench.reporting.page.across import across
from lossbench.store import read_experiment
from tests.reporting.made_comparisons import SPECIFIED
from tests.reporting.page.parts import report, tables, text_of

SEEDS = (0.70, 0.72, 0.71, 0.73)


@pytest.fixture
def summed_up(make_runs):
    def make(count, gains):
        """`count` data sets on which losses gain so much, a little more on each next."""
        stored = []
        for i in range(count):
            scores = {"cross_entropy": list(SEEDS)}
            for name, gain in gains.items():
                extra = (0, 0.002, 0.001, 0.003)
                scores[name] = [v + gain + 0.01 * i + e for v, e in zip(SEEDS, extra, strict=True)]
            folder = make_runs(scores, name=f"d{i}", dataset=f"set{i}")
            stored.append(read_experiment(folder))
        return across_datasets(compare(stored))

    return make


def test_one_data_set_alone_has_nothing_to_sum_up():
    assert str(across(report(SPECIFIED))) == ""


def test_means_and_each_data_set(summed_up):
    found = across(report(across=summed_up(2, {"focal": 0.05, "dice": -0.05})))
    mean, each = tables(found)
    assert mean.column("loss") == ["focal", "cross_entropy", "dice"]
    # gains 0.05 and 0.06, and 0.0015 more by the seeds
    assert float(mean.sorted_by("diff")[0]) == pytest.approx(0.0565)
    assert mean.column("diff")[0] == "+5.65"
    assert mean.column("better on") == ["2/2", "–", "0/2"]
    assert "rank" not in mean.columns
    assert each.columns == ["data set", "metric", "focal", "dice"]
    assert [row[0] for row in each.rows] == ["set0", "set1"]
    assert each.rows[0][2].startswith("+5.15 BETTER")
    assert float(each.sorted_by("focal")[1]) == pytest.approx(0.0615)
    assert "across 2 data sets: set0, set1" in text_of(found)


def test_six_data_sets_have_ranks_and_pairs(summed_up):
    found = across(report(across=summed_up(6, {"focal": 0.05, "dice": -0.2})))
    mean, _, pairs = tables(found)
    assert mean.column("rank") == ["1.00", "2.00", "3.00"]
    assert len(pairs.rows) == 3
    assert pairs.rows[0][2:4] == ["6", "0.031"], "2 / 2^6"
    assert "Friedman over 6 data sets" in text_of(found)


def test_names_are_escaped(summed_up):
    found = across(report(across=summed_up(2, {"<script>": 0.05})))
    assert "<script>" in text_of(found) and "<script>" not in str(found)

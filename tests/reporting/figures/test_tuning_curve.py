"""The tuning curve: expected best by number of trials."""

import pytest

from lossbench.reporting.figures import tuning_table
from lossbench.reporting.figures.learning_rates import trials_of
from lossbench.reporting.figures.tuning_curve import pictures
from tests.reporting.figures.made_curves import column, material_of, with_trials


def tried(loss, values):
    return [
        {"loss": loss, "trial": index, "learning_rate": 0.1, "value": "" if v is None else v}
        for index, v in enumerate(values)
    ]


@pytest.fixture
def made(make_runs):
    """Material of runs that were tuned with the given trials."""

    def make(trials):
        runs = {"cross_entropy": [0.9, 0.91], "focal": [0.9, 0.91]}
        return material_of(with_trials(make_runs(runs), trials))

    return make


def test_the_expected_best_is_the_mean_over_all_choices(made):
    table = tuning_table(trials_of(made(tried("focal", [0.6, 0.9, 0.3]))))
    assert column(table, "trials") == [1, 2, 3]
    assert column(table, "expected_best") == pytest.approx([60, (90 + 90 + 60) / 3, 90])


def test_failed_trials_count_as_the_worst_that_worked(made):
    (picture,) = pictures(made(tried("focal", [0.6, None]) + tried("cross_entropy", [0.5, 0.7])))
    own = picture.table[picture.table["level"] == "focal"]
    assert list(own["expected_best"]) == pytest.approx([60, 60])
    assert list(own["failed"]) == [1, 1]
    assert "Failed trials (1) count as the worst" in picture.caption
    assert "n = 2 trials" in picture.caption


def test_the_picture_has_a_line_for_each_loss(made):
    trials = tried("focal", [0.6, 0.9, 0.3]) + tried("cross_entropy", [0.5, 0.7])
    (picture,) = pictures(made(trials))
    assert (picture.name, picture.section) == ("tuning-curve", "tuned")
    assert picture.title == "Expected best by number of trials, track tuned"
    assert "focal 60 after 1, 90 after 3" in picture.description
    (axes,) = picture.draw().axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert list(lines["cross_entropy"].get_ydata()) == pytest.approx([60, 70])
    assert axes.get_ylabel() == "expected best validation accuracy, points"


def test_levels_of_which_all_failed_are_named(made):
    trials = tried("focal", [None, None]) + tried("cross_entropy", [0.5, 0.7])
    (picture,) = pictures(made(trials))
    assert "Left out, as all trials failed: focal." in picture.caption


def test_nothing_without_two_trials(made, make_runs):
    assert list(pictures(made(tried("focal", [0.6])))) == []
    assert list(pictures(made(tried("focal", [None, None])))) == []
    assert list(pictures(material_of(make_runs({"cross_entropy": [0.9], "focal": [0.9]})))) == []

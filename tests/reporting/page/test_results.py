"""The table of the levels: its numbers are the comparison's."""

from dataclasses import replace

import pytest

from lossbench.reporting.page import report_of
from lossbench.reporting.page.results import mean_interval, results
from tests.reporting.made_comparisons import (
    DICE,
    FOCAL,
    LOGIT_ADJUST,
    NAN,
    SPECIFIED,
    baseline,
    comparison,
    many,
    one_seed,
    row,
)
from tests.reporting.page.parts import STRANGE, classed, material, tables, text_of


def test_cells_are_the_numbers_of_the_comparison():
    (found,) = tables(results(material(SPECIFIED)))
    assert found.columns == [
        "loss",
        "mean [95% CI]",
        "diff [95% CI]",
        "p(Holm)",
        "PI",
        "verdict",
        "completed",
        "step time",
        "flags",
    ]
    assert found.rows[0] == [
        "focal",
        "91.43",
        "+0.40 [+0.18, +0.62]",
        "0.010",
        "0.88",
        "BETTER",
        "8/8",
        "+3%",
        "–",
    ]
    assert found.rows[3][1:6] == ["91.03", "–", "–", "–", "baseline"]
    assert found.rows[4][2:] == [
        "-2.08 [-2.34, -1.82]",
        "<0.001",
        "0.00",
        "WORSE > delta",
        "7/8",
        "+9%",
        "FAILURES",
    ]
    assert found.sorted_by("diff") == ["0.0040375", "0.0017", "0.0001625", None, "-0.0208"]
    assert found.sorted_by("verdict") == ["1.0", "8.0", "3.0", "7.0", "6.0"], "best verdict first"
    assert found.caption.endswith("balanced_accuracy on test in points, higher is better")


def test_the_interval_of_a_mean():
    values = {"focal": dict(enumerate((0.90, 0.92, 0.94))), "cross_entropy": {0: 0.9, 1: NAN}}
    one = comparison(replace(FOCAL, mean=0.92), baseline(), values=values)
    # sd 0.02, n 3: t(0.975, 2) = 4.3026527, half 4.3026527 * 0.02 / sqrt(3) = 0.0496828
    assert mean_interval(one.rows[0], one) == pytest.approx((0.8703172, 0.9696828), abs=1e-7)
    overlapping = replace(one, overlap=1.0)  # sqrt(1/3 + 1) instead of sqrt(1/3): twice as wide
    assert mean_interval(one.rows[0], overlapping)[0] == pytest.approx(0.92 - 2 * 0.0496828)
    (found,) = tables(results(material(one)))
    assert found.column("mean") == ["92.00 [87.03, 96.97]", "91.03"], "one seed has no interval"


def test_the_interval_of_a_mean_stays_within_its_bounds():
    values = {"focal": {0: 0.02, 1: 0.5}, "cross_entropy": {0: 0.9, 1: 0.91}}
    one = comparison(FOCAL, baseline(), values=values)
    assert mean_interval(one.rows[0], one) == (0.0, 1.0)
    free = replace(one, bounded=False)
    assert mean_interval(free.rows[0], free)[0] < -2


def test_bold_means_cannot_be_told_from_the_best():
    bold = comparison(replace(FOCAL, bold=True), replace(LOGIT_ADJUST, bold=True), DICE, baseline())
    found = results(material(bold))
    assert tables(found)[0].bold == ["91.43", "91.20"]
    assert "Not distinguishable from the highest mean" in text_of(found)


def test_controls_stand_below():
    control = replace(FOCAL, level="cross_entropy with binary head", head="binary")
    found = tables(results(material(replace(SPECIFIED, controls=(control,)))))
    assert [one.rows[0][0] for one in found] == ["focal", "cross_entropy with binary head"]
    assert found[1].columns == found[0].columns


def test_regret_and_prevalence_where_known():
    known = replace(SPECIFIED, optimum=0.95, prevalence=0.031)
    rows = tuple(replace(one, regret=0.02) for one in known.rows)
    found = results(material(replace(known, rows=rows)))
    assert tables(found)[0].column("regret") == ["2.00"] * 5
    assert "regret: what is missing to 95.00, the best possible on this test set." in text_of(found)
    assert "positives on test: 3.10" in text_of(found)


def test_captions_flags_and_warnings_follow():
    found = results(material(SPECIFIED))
    assert classed(found, "flags") == [
        "FAILURES: some runs failed; the difference is over the seeds that worked"
    ]
    assert classed(found, "warnings")[0].startswith("warning: dice: 1 of 8 runs ended with nan")
    assert "diff: paired by seed against the baseline; positive is better." in text_of(found)
    assert "PI: chance to beat the baseline" in text_of(found)


def test_warnings_have_no_absolute_path(make_runs):
    folder = make_runs({"cross_entropy": [0.9, 0.8], "focal": [0.9, 0.8]})
    (next((folder / "jobs").glob("*focal*1")) / "result.json").write_text("{")
    found = results(report_of([folder], "0.1.0").materials[0])
    assert "warning: made/jobs/made-mnist_mini-focal-1/result.json: is damaged" in text_of(found)
    assert str(folder.parent) not in str(found)


def test_points_have_a_decimal_where_intervals_are_wide():
    wide = comparison(row("focal", "INCONCLUSIVE", 0.031, 0.41, mean=0.63, n=2), baseline())
    (found,) = tables(results(material(wide)))
    assert found.column("mean") == ["63.0", "91.0"]
    assert found.column("diff")[0] == "+3.1 [-37.9, +44.1]"


def test_one_seed_and_no_baseline():
    (found,) = tables(results(material(one_seed())))
    assert found.column("diff") == ["+0.40", "–"]
    alone = comparison(row("focal", "NO_DATA", NAN, NAN), baseline=None)
    (found,) = tables(results(material(alone)))
    assert found.rows[0][2] == "–"


def test_nothing_to_show():
    assert str(results(material(comparison()))) == ""


def test_values_that_are_no_numbers_and_huge_ones():
    strange = comparison(
        row("focal", "NO_DATA", NAN, NAN, mean=NAN, done=0),
        row("mse", "WORSE", -1e12, 1e11, mean=1e12),
        baseline(mean=0.1),
        bounded=False,
    )
    (found,) = tables(results(material(strange)))
    assert found.rows[0][1:3] == ["–", "–"]
    assert found.rows[1][1] == "1e+12"


@pytest.mark.parametrize("name", STRANGE)
def test_names_are_shown_as_they_are(name):
    strange = comparison(replace(FOCAL, level=name), baseline(name), baseline=name)
    (found,) = tables(results(material(strange)))
    assert found.column("loss") == [name, name]


def test_forty_losses_have_forty_rows():
    (found,) = tables(results(material(many(40))))
    assert len(found.rows) == 41

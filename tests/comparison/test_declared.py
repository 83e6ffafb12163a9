"""The declared protocol: what it decides, and what departs from it."""

import json
import math

import pytest
from scipy import stats as scipy_stats

from lossbench import store
from lossbench.errors import StoreError
from lossbench.reporting.terminal import as_text
from tests.comparison.scores import BASE, NEW, check, compare, each, measured, row

SCORES = {"cross_entropy": BASE, "focal": NEW}


def declared_now(folder):
    return store.read_experiment(folder).protocol_sha256


def rewrite(folder, **changes):
    """Change the declared protocol of a folder that has results."""
    path = folder / "experiment.yaml"
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"protocol": about["protocol"] | changes}))


def under(folder, sha256):
    """Let every result of a folder say under which protocol it was made."""
    for path in folder.glob("jobs/*/result.json"):
        result = json.loads(path.read_text())
        path.write_text(json.dumps(result | {"protocol_sha256": sha256}))
    return folder


def test_the_declared_comparison_is_not_exploratory(make_runs):
    protocol = {"metric": "accuracy", "baseline": "cross_entropy", "delta": 0.002}
    folder = make_runs(SCORES, protocol=protocol)
    (found,) = compare(under(folder, declared_now(folder)))
    assert found.exploratory == () and found.flags == ("LR_SHARED",)
    assert found.protocol_sha256 == declared_now(folder)
    assert check(found, "protocol").outcome == "pass"
    assert found.protocol_sha256[:6] in check(found, "protocol").text


def test_the_declared_epoch_is_compared(make_runs):
    scores = {name: [measured(v, last=0.5) for v in BASE] for name in SCORES}
    folder = make_runs(scores, protocol={"at": "last"})
    (found,) = compare(folder)
    assert (found.at, row(found, "focal").mean, found.exploratory) == ("last", 0.5, ())
    (found,) = compare(folder, at="selected")
    assert found.exploratory == (
        "compared at the epoch chosen on validation; declared before the runs is the last epoch.",
    )


def test_what_was_asked_for_instead_is_said(make_runs):
    mcc = {"split": "test", "at": "selected", "stage": "raw", "metric": "mcc", "value": 0.5}
    both = [{"metrics": [*measured(value)["metrics"], mcc]} for value in BASE]
    folder = make_runs(
        {"cross_entropy": both, "focal": both}, protocol={"baseline": "cross_entropy"}
    )
    (found,) = compare(folder, metric="mcc", baseline="focal")
    assert found.exploratory == (
        "judged by mcc; declared before the runs is accuracy.",
        "compared with focal; declared before the runs is cross_entropy.",
    )
    assert "EXPLORATORY" in found.flags and check(found, "protocol").outcome == "warn"
    (found,) = compare(folder, metric="accuracy", baseline="cross_entropy")
    assert found.exploratory == (), "what was declared may be said again"


def test_a_protocol_edited_after_the_results_is_a_failed_check(make_runs):
    folder = make_runs(SCORES, protocol={"delta": 0.002})
    under(folder, declared_now(folder))
    rewrite(folder, delta=0.001)
    (found,) = compare(folder)
    (reason,) = found.exploratory
    assert reason.startswith("16 of 16 runs were made under another protocol (")
    assert "which of them is not recorded" in reason
    assert check(found, "protocol").outcome == "fail" and found.flags[0] == "EXPLORATORY"


def test_runs_of_different_protocols_are_said(make_runs):
    scores = {
        "cross_entropy": each(BASE, protocol_sha256="a" * 64),
        "focal": each(NEW, protocol_sha256="b" * 64),
    }
    (found,) = compare(make_runs(scores))
    assert "the runs were made under 2 different protocols (aaaaaa, bbbbbb)." in found.exploratory


def test_folders_that_declare_different_things_are_named(make_runs):
    one = make_runs({"cross_entropy": BASE}, name="one", protocol={"delta": 0.002})
    two = make_runs({"focal": NEW}, name="two", protocol={"delta": 0.01})
    (found,) = compare(one, two)
    (reason,) = found.exploratory
    assert reason == (
        f"the folders declare different protocol.delta: 0.002 in {one}, 0.01 in {two}; "
        "the first one holds."
    )
    assert found.delta == 0.002 and "EXPLORATORY" in found.flags


def test_tests_of_a_look_share_alpha_and_intervals_do_not(make_runs):
    usual = {"delta": 0.002}
    (once,) = compare(make_runs(SCORES, name="once", protocol=usual))
    looks = usual | {"looks": [8, 16]}
    (looked,) = compare(make_runs(SCORES, name="looks", protocol=looks))
    assert (looked.looks, looked.alpha, looked.alpha_tested) == ((8, 16), 0.05, 0.025)
    mine, other = row(looked, "focal"), row(once, "focal")
    assert (mine.ci_low, mine.ci90_low) == (other.ci_low, other.ci90_low)
    assert (other.verdict, mine.verdict) == ("CLEARLY_BETTER", "BETTER"), "p_beyond is 0.033"
    assert mine.mde > other.mde and mine.n_for_delta > other.n_for_delta
    assert looked.exploratory == () and check(looked, "E14").outcome == "pass"


def test_a_number_of_seeds_that_is_no_look_is_exploratory(make_runs):
    folder = make_runs(SCORES, protocol={"delta": 0.002, "looks": [5, 10]})
    (found,) = compare(folder)
    assert found.exploratory == (
        "results are looked at with 8 seeds; the declared looks are at 5, 10.",
    )
    assert check(found, "E14").outcome == check(found, "protocol").outcome == "fail"


def test_the_usual_delta_is_flagged_and_no_finer_than_one_example(make_runs):
    (found,) = compare(make_runs({name: each(BASE, n_test=50) for name in SCORES}))
    assert found.delta == 0.02 and "DEFAULT_DELTA" in found.flags
    assert check(found, "delta").outcome == "warn"


@pytest.mark.parametrize(("metric", "refused"), [("accuracy", True), ("macro_f1", False)])
def test_a_delta_finer_than_one_test_example_is_refused(make_runs, metric, refused):
    scores = {name: each(BASE, n_test=100) for name in SCORES}
    folder = make_runs(scores, metric=metric, protocol={"delta": 0.002})
    if not refused:
        assert compare(folder)[0].delta == 0.002
        return
    with pytest.raises(StoreError) as refusal:
        compare(folder)
    assert str(refusal.value) == (
        "protocol.delta: 0.002 is less than one test example of mnist_mini, 0.01; accepted is "
        "delta >= 0.01. Declare a larger delta, or null for the usual one."
    )


def test_a_declared_delta_has_the_unit_of_its_metric(make_runs):
    nll = {"split": "test", "at": "selected", "stage": "raw", "metric": "nll", "value": 2.0}
    both = [{"metrics": [*measured(value)["metrics"], nll]} for value in BASE]
    folder = make_runs({"cross_entropy": both, "focal": both}, protocol={"delta": 0.002})
    (found,) = compare(folder, metric="nll")
    assert (found.delta, found.delta_declared) == (pytest.approx(0.02), False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"delta": "small"}, "protocol.delta: 'small'; accepted is a number"),
        ({"delta": -1}, "protocol.delta: -1.0; accepted: null or delta > 0"),
        ({"alpha": 2}, "protocol.alpha: 2.0; accepted: 0 < alpha < 1"),
        ({"at": "best"}, "protocol.at: 'best'; accepted: selected or last"),
        ({"looks": ["5"]}, "protocol.looks: \\['5'\\]; accepted: null or numbers of seeds"),
    ],
)
def test_an_edited_protocol_that_cannot_be_is_refused(make_runs, changes, said):
    folder = make_runs(SCORES)
    rewrite(folder, **changes)
    with pytest.raises(StoreError, match=said):
        compare(folder)


def test_the_baseline_and_the_best_cannot_both_be_asked_for(make_runs):
    with pytest.raises(StoreError, match="Leave out one of --against and --baseline"):
        compare(make_runs(SCORES), against="best", baseline="focal")


def test_tracks_are_compared_each_by_itself(make_runs):
    def named(rows, track):
        folder = make_runs(rows, name=track, tracks=track)
        return folder

    both = named({"cross_entropy": BASE}, "default tuned")
    default, tuned = named({"focal": NEW}, "default"), named({"focal": BASE}, "tuned")
    found = compare(both, default, tuned)
    assert [(one.track, len(one.rows)) for one in found] == [("default", 2), ("tuned", 2)]
    assert [row(one, "focal").diff for one in found] == pytest.approx([0.0040375, 0.0])
    assert all("LR_SHARED" not in one.flags for one in found)
    assert math.isfinite(row(found[0], "focal").p)


def test_an_interval_has_the_level_that_its_name_says_where_there_are_looks(make_runs):
    folder = make_runs({"cross_entropy": BASE, "focal": NEW}, protocol={"looks": [4, 8]})
    (found,) = compare(folder)
    want = scipy_stats.ttest_rel(NEW, BASE).confidence_interval(0.95)
    one = row(found, "focal")
    assert (one.ci_low, one.ci_high) == pytest.approx((want.low, want.high))
    assert found.alpha_tested == 0.025
    text = as_text([found])
    assert f"95% CI {100 * want.low:+.2f} to {100 * want.high:+.2f}" in " ".join(text.split())

"""What tuning spent, whether it was equal, and on which seeds."""

import pytest

from lossbench.errors import StoreError
from tests.comparison.scores import BASE, NEW, check, compare, row, tuning

SCORES = {"cross_entropy": BASE, "focal": NEW}


def tuned(make_runs, rows, name="made"):
    folder = make_runs(SCORES, name=name, tracks="default tuned", protocol={"delta": 0.002})
    return tuning(folder, rows)


def trials(loss, n, track="default tuned", **more):
    return [{"loss": loss, "trial": i, "track": track} | more for i in range(n)]


def test_trials_epochs_and_seconds_stand_in_every_row(make_runs):
    rows = [*trials("cross_entropy", 4), *trials("focal", 4, seconds=2.0)]
    rows[-1] |= {"chosen": "yes", "edge": "yes"}
    default, other = compare(tuned(make_runs, rows))
    assert (default.track, other.track) == ("default", "tuned")
    focal = row(default, "focal")
    assert (focal.trials, focal.tuning_epochs, focal.tuning_seconds) == (4, 12, 8.0)
    assert "LR_EDGE" in focal.flags and "LR_EDGE" not in row(default, "cross_entropy").flags
    assert "LR_SHARED" not in default.flags
    assert check(default, "E05").outcome == "pass"
    assert check(default, "E05").text == "4 trainings of tuning and 12 epochs for each loss."
    assert check(default, "tuning").outcome == "warn" and "focal" in check(default, "tuning").text
    assert check(default, "E06").outcome == "pass"


def test_each_track_counts_its_own_trials(make_runs):
    rows = [
        *trials("cross_entropy", 3),
        *trials("focal", 3, "default"),
        *trials("focal", 5, "tuned"),
    ]
    default, own = compare(tuned(make_runs, rows))
    assert [row(one, "focal").trials for one in (default, own)] == [3, 5]
    assert [check(one, "E05").outcome for one in (default, own)] == ["pass", "fail"]
    assert check(own, "E05").text == (
        "tuning trained unequally often: focal 5 in 15 epochs, cross_entropy 3 in 9 epochs."
    )


@pytest.mark.parametrize(("status", "outcome"), [("ok", "fail"), ("nan", "warn")])
def test_unequal_epochs_fail_unless_trials_ended_early(make_runs, status, outcome):
    rows = [*trials("cross_entropy", 2), *trials("focal", 2)]
    rows[-1] |= {"epochs": 1, "status": status}
    assert check(compare(tuned(make_runs, rows))[0], "E05").outcome == outcome


def test_a_missing_table_of_trials_is_a_failed_check(make_runs):
    (default, _) = compare(tuned(make_runs, []))
    assert check(default, "E05").outcome == "fail"


def test_tuning_on_a_seed_that_is_compared_is_a_failed_check(make_runs):
    rows = [*trials("cross_entropy", 1, seed=3), *trials("focal", 1)]
    line = check(compare(tuned(make_runs, rows))[0], "E06")
    assert (line.outcome, line.text) == (
        "fail",
        "seeds 3 were tuned on and are compared: optimistic.",
    )


def test_a_trial_among_the_runs_is_a_failed_check(make_runs):
    scores = SCORES | {"focal": [*NEW[:7], {"value": 0.9, "phase": "tune"}]}
    line = check(compare(make_runs(scores))[0], "E06")
    assert line.outcome == "fail" and "focal-7 is a trial of tuning" in line.text


def test_trials_of_other_data_do_not_count(make_runs):
    rows = [*trials("cross_entropy", 1), *trials("focal", 1), *trials("focal", 1, dataset="mnist")]
    assert row(compare(tuned(make_runs, rows))[0], "focal").trials == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seconds": "long"}, "seconds of job t is 'long'; accepted is a number"),
        ({"parameters": "{"}, "parameters of job t are '{'; accepted is JSON"),
    ],
)
def test_an_edited_table_of_trials_is_refused(make_runs, change, said):
    rows = [*trials("cross_entropy", 1, **change), *trials("focal", 1)]
    with pytest.raises(StoreError, match=said):
        compare(tuned(make_runs, rows))


def test_without_tuning_the_learning_rate_is_shared(make_runs):
    (found,) = compare(make_runs(SCORES))
    assert "LR_SHARED" in found.flags and check(found, "E05").outcome == "warn"
    assert row(found, "focal").trials == 0 and check(found, "E06") is None
    (alone,) = compare(make_runs({"cross_entropy": BASE}, name="alone"))
    assert "LR_SHARED" not in alone.flags, "one loss alone has no other to share it with"
    scores = {"adam": BASE, "sgd": NEW}
    (optimizers,) = compare(make_runs(scores, name="o", factor="optimizer"))
    assert "LR_SHARED" not in optimizers.flags


def test_test_parts_that_trials_were_trained_on_are_said(make_runs):
    sizes = {"test_resampled": True, "n_test": 200, "n_train": 800, "split": "resample"}
    scores = {loss: [{"value": v, **sizes} for v in values] for loss, values in SCORES.items()}
    folder = make_runs(scores, tracks="default", protocol={"delta": 0.006})
    rows = [*trials("cross_entropy", 2, "default"), *trials("focal", 2, "default")]
    line = check(compare(tuning(folder, rows))[0], "E06")
    assert line.outcome == "warn" and "trained on images that some seeds test" in line.text

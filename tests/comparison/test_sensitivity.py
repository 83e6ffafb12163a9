"""Verdicts at the selected and the last epoch, and the flags of what hangs on them."""

import numpy as np
import pytest

from lossbench.comparison.sensitivity import turns
from tests.comparison.scores import BASE, NEW, check, compare, measured, row


def at_epochs(selected, last, validation):
    triples = zip(selected, last, validation, strict=True)
    return [measured(s, last=z, validation=v) for s, z, v in triples]


def test_a_verdict_that_hangs_on_the_epoch_is_flagged(make_runs):
    worse = np.subtract(BASE, 0.1) + 0.001 * np.arange(8)
    scores = {
        "cross_entropy": at_epochs(BASE, BASE, BASE),
        "focal": at_epochs(NEW, worse, NEW),
        "brier": at_epochs(NEW, NEW, worse),
    }
    folder = make_runs(scores, protocol={"delta": 0.002})
    (found,) = compare(folder)
    focal, brier = row(found, "focal"), row(found, "brier")
    assert (focal.verdict, focal.verdict_last) == ("BETTER", "CLEARLY_WORSE")
    assert "SELECTION_SENSITIVE" in focal.flags and "SELECTION_SENSITIVE" not in brier.flags
    assert brier.verdict_validation == "CLEARLY_WORSE", "said, and no reason for a flag"
    line = check(found, "selection")
    assert line.outcome == "warn"
    assert "the verdict on focal differs" in line.text
    assert "On validation, which is optimistic, brier read differently" in line.text
    (last,) = compare(folder, at="last")
    assert row(last, "focal").verdict == row(last, "focal").verdict_last == "CLEARLY_WORSE"
    assert "SELECTION_SENSITIVE" in row(last, "focal").flags


def test_another_metric_has_no_best_epoch_on_validation(make_runs):
    scores = {name: at_epochs(BASE, BASE, BASE) for name in ("cross_entropy", "focal")}
    folder = make_runs(scores, metric="macro_f1")
    (found,) = compare(folder, metric="accuracy")
    assert row(found, "focal").verdict_last == "EQUIVALENT"
    assert row(found, "focal").verdict_validation == ""


@pytest.mark.parametrize(
    ("selected", "last", "other"),
    [
        ("BETTER", "CLEARLY_BETTER", False),
        ("BETTER", "INCONCLUSIVE", True),
        ("EQUIVALENT", "WORSE", True),
        ("NO_DATA", "WORSE", False),
        ("BETTER", "", False),
    ],
)
def test_only_another_answer_counts(selected, last, other):
    assert turns(selected, last) == other

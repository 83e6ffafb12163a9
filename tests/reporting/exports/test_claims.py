"""Verdicts as sentences for a text."""

from lossbench.reporting.exports.claims import across_claim, claim, claims_text
from lossbench.reporting.page.report import report_of
from tests.reporting.made_comparisons import SPECIFIED, baseline, comparison, row


def test_a_claim_says_all_that_a_reader_needs_in_one_paragraph():
    text = " ".join(claim(SPECIFIED).split())
    assert text.startswith("Test balanced accuracy of cifar10-lt / small-cnn / adam, 30 epochs. ")
    assert "focal is better than cross_entropy: +0.40 points (95% CI +0.18 to +0.62" in text
    assert text.endswith(
        "n = 7 to 8 paired seeds; alpha = 0.05 (Holm over 4 losses); delta = 0.20 points "
        "(declared); protocol 9f3c1e000000 (declared before the runs)."
    )
    assert all(len(line) <= 96 for line in claim(SPECIFIED).splitlines())
    assert "\n\n" not in claim(SPECIFIED)


def test_comparisons_are_apart_by_an_empty_line():
    text = claims_text([SPECIFIED, SPECIFIED])
    assert [part.strip() for part in text.split("\n\n")] == [claim(SPECIFIED)] * 2
    assert text.endswith("\n") and claims_text([]) == ""


def test_what_is_not_as_usual_is_said():
    changed = comparison(
        *(row("mae", "NO_DATA", n=0, done=0), baseline()),
        metric="nll",
        higher_is_better=False,
        bounded=False,
        at="last",
        track="tuned",
        delta_declared=False,
        exploratory=("the metric is nll.",),
        protocol_sha256="ab" * 32,
    )
    text = " ".join(claim(changed).split())
    assert "30 epochs, at the last epoch, tuned track; lower is better, and + means better." in text
    assert "declared before the runs: the metric is nll." in text
    assert "(a default); protocol abababababab (not as declared)." in text
    assert "Holm" not in text, "one loss beside the baseline needs no adjustment"


def test_without_anything_to_compare():
    assert "No verdicts: cross_entropy is the only loss." in " ".join(
        claim(comparison(baseline())).split()
    )
    alone = comparison(row("focal", "NO_DATA", n=0), baseline=None)
    assert "No verdicts: the baseline did not run." in " ".join(claim(alone).split())
    assert "paired seeds" not in claim(comparison(baseline()))


def test_a_summary_over_data_sets_has_a_paragraph(make_runs):
    base = [0.90, 0.91, 0.89, 0.92]
    better = [0.92, 0.935, 0.915, 0.94]
    scores = {"cross_entropy": base, "focal": better, "same": [0.905, 0.905, 0.895, 0.915]}
    folders = [make_runs(scores, name=f"d{i}", dataset=f"d{i}") for i in range(2)]
    report = report_of(folders, "0.1.0")
    (found,) = report.across
    row = next(row for row in found.rows if row.level == "focal")
    text = across_claim(found)
    assert text.startswith(
        "Across 2 data sets (d0, d1), each counting alike, mean difference to cross_entropy in "
        "points (95% CI; p of the summary, Holm over 2 losses): focal +2.25 ("
    )
    assert f"{100 * row.ci_low:+.2f} to {100 * row.ci_high:+.2f}; p < 0.001)" in text
    assert "This speaks of these data sets alone." in text
    every = claims_text([one.comparison for one in report.materials], report.across)
    assert " ".join(every.split("\n\n")[-1].split()) == text

"""Section 3: what was checked of the protocol, and how much the design can tell."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Check, Comparison, Row
from lossbench.reporting.audit import OUTCOMES, audit_summary
from lossbench.reporting.captions import shares_sentence
from lossbench.reporting.columns import WORDS, heading
from lossbench.reporting.figures import Material
from lossbench.reporting.numbers import number, p_value
from lossbench.reporting.page.cells import badge, keyed, there
from lossbench.reporting.page.markup import Markup, bullets, element, joined, table
from lossbench.reporting.sentences import delta_text, level_of_tests, unit_of_table

SIGNS = {"fail": "✗ fail", "warn": "! warn", "pass": "✓ pass"}


def trust(material: Material) -> Markup:
    """Return the audit, what the design detects, and what failed."""
    comparison = material.comparison
    return joined(
        _audit(comparison),
        bullets([*_facts(comparison, material.results)], class_="facts"),
        _design(comparison),
        _choices(comparison),
    )


def _audit(comparison: Comparison) -> Markup:
    """Return all checks: those that did not pass at once, the others behind a click."""
    if not comparison.audit:
        return element("p", "No check of the protocol was made.")
    by_outcome = {
        outcome: [check for check in comparison.audit if check.outcome == outcome]
        for outcome in OUTCOMES
    }
    bad = [*by_outcome["fail"], *by_outcome["warn"]]
    good = by_outcome["pass"]
    summary = f"{len(good)} checks passed" if len(good) != 1 else "1 check passed"
    return joined(
        element("p", f"Audit of the protocol: {audit_summary(comparison)}."),
        _checks(bad, "Checks that did not pass") if bad else "",
        element("details", element("summary", summary), _checks(good, "Checks that passed"))
        if good
        else "",
    )


def _checks(checks: Sequence[Check], caption: str) -> Markup:
    rows = [
        (
            element("span", SIGNS[check.outcome], class_=f"check {check.outcome}"),
            check.code,
            check.text,
        )
        for check in checks
    ]
    columns = ("outcome", "check", "what was found")
    return table(caption, columns, rows, words=columns)


def _facts(comparison: Comparison, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield (
        f"Seeds: {comparison.seeds} planned for each of {len(comparison.rows)} "
        f"{plural(comparison.factor)}; tests at alpha {level_of_tests(comparison):.4g}."
    )
    origin = "declared before the runs" if comparison.delta_declared else "a default"
    yield f"Smallest difference that matters: delta {delta_text(comparison)}, {origin}."
    if shares := shares_sentence(comparison):
        yield shares
    if failures := _failures(comparison):
        yield failures
    if evaluations := _evaluations(results):
        yield evaluations


def _failures(comparison: Comparison) -> str:
    rows = [row for row in (*comparison.rows, *comparison.controls) if row.failed]
    if not rows:
        return "Failures: none."
    found = (_failed(row, comparison) for row in rows)
    return f"Failures: {'; '.join(found)}."


def _failed(row: Row, comparison: Comparison) -> str:
    name = shown(comparison.factor, row.level)
    text = f"{name} in {row.failed} of {row.done + row.failed} runs"
    if not row.failed_alone and not row.baseline_failed_alone:
        return text
    alone = f"{row.failed_alone} alone, the baseline {row.baseline_failed_alone} alone"
    p = "" if math.isnan(row.p_failures) else f", sign test p {p_value(row.p_failures)}"
    return f"{text} ({alone}{p})"


def _evaluations(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how often the runs were evaluated on test."""
    counts = [
        count
        for result in results.values()
        if isinstance(count := result.get("test_eval_count"), int)
    ]
    if not counts:
        return ""
    often = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return f"Evaluations on test: {often} for each of {len(counts)} runs."


def _design(comparison: Comparison) -> Markup:
    """Return what this many pairs detect for each level, and how many would be needed."""
    others = [row for row in comparison.rows if row.verdict != "BASELINE"]
    rows = [row for row in others if math.isfinite(row.mde) or math.isfinite(row.sd)]
    if not rows:
        return joined()
    unit = unit_of_table(comparison)
    cells = [
        (
            shown(comparison.factor, row.level),
            str(row.n),
            there(unit.size(row.sd)),
            there(unit.size(row.mde)),
            _seeds(row),
            there(number(row.corr, 2)),
            there(number(row.pairing_gain, 2)),
        )
        for row in rows
    ]
    keys = keyed([(None, r.n, r.sd, r.mde, _needed(r), r.corr, r.pairing_gain) for r in rows])
    points = f",{unit.word}" if unit.word else ""
    columns = (
        heading("level", comparison),
        "pairs",
        f"sd of differences{points}",
        f"detectable difference{points}",
        f"seeds needed to detect {delta_text(comparison)}",
        "correlation with the baseline",
        "worth of a paired seed",
    )
    caption = (
        "What the design can tell: the difference that it detects with 80% power, given the spread "
        "of the differences, and the seeds that delta takes, at this spread and at its upper bound"
    )
    return table(caption, columns, cells, sortable=True, words=columns[:1], keys=keys)


def _needed(row: Row) -> float:
    if row.n_for_delta is None:
        return math.inf
    return float(row.n_for_delta)


def _seeds(row: Row) -> str:
    low, high = row.n_for_delta, row.n_for_delta_upper
    if low is None:
        return "more than a million" if math.isfinite(row.sd) and row.sd > 0 else there(".")
    if high is None:
        return f"{low:,} or more"
    return f"{low:,}" if high <= low else f"{low:,} to {high:,}"


def _choices(comparison: Comparison) -> Markup:
    """Return the verdicts at other epochs, where any is known."""
    rows = [row for row in comparison.rows if row.verdict_last or row.verdict_validation]
    if not rows:
        return joined()
    cells = [
        (
            shown(comparison.factor, row.level),
            *(
                badge(code) if code in WORDS else there("")
                for code in (row.verdict, row.verdict_last, row.verdict_validation)
            ),
        )
        for row in rows
    ]
    columns = (
        heading("level", comparison),
        "selected epoch" if comparison.at == "selected" else "as compared",
        "last epoch",
        "on validation (optimistic)",
    )
    caption = "Does the choice of the epoch decide? The verdict of each choice"
    return table(caption, columns, cells, words=columns)

"""The audit of the protocol in a few words."""

from lossbench.comparison import Comparison

OUTCOMES = {"fail": "failed", "warn": "warned", "pass": "passed"}
"""Outcomes of a check, worst first, and what checks did that came out so."""


def audit_summary(comparison: Comparison) -> str:
    """Return how many checks failed, warned and passed: "1 warned, 19 passed"."""
    counts = {
        word: sum(check.outcome == outcome for check in comparison.audit)
        for outcome, word in OUTCOMES.items()
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)

"""Section 1: what was asked, which level won, and whether to believe it."""

from collections.abc import Iterator
from typing import Any

from lossbench import stats
from lossbench.catalog.axes import plural, shown, title
from lossbench.comparison import Comparison, Row, fails_often
from lossbench.reporting.audit import audit_summary
from lossbench.reporting.captions import MEANING, alarms, answers
from lossbench.reporting.columns import WORDS
from lossbench.reporting.figures import Material
from lossbench.reporting.header import header
from lossbench.reporting.page.cells import ORDER, badge
from lossbench.reporting.page.markup import Markup, bullets, element, joined
from lossbench.reporting.sentences import others_of

MOST_NAMED = 4
"""Levels that the first line names; of more it tells the number."""

_BETTER = ("CLEARLY_BETTER", "BETTER", "BETTER_NEGLIGIBLE")
_WORSE = ("CLEARLY_WORSE", "WORSE", "WORSE_NEGLIGIBLE")


def answer(material: Material) -> Markup:
    """Return alarms, the answer in one line, the question, and a sentence for each level."""
    comparison = material.comparison
    return joined(
        *(_alarm(what, cases) for what, cases in alarms(comparison)),
        element("p", element("strong", headline(comparison)), class_="headline"),
        element("p", *_counts(comparison), class_="counts"),
        *(element("p", " · ".join(items), class_="question") for items in header(comparison)),
        element("p", *_belief(comparison), class_="belief"),
        bullets(
            [joined(badge(code), " ", text) for code, text in answers(comparison)],
            class_="answers",
        ),
    )


def _alarm(what: str, cases: tuple[str, ...]) -> Markup:
    return element("div", element("p", element("strong", what)), bullets(cases), class_="banner")


def headline(comparison: Comparison) -> str:
    """Return which level won, in one sentence that claims no more than the verdicts."""
    if comparison.baseline is None:
        return "No verdict: the baseline did not run."
    base = shown(comparison.factor, comparison.baseline)
    others = [row for row in comparison.rows if row.verdict != "BASELINE"]
    if not others:
        return f"{base} ran alone: there is nothing to compare it with."
    if all(row.verdict == "NO_DATA" for row in others):
        few = f"fewer than {stats.FEWEST_BLOCKS} seeds in which both worked"
        return f"No {title(comparison.factor)} can be told from {base}: {few}."
    better = [row for row in others if row.verdict in _BETTER]
    if better:
        return _won(better, base, comparison)
    if all(row.verdict in _WORSE for row in others):
        return f"{base} won: {_all_others(others, comparison)} worse."
    shown_better = f"No {title(comparison.factor)} was shown to be better than {base}"
    if all(row.verdict in (*_WORSE, "EQUIVALENT") for row in others):
        return f"{shown_better}: all are equivalent to it or worse."
    return f"{shown_better}, which is no proof that they are equal."


def _won(better: list[Row], base: str, comparison: Comparison) -> str:
    if len(better) > MOST_NAMED:
        count = f"{len(better)} of {others_of(comparison)} {plural(comparison.factor)}"
        return f"{count} are better than {base}."
    names = [_named(row, comparison) for row in better]
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{told} {'is' if len(names) == 1 else 'are'} better than {base}."


def _named(row: Row, comparison: Comparison) -> str:
    """Return a level's name with what limits its being better."""
    limits = []
    if row.verdict == "BETTER_NEGLIGIBLE":
        limits.append("by less than delta")
    if fails_often(row):
        limits.append("when it works")
    name = shown(comparison.factor, row.level)
    return f"{name} ({', '.join(limits)})" if limits else name


def _all_others(rows: list[Row], comparison: Comparison) -> str:
    if len(rows) == 1:
        return f"{shown(comparison.factor, rows[0].level)} is"
    return f"all {len(rows)} other {plural(comparison.factor)} are"


def _counts(comparison: Comparison) -> Iterator[Markup]:
    """Yield how many levels have each verdict."""
    verdicts = [row.verdict for row in comparison.rows]
    for code in ORDER:
        if code != "BASELINE" and code in verdicts:
            yield badge(code, f"{verdicts.count(code)} {WORDS[code]}")
            yield Markup(" ")


def _belief(comparison: Comparison) -> Iterator[Any]:
    """Yield how the checks of the protocol came out, and the flags, worst first."""
    checks = audit_summary(comparison) if comparison.audit else "no check was made"
    yield f"Can it be trusted? Checks of the protocol: {checks}."
    failed = [check.text for check in comparison.audit if check.outcome == "fail"]
    if failed:
        yield f" Failed: {' '.join(failed)}"
    found = {*comparison.flags, *(flag for row in comparison.rows for flag in row.flags)}
    for index, flag in enumerate(flag for flag in MEANING if flag in found):
        yield ", " if index else " Flags: "
        yield element("abbr", flag, title=MEANING[flag])
    if found:
        yield "."

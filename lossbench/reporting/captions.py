"""What stands around the table of a comparison: sentences, flags, captions and banners."""

import math
from collections.abc import Iterable, Sequence

from lossbench import stats
from lossbench.catalog.axes import plural, shown, title
from lossbench.comparison import Comparison, Row, fails_often
from lossbench.reporting.numbers import Unit, p_value
from lossbench.reporting.sentences import (
    delta_text,
    level_of_tests,
    others_of,
    sentence,
    unit_of_row,
)
from lossbench.stats.verdicts import fewest_seeds

MOST_APART = 4
"""Rows of one verdict that get a sentence each; more of them share one."""

LR_SHARED = "Learning rate shared by all {levels}: this compares {levels} at that learning rate."


def listed(comparison: Comparison) -> list[str]:
    """Return the sentences of all rows, worst flags first, for reading below their table.

    Where many rows have the same verdict, one sentence is for all of them, but those that often
    failed.
    """
    return [text for _, text in answers(comparison)]


def answers(comparison: Comparison) -> list[tuple[str, str]]:
    """Return what `listed` does, with the code of the verdict before each sentence."""
    if comparison.baseline is None:
        return []
    rows = [row for row in comparison.rows if row.verdict != "BASELINE"]
    alike = {
        code: [row for row in rows if row.verdict == code and not fails_often(row)]
        for code in (*_TOGETHER, "INCONCLUSIVE", "NO_DATA")
    }
    shared = {code: found for code, found in alike.items() if len(found) > MOST_APART}
    apart = [row for row in rows if row not in shared.get(row.verdict, ())]
    return [
        *(
            (row.verdict, sentence(row, comparison, alone=False))
            for row in sorted(apart, key=_flag_rank)
        ),
        *((code, _together(code, found, comparison)) for code, found in shared.items()),
    ]


_TOGETHER = {
    "CLEARLY_BETTER": "Better than {base} by more than {delta}",
    "BETTER": "Better than {base}, by more than {delta} or less",
    "BETTER_NEGLIGIBLE": "Detectably better than {base}, but by less than {delta}",
    "EQUIVALENT": "Equivalent to {base} within ±{delta}",
    "WORSE_NEGLIGIBLE": "Detectably worse than {base}, but by less than {delta}",
    "WORSE": "Worse than {base}, by more than {delta} or less",
    "CLEARLY_WORSE": "Worse than {base} by more than {delta}",
}


def _together(code: str, rows: Sequence[Row], comparison: Comparison) -> str:
    names = _names(rows, comparison)
    if code == "NO_DATA":
        fewest = stats.FEWEST_BLOCKS
        return f"No verdict on {names}: fewer than {fewest} paired seeds cannot be tested."
    delta = delta_text(comparison)
    if code in _TOGETHER:
        base = shown(comparison.factor, comparison.baseline or "")
        return f"{_TOGETHER[code].format(base=base, delta=delta)}: {names}."
    detected = sorted(row.mde for row in rows if math.isfinite(row.mde))
    if not detected:
        return f"No conclusion about {names}."
    unit = unit_of_row(rows[0], comparison)
    ends = dict.fromkeys(unit.size(value) for value in (detected[0], detected[-1]))
    return (
        f"No conclusion about {names}. This design could detect differences of about "
        f"{' to '.join(ends)}{unit.word}; what matters is {delta}."
    )


def _names(rows: Iterable[Row], comparison: Comparison) -> str:
    return ", ".join(shown(comparison.factor, row.level) for row in rows)


MEANING = {
    "UNMATCHED": "runs were paired that did not start alike",
    "TEST_REUSED": "the test set was evaluated more than once",
    "FAILURES": "some runs failed; the difference is over the seeds that worked",
    "LR_EDGE": "its chosen learning rate lies at the end of the range that was searched",
    "SELECTION_SENSITIVE": "another choice of the epoch gives another verdict",
    "FRAGILE": "the sign-flip test disagrees, or the verdict hangs on one seed",
    "INCOMPLETE": "some runs are not finished",
    "HEAD_DIFFERS": "another output layer than the baseline: this compares loss + head",
    "EXPLORATORY": "not what was declared before the runs",
    "FEW_SEEDS": "too few seeds for the exact sign-flip test to reach alpha",
    "LR_SHARED": "learning rate not tuned, shared by all",
    "DEFAULT_DELTA": "the smallest difference that matters is a default, not declared",
    "IDENTICAL": "all differences are equal",
}
"""What each flag means, worst first."""


def _flag_rank(row: Row) -> int:
    order = list(MEANING)
    return min((order.index(flag) for flag in row.flags if flag in order), default=len(order))


def flag_lines(comparison: Comparison, *, named: bool = True) -> list[str]:
    """Return a line for each flag of the rows and of the whole comparison, worst first.

    Args:
        comparison: what is shown.
        named: whether the lines name the rows; not where the table has a column of flags.
    """
    seen = {
        flag: [other for other in rows if flag in other.flags]
        for rows in (comparison.controls, comparison.rows)
        for row in rows
        for flag in row.flags
    }
    lines = []
    for flag in [*MEANING, *sorted({*seen, *comparison.flags} - MEANING.keys())]:
        meaning = MEANING.get(flag, "unknown to this version") + _detail(flag, comparison)
        if flag in seen:
            names = _names(seen[flag], comparison)
            lines.append(f"* {flag} ({names}): {meaning}" if named else f"{flag}: {meaning}")
        elif flag in comparison.flags and flag not in _HAVE_SENTENCES:
            lines.append(f"{flag}: {meaning}")
    return lines


_HAVE_SENTENCES = ("UNMATCHED", "EXPLORATORY", "LR_SHARED")


def _detail(flag: str, comparison: Comparison) -> str:
    if flag == "FEW_SEEDS":
        return _floor(comparison)
    if flag != "SELECTION_SENSITIVE":
        return ""
    codes = [_other_verdicts(row, comparison) for row in comparison.rows if flag in row.flags]
    return f" ({'; '.join(codes)})"


def _other_verdicts(row: Row, comparison: Comparison) -> str:
    """Return a row's verdicts at other epochs."""
    told = {"the last epoch": row.verdict_last, "validation alone": row.verdict_validation}
    codes = (f"{code} at {where}" for where, code in told.items() if code)
    return f"{shown(comparison.factor, row.level)} {', '.join(codes) or 'elsewhere'}"


def _floor(comparison: Comparison) -> str:
    """Return the smallest p-value of the exact test, and the seeds that it takes."""
    few = [row.n for row in comparison.rows if "FEW_SEEDS" in row.flags and row.n > 0]
    if not few:
        return ""
    fewest = fewest_seeds(max(1, others_of(comparison)), level_of_tests(comparison))
    floor, seeds = p_value(2 * 0.5 ** max(few)), "seed" if max(few) == 1 else "seeds"
    return f": with {max(few)} {seeds} its smallest p-value is {floor}; it takes {fewest} seeds"


def banners(comparison: Comparison) -> list[str]:
    """Return what stands above the numbers because it changes how they are to be read."""
    return [
        line
        for what, cases in alarms(comparison)
        for line in (what, *(f"- {text}" for text in cases))
    ]


def alarms(comparison: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    """Return what `banners` does: what is wrong, and a sentence for each case of it."""
    unmatched = (
        "UNMATCHED: pairs that did not start alike were paired all the same, so that their "
        f"differences are not those of the {title(comparison.factor)} alone:"
    )
    exploratory = "EXPLORATORY: this is not the comparison that was declared before the runs:"
    found = ((unmatched, comparison.unmatched), (exploratory, comparison.exploratory))
    return [(what, cases) for what, cases in found if cases]


def captions(comparison: Comparison) -> list[str]:
    """Return the sentences that say of the whole comparison how to read it."""
    against = "baseline" if comparison.against == "baseline" else f"{_end(comparison)} mean"
    lines = [f"diff: paired by seed against the {against}; positive is better."]
    lines += [text for text in (_unadjusted(comparison), _bold(comparison)) if text]
    if "LR_SHARED" in comparison.flags:
        lines.append(LR_SHARED.format(levels=plural(comparison.factor)))
    return lines


def _end(comparison: Comparison) -> str:
    return "highest" if comparison.higher_is_better else "lowest"


def _unadjusted(comparison: Comparison) -> str:
    """Return why some rows are inconclusive although their interval leaves out 0."""
    rows = [
        row
        for row in comparison.rows
        if row.verdict in ("INCONCLUSIVE", "EQUIVALENT") and (row.ci_low > 0 or row.ci_high < 0)
    ]
    if not rows or others_of(comparison) < 2:
        return ""
    whose = _names(rows, comparison) if len(rows) <= MOST_APART else f"{len(rows)} of them"
    return (
        f"CIs are not adjusted for the {others_of(comparison)} {plural(comparison.factor)}, "
        f"p-values are (Holm): the interval of {whose} leaves out 0 without a difference being "
        "shown."
    )


def _bold(comparison: Comparison) -> str:
    """Return the rows that tables print bold, where the first is not alone."""
    rows = [row for row in comparison.rows if row.bold]
    if len(rows) < 2:
        return ""
    return (
        f"Not distinguishable from the {_end(comparison)} mean, which is picked from the data "
        f"(exploratory, Holm): {_names(rows, comparison)}."
    )


def tells_regret(comparison: Comparison) -> bool:
    """Return whether regrets are known and say more than the means, which is not so at 0."""
    perfect = comparison.optimum == 0 and not comparison.higher_is_better
    return math.isfinite(comparison.optimum) and not perfect


def regret_text(comparison: Comparison, unit: Unit, *, beside: bool) -> str:
    """Return the best possible value, and the regrets where the table has no room for them."""
    best = unit.of(comparison.optimum)
    if beside:
        return f"regret: what is missing to {best}, the best possible on this test set."
    found = (f"{row.level} {unit.of(row.regret)}" for row in comparison.rows)
    return f"regret to {best}, the best possible on this test set: {', '.join(found)}."


def prevalence_text(comparison: Comparison, unit: Unit) -> str:
    """Return what a random order scores where that is known, or nothing."""
    if comparison.prevalence is None:
        return ""
    share = unit.of(comparison.prevalence)
    return f"positives on test: {share}, the average precision of a random order."


def shares_sentence(comparison: Comparison) -> str:
    """Return how much of the variation the levels explain, and how much the seed; or nothing."""
    shares = comparison.shares
    if shares is None or not all(map(math.isfinite, (shares.level, shares.seed, shares.rest))):
        return ""
    return (
        f"{title(comparison.factor).capitalize()} explains {100 * shares.level:.0f}% of the "
        f"variation between runs, seed {100 * shares.seed:.0f}%, rest {100 * shares.rest:.0f}%."
    )

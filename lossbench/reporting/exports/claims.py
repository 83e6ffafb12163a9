"""What comparisons say, as sentences for a paper's text or a commit message."""

import textwrap
from collections.abc import Iterator, Sequence

from lossbench.catalog.axes import plural, shown, title
from lossbench.comparison import Across, AcrossRow, Comparison
from lossbench.reporting.across import SCALE
from lossbench.reporting.captions import banners, listed
from lossbench.reporting.columns import WORDS
from lossbench.reporting.header import title_of
from lossbench.reporting.numbers import decimals_of, interval, number, p_value
from lossbench.reporting.sentences import delta_text, level_of_tests, others_of

WIDTH = 96


def claims_text(comparisons: Sequence[Comparison], across: Sequence[Across] = ()) -> str:
    """Return a paragraph for each comparison and summary, an empty line between two."""
    paragraphs = [*map(claim, comparisons), *(filled(across_claim(one)) for one in across)]
    return "\n".join(f"{text}\n" for text in paragraphs)


def filled(text: str) -> str:
    """Return text as one paragraph of `WIDTH` characters a line; longer words are not broken."""
    return textwrap.fill(
        " ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False
    )


def claim(comparison: Comparison) -> str:
    """Return a comparison's verdicts as one paragraph of plain text.

    What was compared, the sentence of each verdict, then n, alpha, delta and the protocol. Many
    levels of one verdict share a sentence.
    """
    metric = comparison.metric.replace("_", " ")
    way = "" if comparison.higher_is_better else "; lower is better, and + means better"
    track = f", {comparison.track} track" if comparison.track else ""
    at = ", at the last epoch" if comparison.at == "last" else ""
    lead = f"Test {metric} of {title_of(comparison)}{at}{track}{way}."
    parts = [lead, *_told(comparison), footing(comparison)]
    return filled(" ".join(parts))


def across_claim(one: Across) -> str:
    """Return what a summary over data sets says, in one paragraph."""
    halves = [SCALE * (row.ci_high - row.ci_low) / 2 for row in one.rows]
    decimals = decimals_of(halves, 2)
    told = [_level(row, one, decimals) for row in one.rows if row.verdict != "BASELINE"]
    unit = "points" if one.scale == "points" else "percent of the baseline's error"
    many = len(told)
    holm = f", Holm over {many} {plural(one.factor)}" if many > 1 else ""
    sentences = [
        f"Across {len(one.datasets)} data sets ({', '.join(one.datasets)}), each counting alike, "
        f"mean difference to {shown(one.factor, one.baseline)} in {unit} "
        f"({100 * (1 - one.alpha):.4g}% CI; p of the summary{holm}): {'; '.join(told)}.",
        f"Which {title(one.factor)} is best depends on the data set: the verdict on each goes "
        "before this one."
        if one.interaction.large
        else "",
        "This speaks of these data sets alone.",
        *one.warnings,
    ]
    return " ".join(filter(None, sentences))


def _level(row: AcrossRow, one: Across, decimals: int) -> str:
    diff = number(SCALE * row.mean, decimals, signed=True)
    ends = interval(SCALE * row.ci_low, SCALE * row.ci_high, decimals, separator=" to ")
    name = shown(one.factor, row.level)
    if diff == "." or ends == ".":
        return f"{name} {WORDS['NO_DATA']}"
    p = p_value(row.p_holm)
    equals = f"p {p[0]} {p[1:]}" if p[0] == "<" else f"p = {p}"
    return f"{name} {diff} ({ends[1:-1]}; {equals}), {WORDS[row.verdict]}"


def _told(comparison: Comparison) -> Iterator[str]:
    yield from banner_sentences(comparison)
    if comparison.baseline is None:
        yield "No verdicts: the baseline did not run."
    elif not others_of(comparison):
        base = shown(comparison.factor, comparison.baseline)
        yield f"No verdicts: {base} is the only {title(comparison.factor)}."
    else:
        yield from listed(comparison)


def banner_sentences(comparison: Comparison) -> list[str]:
    """Return what changes how numbers are to be read: a sentence with its reasons each."""
    found: list[list[str]] = []
    for line in banners(comparison):
        if line.startswith("- "):
            found[-1].append(line.removeprefix("- ").rstrip("."))
        else:
            found.append([line])
    return [f"{lead} {'; '.join(reasons)}." for lead, *reasons in found]


def footing(comparison: Comparison) -> str:
    """Return what verdicts rest on: n, alpha, its adjustment, delta and the protocol."""
    counts = sorted({row.n for row in comparison.rows if row.verdict != "BASELINE"})
    n = " to ".join(str(count) for count in dict.fromkeys((*counts[:1], *counts[-1:])))
    many = others_of(comparison)
    holm = f" (Holm over {many} {plural(comparison.factor)})" if many > 1 else ""
    declared = "declared" if comparison.delta_declared else "a default"
    hashed = comparison.protocol_sha256[:12]
    state = "not as declared" if comparison.exploratory else "declared before the runs"
    parts = [
        *([f"n = {n} paired seeds"] if counts else []),
        f"alpha = {level_of_tests(comparison):.4g}{holm}",
        f"delta = {delta_text(comparison)} ({declared})",
        *([f"protocol {hashed} ({state})"] if hashed else []),
    ]
    return f"{'; '.join(parts)}."

"""The main table of a comparison for a paper: LaTeX with booktabs."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lossbench.catalog.axes import plural, shown, title, told
from lossbench.comparison import Comparison, Row
from lossbench.reporting.captions import MEANING
from lossbench.reporting.columns import Context, Layout, cell, context_of
from lossbench.reporting.exports.claims import banner_sentences
from lossbench.reporting.exports.tex_text import comment, latex, pieces, unknown_to_latex
from lossbench.reporting.sentences import ci_name, delta_text, level_of_tests, others_of

LONGEST_NAME = 30
"""Characters of a level's name in a table; whole names stand in comments above it."""

VERDICTS: Mapping[str, str] = {
    "NO_DATA": "not testable",
    "BETTER_NEGLIGIBLE": r"better by $<\delta$",
    "WORSE_NEGLIGIBLE": r"worse by $<\delta$",
    "CLEARLY_BETTER": r"better by $>\delta$",
    "CLEARLY_WORSE": r"worse by $>\delta$",
    "BETTER": "better",
    "WORSE": "worse",
    "EQUIVALENT": r"equivalent",
    "INCONCLUSIVE": "inconclusive",
    "BASELINE": "baseline",
}
_NUMBERS = ("mean", "diff", "ci", "n", "p_holm")
_MARKS = "abcdefghijklmnopqrstuvwxyz"
_COMMON = ("EXPLORATORY", "UNMATCHED", "LR_SHARED", "DEFAULT_DELTA")
"""Flags of whole comparisons, which the caption says in its own words."""


def latex_tables(comparisons: Sequence[Comparison], version: str) -> str:
    """Return the tables of several comparisons, one below the other."""
    texts = [
        latex_table(one, version, number if len(comparisons) > 1 else None)
        for number, one in enumerate(comparisons, start=1)
    ]
    return "\n".join(texts)


def latex_table(comparison: Comparison, version: str, number: int | None = None) -> str:
    """Return a `table` of a comparison, which needs `booktabs` and nothing else.

    Args:
        comparison: what is shown.
        version: of lossbench, for a comment.
        number: of the comparison among several, for the label.

    Returns:
        ASCII text. Names of levels are cut after some thirty characters, and what pdflatex cannot
        set stands by its number; both are said in comments.
    """
    context = context_of(comparison, Layout((*_NUMBERS, "verdict"), brief=True))
    marks = _marks(comparison)
    names = _names(comparison)
    body = [_line(row, context, names, marks) for row in comparison.rows]
    if comparison.controls:
        body += [r"\midrule", *(_line(row, context, names, marks) for row in comparison.controls)]
    return "\n".join(
        [
            *_comments(comparison, version),
            r"\begin{table}",
            r"\centering",
            r"\small",
            r"\setlength{\belowcaptionskip}{4pt}",
            r"\setlength{\tabcolsep}{4pt}",
            rf"\caption[{{{_short_caption(comparison)}}}]{{{_caption(comparison, marks)}}}",
            rf"\label{{tab:lossbench{'' if number is None else f'-{number}'}}}",
            r"\begin{tabular}{lrrrrrl}",
            r"\toprule",
            _header(comparison),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _comments(comparison: Comparison, version: str) -> Iterator[str]:
    yield comment(f"Written by lossbench {version}. The preamble needs \\usepackage{{booktabs}}.")
    if comparison.protocol_sha256:
        yield comment(f"Protocol {comparison.protocol_sha256}")
    yield comment("Give the label a name of your own where several exports stand in one document.")
    every = [row.level for row in (*comparison.rows, *comparison.controls)]
    texts = [*every, *comparison.names().values()]
    missing = unknown_to_latex("".join(texts))
    if missing:
        yield comment("Characters that pdflatex has no letter for stand by their numbers:")
        yield from (comment(f"  {name}") for name in missing)
    for level in every:
        if "".join(pieces(level, LONGEST_NAME)) != latex(level):
            yield comment(f"Name that was cut: {level}")


def _names(comparison: Comparison) -> dict[str, str]:
    """Return the names of all levels for LaTeX; those that are alike once cut get numbers."""
    context = context_of(comparison, Layout((), brief=True))
    seen: dict[str, int] = {}
    names = {}
    for row in (*comparison.rows, *comparison.controls):
        text = "".join(pieces(cell("level", row, context), LONGEST_NAME))
        seen[text] = seen.get(text, 0) + 1
        names[row.level] = text if seen[text] == 1 else f"{text} ({seen[text]})"
    return names


def _header(comparison: Comparison) -> str:
    words = (
        latex(title(comparison.factor).capitalize()),
        "Mean",
        "Difference",
        latex(ci_name(comparison)),
        "$n$",
        r"$p_{\mathrm{Holm}}$" if others_of(comparison) > 1 else "$p$",
        "Verdict",
    )
    return " & ".join(words) + r" \\"


def _line(row: Row, context: Context, names: Mapping[str, str], marks: Mapping[str, str]) -> str:
    letters = ",".join(marks[flag] for flag in row.flags if flag in marks)
    verdict = VERDICTS[row.verdict] + (rf"\textsuperscript{{{letters}}}" if letters else "")
    baseline = row.verdict == "BASELINE"
    numbers = [
        "--" if baseline and name != "mean" else _number(cell(name, row, context))
        for name in _NUMBERS
    ]
    name = names[row.level]
    if row.bold:
        name, numbers[0] = rf"\textbf{{{name}}}", rf"\textbf{{{numbers[0]}}}"
    # an empty group: a star or bracket would be read as an argument of the line before
    return "{}" * name.startswith(("[", "*")) + " & ".join((name, *numbers, verdict)) + r" \\"


def _number(text: str) -> str:
    """Return a number as tables show it with signs and powers of ten as mathematics has them."""
    if text == ".":
        return "--"
    text = re.sub(r"e([+-])0*(\d+)", lambda m: _power(m[1] == "-", m[2]), text)
    text = re.sub(r"(?<![\w{])[+-](?=\d)|<", lambda m: f"${m[0]}$", text)
    return f"{{{text}}}" if text.startswith("[") else text


def _power(negative: bool, exponent: str) -> str:
    return rf"$\times 10^{{{'-' if negative else ''}{exponent}}}$"


def _marks(comparison: Comparison) -> dict[str, str]:
    """Return a letter for each flag of a row, in the order of their weight."""
    rows = (*comparison.rows, *comparison.controls)
    seen = {flag for row in rows for flag in row.flags} - set(_COMMON)
    order = [*(flag for flag in MEANING if flag in seen), *sorted(seen - MEANING.keys())]
    return dict(zip(order, _MARKS, strict=False))


def _short_caption(comparison: Comparison) -> str:
    """Return what a list of tables says; captions of several paragraphs would not fit there."""
    metric = comparison.metric.replace("_", " ")
    return f"Test {latex(metric)} by {latex(title(comparison.factor))}: {_where(comparison)}"


def _caption(comparison: Comparison, marks: Mapping[str, str]) -> str:
    """Return what the numbers are: metric, n, interval, correction, delta and protocol."""
    parts = [
        *_what(comparison),
        *_differences(comparison),
        *_how_bold(comparison),
        *(f"{latex(text)}" for text in _warnings(comparison)),
        *(
            rf"\textsuperscript{{{letter}}}\,{latex(MEANING.get(flag, flag))}."
            for flag, letter in marks.items()
        ),
    ]
    if comparison.protocol_sha256:
        declared = "not as declared" if comparison.exploratory else "declared before the runs"
        hashed = comparison.protocol_sha256[:12]
        parts.append(rf"Protocol \texttt{{{latex(hashed)}}}, {declared}.")
    return " ".join(parts)


def _what(comparison: Comparison) -> Iterator[str]:
    metric = comparison.metric.replace("_", " ")
    unit = ", in points," if comparison.bounded else ""
    way = "higher" if comparison.higher_is_better else "lower"
    at = "the epoch chosen on validation" if comparison.at == "selected" else "the last epoch"
    tracks = {
        "default": " (losses with their own parameters as given, shared ones tuned)",
        "tuned": " (losses with their own parameters tuned, too)",
    }
    yield (
        f"Test {latex(metric)}{unit} by {latex(title(comparison.factor))}"
        f"{tracks.get(comparison.track, '')}: {_where(comparison)}, "
        f"{comparison.epochs} epoch{'' if comparison.epochs == 1 else 's'}, at {at}; {way} is "
        "better. Mean: over the seeds that worked."
    )


def _differences(comparison: Comparison) -> Iterator[str]:
    if comparison.baseline is None:
        yield "The baseline did not run, so that nothing is compared."
        return
    if not others_of(comparison):
        return
    base = _short(shown(comparison.factor, comparison.baseline))
    if comparison.against == "best":
        base = f"the best mean, {base}"
    n = _range(row.n for row in comparison.rows if row.verdict != "BASELINE")
    widened = ", widened for test sets that overlap" if comparison.overlap else ""
    yield (
        f"Difference: to {base}, paired by seed ($n = {n}$), positive is better, with the "
        f"{latex(ci_name(comparison))} of the paired $t$-test{widened}, not adjusted for several "
        f"{latex(plural(comparison.factor))}."
    )
    many = others_of(comparison)
    adjusted = (
        f"$p$-values of that test are adjusted over {many} {latex(plural(comparison.factor))} "
        "(Holm). "
        if many > 1
        else ""
    )
    declared = "declared" if comparison.delta_declared else "a default, not declared"
    delta = delta_text(comparison)
    size = (
        rf"the smallest difference that matters is $\delta = {delta.partition(' ')[0]}$"
        f"{delta[len(delta.partition(' ')[0]) :]} ({declared})"
        if math.isfinite(comparison.delta)
        else r"$\delta$ is unknown"
    )
    looks = f" (at each of {len(comparison.looks)} looks)" if comparison.looks else ""
    yield rf"{adjusted}Verdicts: $\alpha = {level_of_tests(comparison):.4g}${looks}; {size}."


def _range(counts: Iterable[int]) -> str:
    found = sorted(set(counts))
    return f"{found[0]}" if len(found) == 1 else rf"{found[0]} \textrm{{ to }} {found[-1]}"


def _how_bold(comparison: Comparison) -> Iterator[str]:
    bold = [row for row in comparison.rows if row.bold]
    if len(bold) > 1:
        yield (
            "Bold: the best mean and what cannot be told from it (Holm, against the best, which is "
            "picked from the data: exploratory)."
        )
    elif bold:
        yield "Bold: the best mean, which all others can be told from (Holm, exploratory)."


def _warnings(comparison: Comparison) -> Iterator[str]:
    yield from banner_sentences(comparison)
    if "LR_SHARED" in comparison.flags:
        yield f"The learning rate was not tuned; all {plural(comparison.factor)} share it."


def _where(comparison: Comparison) -> str:
    return " / ".join(_short(name) for name in told(comparison.names(), comparison.factor))


def _short(text: str) -> str:
    return "".join(pieces(text, 2 * LONGEST_NAME))

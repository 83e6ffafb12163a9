"""The columns that a table of a comparison can have, and which of them fit."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from rich.cells import cell_len

from lossbench.catalog.axes import title
from lossbench.comparison import Comparison, Row
from lossbench.config.wording import did_you_mean
from lossbench.errors import ConfigError, Problem
from lossbench.reporting.numbers import Unit, number, p_value
from lossbench.reporting.sentences import ci_name, delta_text, unit_of_table

WORDS = {
    "NO_DATA": "not testable",
    "BETTER_NEGLIGIBLE": "better < delta",
    "WORSE_NEGLIGIBLE": "worse < delta",
    "CLEARLY_BETTER": "BETTER > delta",
    "CLEARLY_WORSE": "WORSE > delta",
    "BETTER": "BETTER",
    "WORSE": "WORSE",
    "EQUIVALENT": "EQUIVALENT",
    "INCONCLUSIVE": "inconclusive",
    "BASELINE": "baseline",
}


@dataclass(frozen=True)
class Layout:
    """Which columns a table has.

    Attributes:
        names: of the columns, without the first, which names the levels.
        brief: whether verdicts leave out what they would add in parentheses.
    """

    names: tuple[str, ...]
    brief: bool

    @property
    def marked(self) -> bool:
        """Whether an asterisk behind the verdict stands for the flags."""
        return "flags" not in self.names


@dataclass(frozen=True)
class Context:
    """What the cells of a table need to know beside their row."""

    comparison: Comparison
    unit: Unit
    layout: Layout


Cell = Callable[[Row, Context], str]


def context_of(comparison: Comparison, layout: Layout) -> Context:
    """Return the context of a comparison's tables: one precision for all their rows."""
    return Context(comparison, unit_of_table(comparison), layout)


def _of(names: str, form: Callable[[float, Context], str]) -> dict[str, Cell]:
    """Return cells for attributes of a row that are shown alike."""

    def cell(name: str) -> Cell:
        return lambda row, context: form(getattr(row, name), context)

    return {name: cell(name) for name in names.split()}


def _value(value: float, context: Context) -> str:
    return context.unit.of(value)


def _difference(value: float, context: Context) -> str:
    return context.unit.of(value, signed=True)


def _p(value: float, context: Context) -> str:
    return p_value(value)


def _share(value: float, context: Context) -> str:
    return number(value, 2)


def _effect(value: float, context: Context) -> str:
    return number(value, 2, signed=True)


def _percent(value: float, context: Context) -> str:
    return f"{round(100 * value) + 0:+d}%" if math.isfinite(value) else "."


def _interval(low: str, high: str) -> Cell:
    return lambda row, context: context.unit.range(getattr(row, low), getattr(row, high))


def _wins(row: Row, context: Context) -> str:
    return f"{row.wins}/{row.blocks}" if row.blocks and row.verdict != "BASELINE" else "."


def _step(row: Row, context: Context) -> str:
    return "." if row.verdict == "BASELINE" else _percent(row.step_ratio - 1, context)


def _verdict(row: Row, context: Context) -> str:
    mark = "*" if context.layout.marked and row.flags else ""
    word = WORDS[row.verdict]
    if not context.layout.brief:
        word = word.replace(" > ", " by > ").replace(" < ", " by < ")
        if row.verdict == "INCONCLUSIVE" and math.isfinite(row.mde):
            word += f" (mde {context.unit.size(row.mde)})"
        if row.verdict == "EQUIVALENT":
            word += f" (+-{delta_text(context.comparison).partition(' ')[0]})"
    return word + mark


def _level(row: Row, context: Context) -> str:
    """Return a level as the table names it: with its head where a loss has one of its own."""
    known = row.head in (None, "classes", "binary") or " head" in row.level
    return row.level if known else f"{row.level} + {row.head} head"


CELLS: Mapping[str, Cell] = {
    **_of("mean mean_itt regret sd mde", _value),
    **_of("diff ci_low ci_high ci90_low ci90_high crossed_low crossed_high", _difference),
    **_of("p p_holm p_tost p_beyond p_sign_flip p_failures", _p),
    **_of("pi pi_low pi_high completion_low completion_high corr pairing_gain", _share),
    **_of("g_z d_av", _effect),
    **_of("error_reduction", _percent),
    "level": _level,
    "ci": _interval("ci_low", "ci_high"),
    "ci90": _interval("ci90_low", "ci90_high"),
    "wins": _wins,
    "verdict": _verdict,
    "done": lambda row, context: f"{row.done}/{row.planned}",
    "step_ratio": _step,
    "flags": lambda row, context: " ".join(row.flags) or ".",
}
"""What columns show; an attribute of a row that is not here is shown as it is."""

TITLES = {"p_holm": "p(Holm)", "step_ratio": "step", "error_reduction": "less error", "pi": "PI"}
NOTES = {
    "step_ratio": "step: time of a training step beside the baseline's",
    "error_reduction": "less error: share of the baseline's error that is gone",
    "pi": "PI: chance to beat the baseline with a new seed, as observed",
}
"""What some columns are, where they are shown."""

ALIASES = {"loss": "level", "step": "step_ratio", "p(holm)": "p_holm", "completion": "done"}
COLUMNS = (*dict.fromkeys((*(field.name for field in fields(Row)), "ci", "ci90")),)
"""Names that `--columns` and `--sort` accept."""

USUAL = ("mean", "regret", "diff", "ci", "n", "wins", "p_holm", "verdict", "done", "step_ratio")
EXTRA = ("flags", "trials", "error_reduction", "pi")
BRIEF = "verdict in brief"
GIVEN_UP = (
    *("pi", "error_reduction", "trials", BRIEF, "flags", "n", "step_ratio", "regret"),
    *("wins", "p_holm"),
)
"""What a table leaves out until it fits, in this order; sentences and legends below say the rest.
"""


def column_names(option: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that words on the command line name.

    Args:
        option: the option, for the message.
        words: names, or several with commas between them.

    Raises:
        ConfigError: there is no such column.
    """
    found = []
    for word in (part.strip() for text in words for part in text.split(",")):
        name = word.lower().replace("-", "_")
        name = ALIASES.get(name, name)
        if name not in COLUMNS:
            raise ConfigError([Problem(option, _unknown(word, name))])
        found.append(name)
    return tuple(found)


def _unknown(word: str, name: str) -> str:
    return (
        f"there is no column {word!r}; accepted: {', '.join(COLUMNS)}.{did_you_mean(name, COLUMNS)}"
    )


def heading(name: str, comparison: Comparison) -> str:
    """Return what stands above a column."""
    if name in ("ci", "ci90"):
        return ci_name(comparison, times=1 if name == "ci" else 2)
    return title(comparison.factor) if name == "level" else TITLES.get(name, name)


def cell(name: str, row: Row, context: Context) -> str:
    """Return what a column shows of a row; a dot for what does not exist."""
    if name in CELLS:
        return CELLS[name](row, context)
    value = getattr(row, name)
    if value is None or value == "":
        return "."
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if math.isfinite(value) else "."
    return f"{value:,}" if isinstance(value, int) else str(value)


def fitting(comparison: Comparison, width: int, *, regret: bool) -> Layout:
    """Return the columns that fit into a width, as many as do.

    Args:
        comparison: what is shown.
        width: columns of the terminal.
        regret: whether the distance to the best possible value is told.
    """
    names = [name for name in (*USUAL, *EXTRA) if _known(name, comparison, regret)]
    layout = Layout(tuple(names), brief=False)
    for given_up in (None, *GIVEN_UP):
        if given_up in names:
            names.remove(given_up)
        layout = Layout(tuple(names), brief=layout.brief or given_up == BRIEF)
        if needed(comparison, layout, longest=max(16, width // 4)) <= width:
            break
    return layout


def _known(name: str, comparison: Comparison, regret: bool) -> bool:
    """Return whether a column has something to say."""
    rows = [*comparison.rows, *comparison.controls]
    if name == "regret":
        return regret
    if name in ("flags", "trials"):
        return any(getattr(row, name) for row in rows)
    if name in ("step_ratio", "error_reduction", "pi"):
        return any(math.isfinite(getattr(row, name)) for row in rows)
    return True


def needed(comparison: Comparison, layout: Layout, longest: int) -> int:
    """Return the width of a table, where names of levels longer than `longest` are folded."""
    context = context_of(comparison, layout)
    rows = [*comparison.rows, *comparison.controls]

    def width(name: str) -> int:
        texts = [heading(name, comparison), *(cell(name, row, context) for row in rows)]
        return max(map(cell_len, texts))

    return min(width("level"), longest) + sum(1 + width(name) for name in layout.names)


def folded(name: str, width: int) -> str:
    """Return a level's name on several lines that fit, cut after commas and brackets if it can."""
    lines = [""]
    for part in re.split(r"(?<=[,=\[])", name):
        if lines[-1] and cell_len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)

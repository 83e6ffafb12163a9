"""Tuning as text at 80 columns: what is searched, what each loss spent, and what hung on it."""

import json
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from rich.cells import cell_len, set_cell_size

from lossbench import stats
from lossbench.catalog.axes import AXES, told
from lossbench.catalog.metrics import METRICS, metric_row, parted
from lossbench.comparison import Row
from lossbench.config.experiment import Range, Tune
from lossbench.errors import StoreError
from lossbench.reporting.numbers import number
from lossbench.tuning import Budget, Space, Study, budget

WIDTH = 80
MOST_RATES = 12
"""Of more learning rates than that, as random search has, those of a half-decade are one column."""
NAMES = 24
"""Of longer names the end is cut off."""
Tried: TypeAlias = Mapping[str, str]
"""A row of `tuning.csv`."""


def plan_lines(studies: Sequence[Study], tune: Tune, epochs: int) -> list[str]:
    """Return what a search will do and cost, in sentences.

    Args:
        studies: of the losses that are compared with each other, one or more.
        tune: the search.
        epochs: of a whole training.
    """
    cost = budget(studies, tune, epochs)
    shared = {
        name: values for name, values in studies[0].space.items() if _is_shared(name, studies)
    }
    trials = f"{tune.trials} trials" if tune.trials > 1 else "1 trial"
    what = _space_text(shared) if shared else "parameters of their own"
    lines = [f"{tune.search} search, {trials} for each loss: {what}"]
    for study in studies:
        own = {name: v for name, v in study.space.items() if name not in shared}
        if own:
            lines.append(f"{study.key} also {_space_text(own)}, from the same {trials}")
    if len(cost.rungs) > 1:
        steps = ", ".join(f"{_points(rung.points)} x {_epochs(rung.epochs)}" for rung in cost.rungs)
        lines.append(f"successive halving: {steps}")
    lines += [_seeds_text(tune), _cost_text(cost)]
    return lines


def _is_shared(name: str, studies: Sequence[Study]) -> bool:
    first = studies[0].space[name]
    return all(study.space.get(name) == first for study in studies)


def _space_text(space: Space) -> str:
    return "; ".join(f"{name.removeprefix('loss.')} {_values(v)}" for name, v in space.items())


def _values(values: tuple[Any, ...] | Range) -> str:
    if isinstance(values, Range):
        return f"{values.low:g} to {values.high:g}" + (", log" if values.log else "")
    return ", ".join(
        f"{value:g}" if isinstance(value, float) else json.dumps(value).strip('"')
        for value in values
    )


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _seeds_text(tune: Tune) -> str:
    seeds = ", ".join(map(str, tune.seeds))
    lead = f"tuning seed {seeds}" if len(tune.seeds) == 1 else f"tuning seeds {seeds}"
    points, more = tune.confirm
    if not points or not more:
        return lead
    best = "best point" if points == 1 else f"best {points} points"
    return f"{lead}; the {best} again with {more} more"


def _cost_text(cost: Budget) -> str:
    text = f"{cost.trainings} trainings, {_epochs(cost.epochs)} for each loss"
    if not cost.extra_trainings:
        return text
    return (
        f"{text}; {cost.extra_trainings} trainings more for all of them if one is best at an end "
        "of its grid"
    )


def ledger_lines(rows: Sequence[Row]) -> list[str]:
    """Return what tuning spent on each level: trials, epochs, seconds, and whether that is equal.

    Args:
        rows: of a comparison.

    Returns:
        Lines of a table and a sentence; none where nothing was tuned. Seconds may differ, as a loss
        may be slow: what has to be equal are trials and epochs.
    """
    if not any(row.trials for row in rows):
        return []
    names = _padded(["tuning", *(row.level for row in rows)])
    spent = [("trials", "epochs", "seconds"), *map(spent_cells, rows)]
    table = (_line(name, cells, 9) for name, cells in zip(names, spent, strict=True))
    return [*table, *_wrapped(equal_text(rows))]


def spent_cells(row: Row) -> tuple[str, str, str]:
    """Return the trials, epochs and seconds that tuning spent on a level."""
    decimals = 1 if row.tuning_seconds < 100 else 0
    return str(row.trials), str(row.tuning_epochs), f"{row.tuning_seconds:.{decimals}f}"


def equal_text(rows: Sequence[Row]) -> str:
    """Return whether tuning spent equally much on each level, in a sentence."""
    unequal = [
        f"{name} from {min(values)} to {max(values)}"
        for name, values in (
            ("trials", {row.trials for row in rows}),
            ("epochs", {row.tuning_epochs for row in rows}),
        )
        if len(values) > 1
    ]
    if unequal:
        return (
            f"NOT EQUAL: {' and '.join(unequal)}. What was tuned more has an advantage that the "
            "loss does not explain."
        )
    return f"equal: {rows[0].trials} trials and {_epochs(rows[0].tuning_epochs)} each."


def tuning_text(trials: Sequence[Tried], deltas: Mapping[str, float]) -> str:
    """Return how a search went: for each family the curve of tuning and what the rate did.

    Args:
        trials: rows of `tuning.csv`, of any number of experiments.
        deltas: smallest difference that matters, by metric.

    Raises:
        StoreError: a table was changed by hand.
    """
    families: dict[tuple[str, ...], list[Tried]] = {}
    for row in trials:
        check_trial(row)
        family = (*(row[axis] for axis in AXES if axis != "loss"), row["metric"])
        families.setdefault(family, []).append(row)
    if not families:
        return "tuning: none; the experiment has no trials\n"
    parts = []
    for rows in families.values():
        title = " / ".join(told(rows[0], without="loss"))
        lines = [
            *_wrapped(f"tuning of {title}: {rows[0]['metric']} on validation{_unit(rows)}"),
            "",
            *curve_lines(rows),
            "",
            *sensitivity_lines(rows, deltas.get(rows[0]["metric"])),
        ]
        parts.append("\n".join(lines).rstrip() + "\n")
    return "\n".join(parts)


def check_trial(row: Tried) -> None:
    """Raise StoreError where a row of `tuning.csv` cannot be what a search wrote."""
    right: dict[str, Callable[[str], bool]] = {
        "metric": lambda text: parted(text)[1] in METRICS,
        "learning_rate": lambda text: not text or 0 < float(text) < math.inf,
        "value": lambda text: not text or math.isfinite(float(text)),
    }
    for column, is_right in right.items():
        try:
            known = is_right(row[column])
        except ValueError:
            known = False
        if not known:
            raise StoreError(
                f"tuning.csv: trial {row['trial']} of {row['loss']} has {column} {row[column]!r}; "
                "accepted is what 'lossbench run' wrote. Run the experiment again: finished jobs "
                "are kept."
            )


def curve_lines(rows: Sequence[Tried]) -> list[str]:
    """Return the expected best value after 1, 2, 4, ... trials as a table.

    Args:
        rows: of `tuning.csv`, one family.
    """
    values = {name: [*by_point(whole(own)).values()] for name, own in _by_loss(rows).items()}
    n = max(map(len, values.values()))
    counts = _counts(n, (WIDTH - NAMES) // _cell(rows))
    first, *names = _padded(["trials", *values])
    lines = ["expected best after", _line(first, map(str, counts), _cell(rows))]
    for name, own in zip(names, values.values(), strict=True):
        known = [count for count in counts if count <= len(own)]
        curve = stats.expected_best(own, known, higher_is_better=_higher(rows))
        lines.append(_line(name, map(_shown(rows), curve), _cell(rows)))
    failed = {name: sum(map(math.isnan, own)) for name, own in values.items()}
    some = [f"{name} {count} of {len(values[name])}" for name, count in failed.items() if count]
    notes = []
    if some:
        notes.append(f"Failed, counted as the worst that worked: {', '.join(some)}.")
    if any(row["stage"].startswith("rung") for row in rows):
        notes.append("Of successive halving only points that were trained to the end are counted.")
    notes.append(
        "The formula is for random search; of a grid, of tpe and of halving the curve only "
        "describes these trials."
    )
    return [*lines, *(line for note in notes for line in _wrapped(note))]


def _counts(n: int, most: int) -> list[int]:
    """Return 1, 2, 4, ... and n, or 1, 4, 16, ... and n where these are too many."""
    for factor in (2, 4, 8, 16):
        counts = [factor**k for k in range(n.bit_length()) if factor**k <= 0.75 * n]
        if len(counts) < most:
            break
    return [*counts, n]


def sensitivity_lines(rows: Sequence[Tried], delta: float | None) -> list[str]:
    """Return the value of each loss at each learning rate, and how wide its range of good ones is.

    Of several points at one learning rate the best one counts, so that own parameters are tuned at
    each of them.

    Args:
        rows: of `tuning.csv`, one family.
        delta: smallest difference that matters, metric units; None where it is unknown.
    """
    if len({row["learning_rate"] for row in rows}) < 2:
        return ["learning rate: not tuned"]
    column = rate_column(rows)
    values = {name: at_rates(own, column) for name, own in _by_loss(rows).items()}
    names = dict(zip(values, _padded(values), strict=True))
    lines = _rates_table(rows, values, names)
    if delta is None:
        return lines
    unit = f"{delta * _scale(rows):.3g}{' points' if _scale(rows) > 1 else ''}"
    lines += ["", f"within {unit} of its best, a loss is at learning rates over"]
    return lines + [f"{names[name]}  {_width(own, delta, rows)}" for name, own in values.items()]


def _rates_table(
    rows: Sequence[Tried], values: Mapping[str, Mapping[float, float]], names: Mapping[str, str]
) -> list[str]:
    """Return a table of values by loss and rate, in several parts where it is too wide for one."""
    rates = sorted({rate for own in values.values() for rate in own})
    width = cell_len(next(iter(names.values())))
    beside = (WIDTH - width) // _cell(rows)
    binned = len({row["learning_rate"] for row in rows}) > MOST_RATES
    lines = ["best at a learning rate of" + (" about (half-decades)" if binned else "")]
    for at in range(0, len(rates), beside):
        part = rates[at : at + beside]
        lines.append(_line(" " * width, (f"{rate:.2g}" for rate in part), _cell(rows)))
        for name, own in values.items():
            cells = (_shown(rows)(own.get(rate)) for rate in part)
            lines.append(_line(names[name], cells, _cell(rows)))
    return lines


def _width(values: Mapping[float, float], delta: float, rows: Sequence[Tried]) -> str:
    higher = _higher(rows)
    width, open_end = stats.width_in_decades(
        list(values), list(values.values()), delta, higher_is_better=higher
    )
    if math.isnan(width):
        return "none: all failed"
    more = " or more: up to an end of what was tried" if open_end else ""
    return f"{width:.1f} decades{more}"


def rate_column(rows: Sequence[Tried]) -> Callable[[float], float]:
    """Return what puts a learning rate into its column: itself, or of many its half-decade."""
    if len({row["learning_rate"] for row in rows}) <= MOST_RATES:
        return lambda rate: rate
    return lambda rate: float(10 ** (round(2 * math.log10(rate)) / 2))


def at_rates(rows: Sequence[Tried], column: Callable[[float], float]) -> dict[float, float]:
    """Return the best value at each learning rate; NaN where all points failed there."""
    higher = _higher(rows)
    rates = {row["trial"]: column(float(row["learning_rate"])) for row in rows}
    found: dict[float, float] = {}
    for point, value in by_point(whole(rows)).items():
        rate = rates[point]
        old = found.get(rate, math.nan)
        better = math.isnan(old) or (value > old if higher else value < old)
        found[rate] = value if better and not math.isnan(value) else old
    return found


def _by_loss(rows: Sequence[Tried]) -> dict[str, list[Tried]]:
    """Return rows by loss and, where a loss has several, track."""
    tracks: dict[str, set[str]] = {}
    for row in rows:
        tracks.setdefault(row["loss"], set()).add(row["track"])
    found: dict[str, list[Tried]] = {}
    for row in rows:
        name = row["loss"]
        several = len(tracks[name]) > 1
        found.setdefault(f"{name} ({row['track']})" if several else name, []).append(row)
    return found


def whole(rows: Sequence[Tried]) -> list[Tried]:
    """Return trainings of the search to the end: not those that were cut short or confirmed."""
    last = max((row["stage"] for row in rows if row["stage"].startswith("rung")), default="")
    return [row for row in rows if row["stage"] in ("search", "extend", last)]


def by_point(rows: Sequence[Tried]) -> dict[str, float]:
    """Return the mean over the seeds that worked of each point; NaN where none did."""
    found: dict[str, list[float]] = {}
    for row in rows:
        values = found.setdefault(row["trial"], [])
        if row["value"]:
            values.append(float(row["value"]))
    return {
        point: math.fsum(values) / len(values) if values else math.nan
        for point, values in found.items()
    }


def _scale(rows: Sequence[Tried]) -> float:
    return 100.0 if metric_row(rows[0]["metric"]).bounded else 1.0


def _higher(rows: Sequence[Tried]) -> bool:
    return bool(metric_row(rows[0]["metric"]).higher_is_better)


def _unit(rows: Sequence[Tried]) -> str:
    return " in points" if _scale(rows) > 1 else ""


def _shown(rows: Sequence[Tried]) -> Callable[[float | None], str]:
    scale = _scale(rows)

    def text(value: float | None) -> str:
        if value is None:
            return "."
        if math.isnan(value):
            return "failed"
        return number(scale * value, 2) if scale > 1 else f"{value:.4g}"

    return text


def _cell(rows: Sequence[Tried]) -> int:
    """Return the width of a column, a space included: 100.00, or -1.234e-05."""
    return 8 if _scale(rows) > 1 else 11


def _line(name: str, cells: Iterable[str], width: int) -> str:
    return (name + "".join(f"{cell:>{width}}" for cell in cells)).rstrip()


def _padded(names: Iterable[str]) -> list[str]:
    """Return names as wide as the widest one, but none wider than `NAMES`."""
    known = [
        name if cell_len(name) <= NAMES else f"{set_cell_size(name, NAMES - 1)}…" for name in names
    ]
    widest = max(10, *map(cell_len, known))
    return [set_cell_size(name, widest) for name in known]


def _wrapped(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, break_on_hyphens=False)

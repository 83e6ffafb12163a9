"""Section 6: what tuning searched, what it spent on each level, and what it took."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.catalog.axes import AXES, plural, shown
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison, Row
from lossbench.reporting.captions import LR_SHARED
from lossbench.reporting.columns import heading
from lossbench.reporting.figures import Material
from lossbench.reporting.numbers import number
from lossbench.reporting.page.cells import NOTHING, keyed
from lossbench.reporting.page.markup import Markup, element, joined, paragraphs, table
from lossbench.reporting.tuning import equal_text, spent_cells

MOST_VALUES = 12
"""Of more values of a hyperparameter the ends are told."""

Trial = Mapping[str, str]


def tuned(material: Material) -> Markup:
    """Return space, costs and chosen hyperparameters; a sentence where nothing was tuned."""
    comparison = material.comparison
    trials = trials_of(material)
    if not any(row.trials for row in comparison.rows) and not any(trials.values()):
        return _untuned(comparison)
    return joined(
        paragraphs([*_search(trials, comparison)]),
        _spent(comparison),
        element("p", equal_text(comparison.rows)),
        _chosen(trials, comparison),
        _tried(trials, comparison),
    )


def _untuned(comparison: Comparison) -> Markup:
    shared = (
        [LR_SHARED.format(levels=plural(comparison.factor))]
        if "LR_SHARED" in comparison.flags
        else []
    )
    return paragraphs(["Nothing was tuned.", *shared])


def trials_of(material: Material) -> dict[str, list[Trial]]:
    """Return what tuning tried for each level of the comparison, in the order of `tuning.csv`."""
    comparison = material.comparison
    axes = [axis for axis in AXES if axis != comparison.factor]
    names = comparison.names()
    found: dict[str, list[Trial]] = {row.level: [] for row in comparison.rows}
    for one in material.stored:
        for trial in one.trials:
            alike = all(trial[axis] == names[axis] for axis in axes)
            mine = comparison.track in trial["track"].split()
            if alike and mine and trial[comparison.factor] in found:
                found[trial[comparison.factor]].append(trial)
    return found


def _search(trials: Mapping[str, Sequence[Trial]], comparison: Comparison) -> Iterator[str]:
    """Yield what was trained, on which seeds, and what was chosen by."""
    every = [trial for own in trials.values() for trial in own]
    if not every:
        return
    stages = dict.fromkeys(trial["stage"] for trial in every)
    counts = (f"{sum(one['stage'] == name for one in every)} {name}" for name in stages)
    seeds = ", ".join(dict.fromkeys(trial["seed"] for trial in every))
    track = f"Track {comparison.track}: " if comparison.track else ""
    yield (
        f"{track}{len(every)} trainings of tuning ({', '.join(counts)}), on seeds of their own "
        f"({seeds}), judged by {every[0]['metric']} on validation."
    )
    failed = sum(not trial["value"] for trial in every)
    if failed:
        yield f"{failed} of them failed."


def _spent(comparison: Comparison) -> Markup:
    rows = comparison.rows
    return table(
        "What tuning spent on each, confirmations included",
        [heading("level", comparison), "trials", "epochs", "seconds"],
        [(shown(comparison.factor, row.level), *spent_cells(row)) for row in rows],
        sortable=True,
        words=[heading("level", comparison)],
        keys=keyed([(None, row.trials, row.tuning_epochs, row.tuning_seconds) for row in rows]),
    )


def _chosen(trials: Mapping[str, Sequence[Trial]], comparison: Comparison) -> Markup:
    """Return the hyperparameters that were taken, and where they lie in what was searched."""
    cells, keys = [], []
    for row in comparison.rows:
        chosen = [trial for trial in trials.get(row.level, ()) if trial["chosen"] == "yes"]
        value = _mean(chosen)
        cells.append((shown(comparison.factor, row.level), *_choice(row, chosen, value)))
        keys.append((None, None, value, None))
    columns = (
        heading("level", comparison),
        "chosen",
        f"{comparison.metric} on validation{', points' if comparison.bounded else ''}",
        "at an end of the range",
    )
    return table(
        "Chosen hyperparameters; the value is the mean over the tuning seeds, and optimistic",
        columns,
        cells,
        sortable=True,
        words=[columns[0], columns[1], columns[3]],
        keys=keyed(keys),
    )


def _choice(row: Row, chosen: Sequence[Trial], value: float) -> tuple[str, str, str]:
    if not chosen:
        return NOTHING, NOTHING, NOTHING
    points = dict.fromkeys(_point(trial) for trial in chosen)
    edge = "LR_EDGE" in row.flags or any(trial["edge"] == "yes" for trial in chosen)
    told = _value(value, chosen[0]["metric"])
    return "; ".join(points), told, "! yes: widen the range" if edge else "no"


def _point(trial: Trial) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in _parameters(trial).items())


def _parameters(trial: Trial) -> dict[str, Any]:
    """Return a trial's hyperparameters by their own names."""
    found = json.loads(trial["parameters"] or "{}")
    if not found and trial["learning_rate"]:
        found = {"learning_rate": float(trial["learning_rate"])}
    return {name.removeprefix("loss."): value for name, value in found.items()}


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value).strip('"')


def _mean(trials: Sequence[Trial]) -> float:
    values = [float(trial["value"]) for trial in trials if trial["value"]]
    return math.fsum(values) / len(values) if values else math.nan


def _value(value: float, metric: str) -> str:
    if not math.isfinite(value):
        return NOTHING
    return number(100 * value, 2) if metric_row(metric).bounded else f"{value:.4g}"


def _tried(trials: Mapping[str, Sequence[Trial]], comparison: Comparison) -> Markup:
    """Return the values of each hyperparameter that were tried."""
    cells = [
        (shown(comparison.factor, level), name, _values(values))
        for level, own in trials.items()
        for name, values in _by_name(own).items()
    ]
    if not cells:
        return joined()
    columns = (heading("level", comparison), "hyperparameter", "values tried")
    return table("Space: the values that were tried", columns, cells, words=columns)


def _by_name(trials: Sequence[Trial]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for trial in trials:
        for name, value in _parameters(trial).items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    return found


def _values(values: Sequence[Any]) -> str:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    ordered = sorted(values) if numbers else list(values)
    if len(ordered) <= MOST_VALUES:
        return ", ".join(map(_plain, ordered))
    if numbers:
        return f"{_plain(ordered[0])} to {_plain(ordered[-1])}, {len(ordered)} values"
    return f"{', '.join(map(_plain, ordered[:MOST_VALUES]))} and others, {len(ordered)} values"

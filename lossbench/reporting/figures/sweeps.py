"""The noise or imbalance curve: the metric over data sets that differ in one number."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossbench import store
from lossbench.catalog.axes import AXES, plural, shown
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Folders
from lossbench.reporting.columns import WORDS
from lossbench.reporting.figures.dots import LEGEND_CELLS
from lossbench.reporting.figures.measures import means, seeds_text
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    PAPER,
    QUIET,
    Looks,
    emphasised,
    look_of,
    new_figure,
    short_names,
    styled,
)
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

Entry = Mapping[tuple[str, ...], Any]
"""The parameters of a data set, by their path inside its entry."""

UNDAMAGED = {"rate": 0.0, "scale": 0.0, "sigma": 0.0, "ratio": 1.0}
"""What a number of a damage is where there is none."""
BETTER = ("CLEARLY_BETTER", "BETTER", "BETTER_NEGLIGIBLE")
WORSE = ("CLEARLY_WORSE", "WORSE", "WORSE_NEGLIGIBLE")
_FAR, MOST_TICKS = 10.0, 8
FEW = 4
"""Up to so many bands are well seen above each other; more are fainter."""
COLUMNS = ("value", "level", "mean", "ci_low", "ci_high", "n", "diff", "verdict")


@dataclass(frozen=True)
class Sweep:
    """Comparisons on data sets that differ in one number alone.

    Attributes:
        path: of the number, as ("label_noise", "rate").
        points: its values, rising, with the comparison at each.
        beside: what else the damage is, as " (type symmetric)"; or nothing.
    """

    path: tuple[str, ...]
    points: tuple[tuple[float, Comparison], ...]
    beside: str = ""

    @property
    def name(self) -> str:
        """The number in words: "label noise rate"."""
        return " ".join(self.path).replace("_", " ")


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the curves over data sets that differ in one number, with the first of them."""
    alike = [one for one in material.comparisons if _key(one) == _key(material.comparison)]
    if len(alike) < 2:
        return
    entries = [_entry(one, material.folders) for one in alike]
    seen: set[str] = set()
    for sweep in sweeps_of(alike, entries):
        inside = [one for one in alike if any(one is other for _, other in sweep.points)]
        if inside[0] is material.comparison:
            again = sweep.name in seen  # the same number beside other settings
            seen.add(sweep.name)
            yield _picture(sweep, material.looks, f"-{len(seen)}" if again else "")


def _key(one: Comparison) -> tuple[object, ...]:
    names = one.names()
    axes = tuple(names[axis] for axis in AXES if axis not in ("dataset", one.factor))
    return (one.factor, *axes, one.epochs, one.at, one.track, one.metric, one.baseline, one.alpha)


def _entry(one: Comparison, folders: Folders) -> Entry | None:
    """Return the entry of a comparison's data set, as one of its jobs has it."""
    for jobs in one.jobs.values():
        for job in jobs.values():
            if job in folders:
                found = (store.read_job(store.job_folder(folders[job], job)) or {}).get("dataset")
                return flat(found) if isinstance(found, Mapping) else None
    return None


def flat(entry: Mapping[str, Any]) -> Entry:
    """Return an entry with its name and all parameters by their path, those not set left out."""
    found: dict[tuple[str, ...], Any] = {("name",): entry.get("name")}

    def put(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inside in value.items():
                put((*path, str(key)), inside)
        elif value is not None:
            found[path] = value

    put((), entry.get("params") or {})
    return found


def sweeps_of(comparisons: Sequence[Comparison], entries: Sequence[Entry | None]) -> list[Sweep]:
    """Return the sets of comparisons whose data sets differ in one number alone.

    A data set without a damage has its rate as 0 (an imbalance has ratio 1).

    Args:
        comparisons: that are alike in all but the data set.
        entries: of the data set of each, see `flat`; None where unknown.
    """
    known = [pair for pair in zip(comparisons, entries, strict=True) if pair[1] is not None]
    paths = dict.fromkeys(
        path for _, entry in known for path, value in (entry or {}).items() if _is_number(value)
    )
    found = []
    for path in paths:
        groups: dict[tuple[str, str], dict[float, Comparison]] = {}
        for one, entry in known:
            if entry is not None and _is_number(entry.get(path)):
                rest = str(sorted((k, repr(v)) for k, v in entry.items() if k != path))
                group = groups.setdefault((rest, _beside(path, entry)), {})
                group.setdefault(float(entry[path]), one)
        for (_, beside), points in groups.items():
            _add_undamaged(path, points, known)
            if len(points) > 1:
                rising = sorted(points.items(), key=lambda one: one[0])
                found.append(Sweep(path, tuple(rising), beside))
    return found


def _beside(path: tuple[str, ...], entry: Entry) -> str:
    """Return the other settings of the damage that a number belongs to, in words."""
    others = [
        f"{key[-1].replace('_', ' ')} {value}"
        for key, value in entry.items()
        if len(path) > 1 and key[: len(path) - 1] == path[:-1] and key != path
    ]
    return f" ({', '.join(others)})" if others else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _add_undamaged(
    path: tuple[str, ...],
    points: dict[float, Comparison],
    known: Sequence[tuple[Comparison, Entry | None]],
) -> None:
    """Add the comparison whose data set is the same without the damage."""
    value = UNDAMAGED.get(path[-1])
    if len(path) < 2 or value is None:
        return
    entries = {id(one): entry or {} for one, entry in known}
    first = entries[id(next(iter(points.values())))]
    without = {key: value for key, value in first.items() if key[0] != path[0]}
    for one, entry in known:
        if entry == without:
            points.setdefault(value, one)


def _picture(sweep: Sweep, looks: Looks, suffix: str) -> Picture:
    first = sweep.points[0][1]
    table = sweeps_table(sweep.points)
    levels = [row.level for row in sweep.points[-1][1].rows]
    metric = first.metric.replace("_", " ")

    def draw() -> Any:
        return sweeps(
            table,
            looks=looks,
            baseline=first.baseline,
            order=levels,
            labels=(sweep.name, f"{metric} on test" + (", %" if first.bounded else "")),
        )

    title = f"{metric.capitalize()} by {sweep.name}{sweep.beside}"
    return Picture(
        name="sweep-" + "-".join(sweep.path).replace("_", "-") + suffix,
        section="across",
        title=title,
        table=table.rename(columns={"value": sweep.name}),
        draw=draw,
        caption=_caption(sweep, table, len(set(table["level"]))),
        description=_description(sweep, table),
    )


def sweeps_table(points: Sequence[tuple[float, Comparison]]) -> "pd.DataFrame":
    """Return the mean of each level at each value, with its t interval.

    Args:
        points: values with the comparison at each.

    Returns:
        Columns as `COLUMNS`: means in percent where the metric is bounded, the oriented
        difference to the baseline in points, and the verdict of the comparison there.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for value, one in points:
        scale = 100.0 if one.bounded else 1.0
        for row in one.rows:
            of = means(one.values.get(row.level, {}), one.alpha, scale)
            mean = of.pop("value")
            own = {"diff": scale * row.diff, "verdict": WORDS[row.verdict]}
            rows.append({"value": value, "level": row.level, "mean": mean} | of | own)
    return pd.DataFrame(rows, columns=list(COLUMNS))


@styled
def sweeps(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    order: Sequence[str] = (),
    labels: tuple[str, str] = ("", ""),
) -> Any:
    """Draw the mean of each level over the number in which data sets differ, with its band.

    Args:
        table: as `sweeps_table` returns it.
        looks: of the levels.
        baseline: of them.
        order: which levels are drawn in colour first where they are many; all in their order in
            the table otherwise.
        labels: of the axes.

    Returns:
        A matplotlib figure. Markers are filled where the verdict says better or worse than the
        baseline.
    """
    names = list(dict.fromkeys([*order, *table["level"]]))
    styles, texts = look_of(looks, names, baseline), short_names(names, LEGEND_CELLS)
    main = emphasised(names, baseline)
    figure = new_figure(7.2, 3.6)
    axes = figure.add_axes((0.1, 0.14, 0.57, 0.8))
    for name in sorted(names, key=main.__contains__):
        own = table[table["level"] == name].sort_values("value")
        if name in main:
            _curve(axes, own, styles[name], texts[name], name == baseline)
            faint = 0.16 if len(main) <= FEW else 0.06
            ends = own["ci_low"], own["ci_high"]
            axes.fill_between(own["value"], *ends, color=styles[name].colour, alpha=faint, lw=0)
        else:
            axes.plot(own["value"], own["mean"], color=QUIET, lw=0.6)
    _value_axis(axes, sorted(set(table["value"])))
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)
    return figure


def _value_axis(axes: Any, values: list[float]) -> None:
    """Mark the values; on a logarithmic axis where they are ratios that far apart."""
    if values[0] > 0 and values[-1] / values[0] >= _FAR:
        axes.set_xscale("log")
    if len(values) <= MOST_TICKS:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()


def _curve(axes: Any, own: "pd.DataFrame", look: Any, text: str, is_baseline: bool) -> None:
    axes.plot(own["value"], own["mean"], marker=look.marker, ms=6, label=text, **look.line())
    told = {WORDS[code] for code in (*BETTER, *WORSE)}
    open_ = own[~own["verdict"].isin(told)]
    if not is_baseline and len(open_):
        axes.plot(open_["value"], open_["mean"], **look.points(ms=6, mfc=PAPER, zorder=3))


def _caption(sweep: Sweep, table: "pd.DataFrame", levels: int) -> str:
    first = sweep.points[0][1]
    text = (
        f"Mean over n = {seeds_text(list(table['n']))} seeds on the test set, which is left as it "
        f"is; band: pointwise {ci_name(first)} of the mean."
    )
    if first.baseline is not None:
        text += (
            f" Filled marker: the verdict there is better or worse than "
            f"{shown(first.factor, first.baseline)}; open: it is not. Differences are paired, so "
            "bands may overlap."
        )
    most = len(emphasised([str(k) for k in range(levels)], None))
    if levels > most:
        text += f" Thin and grey: the other {plural(first.factor)}, see the table."
    return text


def _description(sweep: Sweep, table: "pd.DataFrame") -> str:
    first = sweep.points[0][1]
    values = [f"{value:g}" for value, _ in sweep.points]
    lead = f"{sweep.name.capitalize()} {', '.join(values)}."
    if first.baseline is None:
        return lead
    told = []
    for level in [row.level for row in sweep.points[-1][1].rows if row.level != first.baseline]:
        from_, better = _pays_from(sweep, level), _better_at(sweep, level)
        if from_ is not None:
            told.append(f"{level} from {from_:g} on")
        elif better:
            told.append(f"{level} at {', '.join(f'{value:g}' for value in better)} alone")
    base = shown(first.factor, first.baseline)
    if not told:
        return f"{lead} Nothing is shown to be better than {base} at any of them."
    return f"{lead} Shown to be better than {base}: {', '.join(told)}."


def _pays_from(sweep: Sweep, level: str) -> float | None:
    """Return the smallest value from which on a level is better at every value; None for none."""
    better, found = _better_at(sweep, level), None
    for value, _ in reversed(sweep.points):
        if value not in better:
            break
        found = value
    return found


def _better_at(sweep: Sweep, level: str) -> list[float]:
    return [
        value
        for value, one in sweep.points
        if any(row.level == level and row.verdict in BETTER for row in one.rows)
    ]

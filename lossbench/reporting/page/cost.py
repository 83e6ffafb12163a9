"""Section 8: what each level costs: time of a step, memory, parameters, training and tuning."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.catalog.axes import shown
from lossbench.comparison import Comparison, Row
from lossbench.reporting.columns import Layout, context_of, heading
from lossbench.reporting.figures import Material
from lossbench.reporting.page.cells import NOTHING, keyed, shown_cell
from lossbench.reporting.page.markup import Markup, joined, paragraphs, table

Result = Mapping[str, Any]

NOT_COMPARED = "Step times are not compared here:"
TIMES = (
    "Step: median time of a training step, mean over the runs. Memory: of the whole process, "
    "framework included, the largest of the runs. Training: seconds in training steps, median of "
    "the runs that worked. Times depend on the machine and on what else ran on it."
)


def cost(material: Material) -> Markup:
    """Return a table of costs, and why times cannot be compared where that is so."""
    comparison = material.comparison
    rows = [*comparison.rows, *comparison.controls]
    results = {row.level: _results(row.level, material) for row in rows}
    if not any(results.values()) and not any(math.isfinite(row.step_ms) for row in rows):
        return joined()
    return joined(
        _table(rows, results, comparison), paragraphs([*_notes(comparison, results), TIMES])
    )


def _results(level: str, material: Material) -> list[Result]:
    jobs = material.comparison.jobs.get(level, {}).values()
    return [material.results[job] for job in jobs if job in material.results]


def _table(
    rows: Sequence[Row], results: Mapping[str, Sequence[Result]], comparison: Comparison
) -> Markup:
    tuned = any(row.trials for row in rows)
    context = context_of(comparison, Layout(("step_ratio",), brief=False))
    cells, keys = [], []
    for row in rows:
        memory = max(_numbers(results[row.level], "memory_mib"), default=math.nan)
        seconds = _median(_numbers(_worked(results[row.level]), "seconds_train"))
        numbers = [row.step_ms, row.step_ratio, row.params, memory, seconds]
        texts = [
            _text(row.step_ms, "{:,.1f}"),
            shown_cell("step_ratio", row, context),
            shown_cell("params", row, context),
            _text(memory, "{:,.0f}"),
            _text(seconds, "{:,.1f}"),
        ]
        if tuned:
            numbers += [row.trials, row.tuning_seconds]
            texts += [str(row.trials), _text(row.tuning_seconds, "{:,.0f}")]
        cells.append([shown(comparison.factor, row.level), *texts])
        keys.append([None, *numbers])
    columns = [
        heading("level", comparison),
        *("step, ms", "beside the baseline", "parameters trained", "memory, MiB", "training, s"),
        *(("trials of tuning", "tuning, s") if tuned else ()),
    ]
    return table(
        "What each costs", columns, cells, sortable=True, words=columns[:1], keys=keyed(keys)
    )


def _notes(comparison: Comparison, results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """Yield on what the runs were trained, and why step times are not compared."""
    warned = [
        check.text for check in comparison.audit if check.code == "E18" and check.outcome != "pass"
    ]
    if warned:
        yield f"{NOT_COMPARED} {' '.join(warned)}"
    every = [result for own in results.values() for result in own]
    devices = sorted({str(one["device"]) for one in every if one.get("device")})
    threads = sorted({str(one["threads"]) for one in every if one.get("threads")})
    if devices:
        each = f"; threads for each job: {', '.join(threads)}" if threads else ""
        yield f"Trained on {', '.join(devices)}{each}."


def _worked(results: Sequence[Result]) -> list[Result]:
    return [one for one in results if one.get("status") == "ok"]


def _numbers(results: Sequence[Result], key: str) -> list[float]:
    values = (one.get(key) for one in results)
    return [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


def _text(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else NOTHING

"""What a design can detect, as rows of `lossbench plan` and as plain data."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from lossbench.catalog.axes import plural, title
from lossbench.comparison.planning import Design, Spread
from lossbench.stats.power import seeds_needed

Rows = list[tuple[str, str]]
"""Titles and texts."""


def design_rows(designs: Sequence[Design]) -> Rows:
    """Return titles and texts; what holds for several data sets and networks stands once."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for design in designs:
        found.setdefault(tuple(_rows(design)), []).append(_place(design))
    rows: Rows = []
    for texts, places in found.items():
        if len(found) > 1:
            rows.append(("design", ", ".join(places)))
        rows += texts
    return rows


def _place(design: Design) -> str:
    shared = " / ".join(name for name in (design.dataset, design.model) if name)
    return shared if design.factor == "loss" else f"{plural(design.factor)} on {shared}"


def _rows(design: Design) -> Iterator[tuple[str, str]]:
    yield "detects", _detects(design)
    if design.spread:
        yield "spread", _spread(design, design.spread)
    yield "delta", _delta(design)
    yield "exact test", _exact(design)
    if design.looks:
        yield "looks", _looks(design)


def _detects(design: Design) -> str:
    if math.isnan(design.detectable()):
        return f"nothing: {_seeds(design.seeds)}; a verdict needs 3 or more"
    others = title(design.factor) if design.levels == 1 else plural(design.factor)
    basis = (
        f"{_seeds(design.seeds)}, {design.levels} {others} against the baseline, "
        f"alpha {design.alpha:.3g}, Holm"
    )
    if design.spread:
        least = _amount(design, design.detectable() * design.spread.sd)
        return f"differences of {least} of {design.metric} with 80 % power ({basis})"
    units = f"{design.detectable():.3g} standard deviations of the paired differences"
    text = f"differences of {units} with 80 % power ({basis})"
    if design.delta > 0:
        spread = _amount(design, design.delta)
        least = _amount(design, design.detectable() * design.delta)
        text += f"; for example {least} where they spread by {spread}"
    return text


def _spread(design: Design, spread: Spread) -> str:
    text = f"paired differences have standard deviation {_amount(design, spread.sd)}"
    if spread.levels > 1:
        ends = (_number(design, end) for end in (spread.low, spread.high))
        text += f", the median of {spread.levels}, {' to '.join(ends)}"
    text += f" ({_seeds(spread.n)} of {spread.folder})"
    if spread.overlap:
        text += f"; n_test / n_train {spread.overlap:.2g} is counted, as blocks overlap"
    return text


def _delta(design: Design) -> str:
    declared = "" if design.delta_declared else " (default)"
    if math.isnan(design.delta):
        return f"1 % of the baseline's {design.metric}{declared}, known after a first run"
    amount = f"{_amount(design, design.delta)}{declared}"
    if design.spread is None:
        needed = _many(seeds_needed(1.0, design.step))
        return f"{amount}: {needed} detect it where differences spread by as much"
    needed, upper = _many(design.needed()), _many(design.needed(upper=True))
    bound = "at the upper 80 % bound of this one"
    return f"{amount}: {needed} detect it; {upper} if the true spread is {bound}"


def _exact(design: Design) -> str:
    others = title(design.factor) if design.levels == 1 else plural(design.factor)
    fewest = f"{design.fewest} are the fewest for {design.levels} {others}"
    if design.seeds < design.fewest:
        return f"with {_seeds(design.seeds)} the sign-flip test cannot reach alpha; {fewest}"
    return f"the sign-flip test can reach alpha with {_seeds(design.seeds)}; {fewest}"


def _looks(design: Design) -> str:
    each = []
    for look in design.looks:
        effect = design.detectable(look)
        least = (
            f"{effect:.3g} standard deviations"
            if design.spread is None
            else _amount(design, effect * design.spread.sd)
        )
        each.append(f"{_seeds(look)} detect {least if math.isfinite(effect) else 'nothing'}")
    return f"{', '.join(each)}; each is tested at alpha {design.alpha:.3g}"


def _amount(design: Design, value: float) -> str:
    points = " points" if design.bounded else ""
    return f"{_number(design, value)}{points}"


def _number(design: Design, value: float) -> str:
    return f"{(100.0 if design.bounded else 1.0) * value:.3g}"


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n:,} seeds"


def _many(n: int | None) -> str:
    return "not even a million seeds" if n is None else _seeds(n)


def design_record(design: Design) -> dict[str, Any]:
    """Return a design as plain data with all that follows from it; NaN for what is unknown.

    Differences are in metric units; `detectable_sd` is in standard deviations of the paired
    differences.
    """
    found = asdict(design)
    sd = math.nan
    if design.spread:
        found["spread"]["folder"] = str(design.spread.folder)
        sd = design.spread.sd
    effect = design.detectable()
    return found | {
        "looks": list(design.looks),
        "alpha_first_step": design.step,
        "detectable_sd": effect,
        "detectable": effect * sd,
        "detectable_at_looks_sd": [design.detectable(look) for look in design.looks],
        "seeds_for_delta": design.needed(),
        "seeds_for_delta_upper": design.needed(upper=True),
        "fewest_seeds_sign_flip": design.fewest,
    }

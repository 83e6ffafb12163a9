"""What `tune:` says, and `{tune: ...}` in the entries of losses: spaces, budget, seeds."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lossbench.catalog import LOSSES, OPTIMIZERS, Parameter, Row
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.types import nested
from lossbench.config.entries import ARGUMENTS, KERAS, Entry
from lossbench.config.experiment import (
    FIRST_TUNING_SEED,
    SEED_LIMIT,
    TUNE,
    Experiment,
    Range,
    Tune,
)
from lossbench.config.fields import check
from lossbench.config.nesting import Place
from lossbench.config.positions import Problems
from lossbench.config.wording import KeyPath, did_you_mean, key_text, shown
from lossbench.errors import Problem

if TYPE_CHECKING:
    from lossbench.config.parsing import Parser

Values = tuple[Any, ...] | Range
"""The values of a parameter that are tried, or the range that they are drawn from."""

DEFAULT_TRIALS = 7
HALF_DECADES = 7
MOST_POINTS = 1000
"""Points of a grid that are all tried unless `trials` says how many."""

_ACCEPTED = "a list of two or more values, or {low:, high:, log: true}"
_RANGE = ("low", "high", "log")


def half_decades(value: float) -> tuple[float, ...]:
    """Return 7 values around one, in steps of half a decade, that one in the middle.

    Args:
        value: above 0.

    Source:
        The project's protocol: a factor of 30 up and down, where learning rates of losses differ.
    """
    steps = range(-(HALF_DECADES // 2), HALF_DECADES // 2 + 1)
    return tuple(float(f"{value * 10 ** (k / 2):.6g}") if k else value for k in steps)


def more_seeds(tune: Tune, losses: Sequence[Entry]) -> tuple[int, ...]:
    """Return the seeds after `tune.seeds` that a search may use, too.

    They confirm the best points and, where a grid is extended and a loss has nothing new to try,
    spend its share of the extension: two points, or one for each parameter where these are more.
    """
    own = max((len(loss.tune) for loss in losses), default=0)
    extra = max(2, len(tune.space or ("learning_rate",)) + own) if tune.search == "grid" else 0
    first = max(tune.seeds) + 1
    return tuple(range(first, first + tune.confirm[1] + extra * len(tune.seeds)))


def untuned(experiment: Experiment) -> Experiment:
    """Return an experiment in which every parameter has the value that the file gives it."""
    losses = tuple(replace(loss, tune={}) for loss in experiment.losses)
    return replace(experiment, losses=losses, tune=None)


def own_space(
    parser: "Parser", row: Row, known: Mapping[str, Any], place: Place
) -> tuple[dict[str, Any], dict[str, Values]]:
    """Take `{tune: ...}` out of the parameters of an entry.

    Args:
        parser: hears of mistakes.
        row: what the entry names.
        known: its parameters as the file gives them.
        place: where it stands.

    Returns:
        The parameters without tuning: what is tuned has its default or, as an argument of a user's
        own function, the first value; and what is searched.
    """
    given: dict[str, Any] = {}
    space: dict[str, Values] = {}
    arguments = ARGUMENTS.get(row.name)
    for key, value in known.items():
        path = (*place.path, key)
        if key == arguments and isinstance(value, dict):
            given[key] = dict(value)
            for name in [name for name, item in value.items() if _is_tuned(item)]:
                parameter = _argument(row, known, name)
                found = _own_values(parser, value[name], (*path, name), parameter, place)
                del given[key][name]
                if found is not None:
                    space[f"{key}.{name}"] = found
                if found is not None and parameter is None:
                    given[key][name] = _first(found)
        elif not _is_tuned(value):
            given[key] = value
        elif arguments is not None:
            text = "names what is trained and is not tuned; a grid makes a loss of each"
            parser.problems.add(path, text)
        else:
            found = _own_values(parser, value, path, row.params[key], place)
            if found is not None:
                space[key] = found
    return given, space


def _argument(row: Row, known: Mapping[str, Any], name: str) -> Parameter | None:
    """Return what is known of an argument: much of those of Keras's classes, else nothing."""
    named = str(known.get("class_name"))
    if row.name != KERAS or named not in KERAS_CLASSES:
        return None
    return KERAS_CLASSES[named].params.get(name)


def _is_tuned(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["tune"]


def _first(values: Values) -> Any:
    return values.low if isinstance(values, Range) else values[0]


def _own_values(
    parser: "Parser", raw: dict[str, Any], path: KeyPath, known: Parameter | None, place: Place
) -> Values | None:
    """Return what is searched of a loss's parameter, after reporting that it cannot be tuned."""
    if parser.table.kind == "optimizer":
        text = (
            f"{path[-1]!r} is tuned for all losses at once: tune: {{space: {{{path[-1]}: [...]}}}}"
        )
    elif parser.table.kind != LOSSES.kind:
        text = "only parameters of losses and, under tune.space, of optimizers are tuned"
    elif place.depth > 1:
        text = (
            "a loss inside another is not tuned; parameters of the losses listed under 'losses' "
            "are, and here a grid makes a loss of each value"
        )
    elif known is not None and nested(known.type):
        text = "what is made of losses is not tuned; a grid makes a loss of each"
    else:
        named = [] if known is None else [(str(path[-1]), known)]
        return _values(raw["tune"], (*path, "tune"), named, parser.problems)
    parser.problems.add(path, text)
    return None


def _values(
    raw: Any, path: KeyPath, known: Sequence[tuple[str, Parameter]], problems: Problems
) -> Values | None:
    """Return the values to try or their range, checked against parameters; None if wrong."""
    if isinstance(raw, dict):
        return _range(raw, path, known, problems)
    if not isinstance(raw, list) or len(raw) < 2:
        problems.add(path, f"{shown(raw)} is not allowed; {_ACCEPTED}")
        return None
    found: list[Any] = []
    for i, item in enumerate(raw):
        right, value = _checked(item, (*path, i), known, problems)
        if not right:
            continue
        same = [j for j, one in enumerate(found) if (type(one), one) == (type(value), value)]
        if same:
            text = f"{shown(item)} is given twice; first as {key_text((*path, same[0]))}"
            problems.add((*path, i), text)
        found.append(value)
    return tuple(found) if len(found) == len(raw) else None


def _range(
    raw: dict[str, Any], path: KeyPath, known: Sequence[tuple[str, Parameter]], problems: Problems
) -> Range | None:
    before = len(problems)
    for key in raw:
        if key not in _RANGE:
            hint = did_you_mean(key, _RANGE)
            text = f"a range has no {key!r}; it takes {', '.join(_RANGE)}"
            problems.add((*path, key), f"{text}.{hint}" if hint else text, at_key=True)
    ends = {}
    for key in ("low", "high"):
        value = raw.get(key)
        if key not in raw:
            problems.add(path, f"a range needs {key!r}; {_ACCEPTED}")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            problems.add((*path, key), f"{shown(value)} is not allowed; a number")
        elif _checked(value, (*path, key), known, problems)[0]:
            ends[key] = float(value)
    log = raw.get("log", False)
    if not isinstance(log, bool):
        problems.add((*path, "log"), f"{shown(log)} is not allowed; true or false")
    if len(ends) == 2 and ends["low"] >= ends["high"]:
        problems.add((*path, "high"), f"{ends['high']:g} is not above low, {ends['low']:g}")
    elif len(ends) == 2 and log is True and ends["low"] <= 0:
        problems.add((*path, "low"), f"{ends['low']:g} is not above 0, as log: true needs")
    if problems.touches(since=before):
        return None
    for name, parameter in known:
        middle = (ends["low"] + ends["high"]) / 2
        between = middle if middle != round(middle) else middle + (ends["high"] - middle) / 3
        if check({name: parameter}, {name: between})[1]:
            problems.add(path, f"{name} takes no fractions ({parameter.accepts}); a list of values")
            return None
    return Range(ends["low"], ends["high"], log)


def _checked(
    value: Any, path: KeyPath, known: Sequence[tuple[str, Parameter]], problems: Problems
) -> tuple[bool, Any]:
    """Return whether parameters take a value, and the value as they take it."""
    right, taken = True, value
    for name, parameter in known:
        values, wrong = check({name: parameter}, {name: value})
        if wrong:
            problems.add(path, f"{shown(value)} is not allowed; {parameter.accepts}")
            right = False
        else:
            taken = values[name]
    return right, taken


def report_at_odds(
    row: Row, params: Mapping[str, Any], space: Mapping[str, Values], path: KeyPath, on: Problems
) -> None:
    """Report points of a space that a row does not take together with its other parameters."""
    if row.refused is None:
        return
    for point in itertools.islice(_corners(space), MOST_POINTS):
        at_odds = row.refused({**params, **point})
        if at_odds is not None:
            name, text = at_odds
            on.add((*path, name) if name in space else path, text)


def _corners(space: Mapping[str, Values]) -> Iterator[dict[str, Any]]:
    ends = [(v.low, v.high) if isinstance(v, Range) else v for v in space.values()]
    return (dict(zip(space, chosen, strict=True)) for chosen in itertools.product(*ends))


def tune_of(
    values: Mapping[str, Any],
    optimizers: Sequence[Entry],
    losses: Sequence[Entry],
    seeds: Sequence[int],
    problems: Problems,
) -> Tune:
    """Return what `tune:` says.

    Args:
        values: of its keys, all of `TUNE`, each right in itself.
        optimizers: those of the experiment, whose parameters are searched.
        losses: those of the experiment, which may have parameters of their own to tune.
        seeds: those of the experiment, which tuning leaves alone.
        problems: hears of mistakes.
    """
    space = _space(values["space"], optimizers, problems)
    given = _confirm(values["confirm"], problems)
    tune = Tune(
        space=space,
        search=values["search"],
        trials=_trials(values, space, problems),
        seeds=_seeds(values["seeds"], problems),
        confirm=given,
        pruning=values["pruning"],
    )
    if tune.search == "grid":
        _report_ranges(space, losses, problems)
    _report_shared_seeds(tune, more_seeds(tune, losses), seeds, problems)
    return tune


def _space(raw: Any, optimizers: Sequence[Entry], problems: Problems) -> dict[str, Values]:
    if raw is None:
        return {}
    path: KeyPath = ("tune", "space")
    if not isinstance(raw, dict) or not raw:
        problems.add(path, f"{shown(raw)} is not allowed; {TUNE['space'].accepts}")
        return {}
    space = {}
    for key, value in raw.items():
        rows = [OPTIMIZERS[optimizer.name] for optimizer in optimizers]
        lacking = [row for row in rows if key not in row.params]
        for row in lacking:
            hint = did_you_mean(key, row.params)
            text = f"optimizer {row.name!r} has no parameter {shown(key)}"
            text += f"; it takes {', '.join(row.params)}"
            problems.add((*path, key), f"{text}.{hint}" if hint else text, at_key=True)
        known = [(key, row.params[key]) for row in rows if key in row.params]
        found = None if lacking else _values(value, (*path, key), known, problems)
        if found is not None:
            space[key] = found
    for optimizer in optimizers if len(space) == len(raw) else ():
        report_at_odds(OPTIMIZERS[optimizer.name], optimizer.params, space, path, problems)
    return space


def _confirm(raw: Any, problems: Problems) -> tuple[int, int]:
    if raw == 0:
        return 0, 0
    usual = TUNE["confirm"].default
    points, seeds = (int(raw.get(key, usual[key])) for key in ("points", "seeds"))
    return (points, seeds) if points and seeds else (0, 0)


def _trials(values: Mapping[str, Any], space: Mapping[str, Values], problems: Problems) -> int:
    """Return the number of trials: no more than the points that every loss has."""
    trials, grid = values["trials"], values["search"] == "grid"
    lists = [value for value in space.values() if not isinstance(value, Range)]
    points = math.prod(map(len, lists)) if space else HALF_DECADES
    if len(lists) < len(space):
        return trials or DEFAULT_TRIALS
    if trials is None:
        if grid and points > MOST_POINTS:
            text = f"has {points:,} points; at most {MOST_POINTS:,}, or tune.trials of them"
            problems.add(("tune", "space"), text)
        return points if grid else min(points, DEFAULT_TRIALS)
    if trials > points:
        text = f"{trials} is more than the {points} points of tune.space, which every loss has"
        more = "fewer, more values, or search: random with a range are accepted"
        problems.add(("tune", "trials"), f"{text}; {more}")
    return int(trials)


def _seeds(raw: int | tuple[int, ...], problems: Problems) -> tuple[int, ...]:
    if isinstance(raw, int):
        return tuple(range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + raw))
    for i, seed in enumerate(raw):
        if seed in raw[:i]:
            text = f"{seed} is given twice; first as tune.seeds[{raw.index(seed)}]"
            problems.add(("tune", "seeds", i), text)
    return tuple(dict.fromkeys(raw))


def _report_ranges(
    space: Mapping[str, Values], losses: Sequence[Entry], problems: Problems
) -> None:
    """Report ranges, of which a grid has no points."""
    text = "a range has no grid; a list of values, or search: random or tpe, is accepted"
    for key, values in space.items():
        if isinstance(values, Range):
            problems.add(("tune", "space", key), text)
    for loss in losses:
        for key, values in loss.tune.items():
            if isinstance(values, Range):
                problems.add_elsewhere(Problem(f"{loss.where}.{key}", text))


def _report_shared_seeds(
    tune: Tune, more: Sequence[int], seeds: Sequence[int], problems: Problems
) -> None:
    """Report tuning seeds that the experiment evaluates with, too."""
    rule = "no tuning seed is one of the experiment's"
    for seed in seeds:
        if seed in tune.seeds:
            text = f"{seed} stands under 'seeds', too; {rule}. Leave it out of one of the two."
            problems.add(("tune", "seeds"), text)
        elif more and more[0] <= seed <= more[-1]:
            text = f"the search counts on from {more[0]} to {more[-1]}, and {seed} stands under"
            problems.add(("tune", "seeds"), f"{text} 'seeds'; {rule}. Choose other tune.seeds.")
    if more and more[-1] >= SEED_LIMIT:
        text = f"the search counts on from {max(tune.seeds)} and would pass 2**32"
        problems.add(("tune", "seeds"), f"{text}; smaller seeds are accepted")

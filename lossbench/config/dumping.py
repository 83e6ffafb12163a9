"""An experiment as the YAML text that loads to it again."""

from dataclasses import asdict, fields
from typing import Any

import yaml

from lossbench.catalog import AUGMENTATIONS, LOSSES, Table
from lossbench.config.entries import Entry, Term
from lossbench.config.experiment import (
    CONTROLS,
    DEFAULT_SCHEDULE,
    TABLES,
    Experiment,
    Range,
    Train,
    Tune,
)
from lossbench.config.yamlfile import add_core_schema


class _Dumper(yaml.SafeDumper):
    """Quotes text that YAML 1.1 or YAML 1.2 would take for something else; writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


add_core_schema(_Dumper)


def dump(experiment: Experiment) -> str:
    """Return YAML text of a resolved experiment.

    Grids are expanded, aliases resolved and paths absolute; parameters with their default value are
    left out. Loading the text gives an equal experiment.
    """
    data = {
        "name": experiment.name,
        "dataset": _entries(experiment.datasets, TABLES["dataset"]),
        "model": _entries(experiment.models, TABLES["model"]),
        "losses": _entries(experiment.losses, TABLES["losses"]),
        "optimizer": _entries(experiment.optimizers, TABLES["optimizer"]),
        **_schedule(experiment.schedules),
        "seeds": list(experiment.seeds),
        "train": _train(experiment.train),
        **_tune(experiment.tune),
        "protocol": _section(experiment.protocol, "at", "head_controls"),
        "execution": _section(experiment.execution, "memory_budget", "save_model", "tensorboard"),
    }
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )


def _train(train: Train) -> dict[str, Any]:
    few = train.batch_sizes[0] if len(train.batch_sizes) == 1 else list(train.batch_sizes)
    usual = {"target_scale": Train.target_scale, **CONTROLS}
    rare = {"target_scale": train.target_scale, **train.controls}
    augment = _entries(train.augment, AUGMENTATIONS)
    return {
        "epochs": train.epochs,
        "batch_size": few,
        **{key: _plain(value) for key, value in rare.items() if value != usual[key]},
        **({"augment": augment} if augment else {}),
    }


def _schedule(schedules: tuple[Entry, ...]) -> dict[str, Any]:
    found = _entries(schedules, TABLES["schedule"])
    return {} if found == [DEFAULT_SCHEDULE] else {"schedule": found}


def flow(value: Any) -> str:
    """Return plain data as one line of YAML."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=True,
        width=10**6,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _section(section: Any, *rare: str) -> dict[str, Any]:
    """Return a section without what is None, and without rare keys that have their default."""
    usual = {field.name: field.default for field in fields(section)}
    return {
        key: _plain(value)
        for key, value in asdict(section).items()
        if value is not None and not (key in rare and value == usual[key])
    }


def _entries(entries: tuple[Entry, ...], table: Table[Any]) -> list[Any]:
    return [_entry(entry, table) for entry in entries]


def _entry(entry: Entry, table: Table[Any]) -> str | dict[str, Any]:
    label = {} if entry.label is None else {"label": entry.label}
    more = {**_plain(entry.changed(table)), **label}
    for key, values in entry.tune.items():
        holder, name = more, key
        if "." in key:  # an argument of a function
            outer, _, name = key.partition(".")
            holder = more.setdefault(outer, {})
        holder[name] = {"tune": _values(values)}
    return {"name": entry.name, **more} if more else entry.name


def _values(values: tuple[Any, ...] | Range) -> Any:
    """Return what is searched of a parameter as a file writes it."""
    if not isinstance(values, Range):
        return _plain(values)
    return {"low": values.low, "high": values.high, **({"log": True} if values.log else {})}


def _tune(tune: Tune | None) -> dict[str, Any]:
    if tune is None:
        return {}
    points, seeds = tune.confirm
    return {
        "tune": {
            **({"space": {k: _values(v) for k, v in tune.space.items()}} if tune.space else {}),
            "search": tune.search,
            "trials": tune.trials,
            "seeds": list(tune.seeds),
            "confirm": {"points": points, "seeds": seeds} if points else 0,
            "pruning": tune.pruning,
        }
    }


def _plain(value: Any) -> Any:
    """Return the value as a file writes it: lists for tuples, losses like any entry."""
    if isinstance(value, Entry):
        return _entry(value, LOSSES)
    if isinstance(value, Term):
        weight = {} if value.weight == 1 else {"weight": value.weight}
        return {"loss": _entry(value.loss, LOSSES), **weight}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

"""An experiment file to an Experiment, with every mistake reported at once."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.catalog import AUGMENTATIONS, LOSSES, METRICS
from lossbench.catalog.metrics import named, parted
from lossbench.config.augment import wrong_together
from lossbench.config.entries import Entry
from lossbench.config.experiment import (
    CONTROLS,
    DEFAULT_OPTIMIZER,
    DEFAULT_SCHEDULE,
    DEFAULT_SEEDS,
    KEYS,
    LONGEST_NAME,
    MOST_SEEDS,
    NAME_PATTERN,
    REQUIRED_KEYS,
    SECTIONS,
    SEED_LIMIT,
    TABLES,
    Draft,
    Execution,
    Experiment,
    Protocol,
    Train,
    Tune,
)
from lossbench.config.fields import check, described
from lossbench.config.looks import wrong_looks
from lossbench.config.overrides import apply
from lossbench.config.parsing import MANY, Parser
from lossbench.config.reading import given, read
from lossbench.config.training import wrong_stopping, wrong_times
from lossbench.config.tuning import tune_of
from lossbench.config.wording import did_you_mean, key_text, nearest, shown
from lossbench.config.yamlfile import Document
from lossbench.errors import Problem

_SEEDS = f"a count from 1 to {MOST_SEEDS:,}, or a list of distinct whole numbers 0 <= seed < 2**32"
_DEFAULTS = {"optimizer": DEFAULT_OPTIMIZER, "schedule": DEFAULT_SCHEDULE}
_LOSS_VALUES = ("loss", "val_loss")


def load(path: str | os.PathLike[str] | Mapping[str, Any], overrides: Sequence[str] = ()) -> Draft:
    """Load an experiment file.

    Args:
        path: the file; messages show it as given. Or the content of one.
        overrides: `key=value` with a dotted key, such as `losses.0.gamma=1`, applied in order.

    Returns:
        The experiment, as far as it is valid, and all problems by line.

    Raises:
        ConfigError: there is no experiment to read: no file, no YAML, no mapping.
    """
    document = given(path) if isinstance(path, Mapping) else read(path)
    apply(document, overrides)
    experiment = _Reader(document, document.positions.file).experiment()
    return Draft(experiment, document.problems.ordered())


@dataclass(frozen=True)
class _Reader:
    """Reads the keys of one document."""

    document: Document
    path: str

    def experiment(self) -> Experiment:
        """Return the experiment; problems go to the document's list."""
        self._keys(self.document.data, (), tuple(KEYS))
        name, datasets, models = self._name(), self._entries("dataset"), self._entries("model")
        before = len(self.document.problems)
        losses = self._entries("losses")
        losses_valid = not self.document.problems.touches(since=before)
        train, seeds = self._train(), self._seeds()
        optimizers = self._entries("optimizer")
        return Experiment(
            name=name,
            datasets=datasets,
            models=models,
            losses=losses,
            optimizers=optimizers,
            schedules=self._schedules(train.epochs),
            seeds=seeds,
            train=train,
            protocol=self._protocol(losses, losses_valid, len(seeds)),
            execution=Execution(**self._section("execution")),
            path=Path(self.path),
            positions=self.document.positions,
            tune=self._tune(optimizers, losses, seeds),
        )

    def _tune(
        self, optimizers: tuple[Entry, ...], losses: tuple[Entry, ...], seeds: tuple[int, ...]
    ) -> Tune | None:
        if "tune" in self.document.data:
            values = self._section("tune")
            return tune_of(values, optimizers, losses, seeds, self.document.problems)
        for loss in losses:
            for key in loss.tune:
                text = "is to be tuned, and nothing says how; 'tune: {}' in the file is the usual"
                self.document.problems.add_elsewhere(Problem(f"{loss.where}.{key}", text))
        return None

    def _problem(self, text: str, *path: str | int, at_key: bool = False) -> None:
        self.document.problems.add(path, text, at_key=at_key)

    def _keys(self, data: Mapping[str, Any], path: tuple[str, ...], keys: Sequence[str]) -> None:
        """Report keys that do not exist."""
        for key in data:
            if key not in keys:
                hint = _elsewhere(key, path) or did_you_mean(key, keys)
                text = f"unknown key {shown(key)}; the keys are {', '.join(keys)}"
                self._problem(text + (f".{hint}" if hint else ""), *path, key, at_key=True)

    def _entries(self, key: str) -> tuple[Entry, ...]:
        data = self.document.data
        folder = os.path.dirname(os.path.abspath(self.path))
        parser = Parser(TABLES[key], self.document.problems, folder)
        if key not in data:
            if key in REQUIRED_KEYS:
                self._problem(f"missing; {KEYS[key]}", key)
                return ()
            return parser.entries(_DEFAULTS[key], (key,))
        return parser.entries(data[key], (key,))

    def _schedules(self, epochs: int) -> tuple[Entry, ...]:
        """Return the schedules; those whose times a run of so many epochs lacks are reported."""
        found = self._entries("schedule")
        for entry in found:
            for key, text in wrong_times(entry, epochs):
                self.document.problems.add_elsewhere(Problem(f"{entry.where}.{key}", text))
        return found

    def _name(self) -> str:
        given = "name" in self.document.data
        name = self.document.data["name"] if given else Path(self.path).stem
        if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name) and len(name) <= LONGEST_NAME:
            return name
        accepted = f"letters, digits, '.', '_' and '-', at most {LONGEST_NAME}, not '._-' first"
        origin = "" if given else ", taken from the file's name,"
        advice = "" if given else ". Give the experiment a name in the file."
        self._problem(f"{shown(name)}{origin} is not allowed; {accepted}{advice}", "name")
        return "experiment"

    def _seeds(self) -> tuple[int, ...]:
        raw = self.document.data.get("seeds", DEFAULT_SEEDS)
        if "seeds" in self.document.data and isinstance(raw, list) and raw:
            return self._seed_list(raw)
        if isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= MOST_SEEDS:
            return tuple(range(raw))
        self._problem(f"{shown(raw)} is not allowed; {_SEEDS}", "seeds")
        return ()

    def _seed_list(self, raw: list[Any]) -> tuple[int, ...]:
        first: dict[int, int] = {}
        for i, seed in enumerate(raw):
            whole = isinstance(seed, int) and not isinstance(seed, bool)
            if not whole or not 0 <= seed < SEED_LIMIT:
                text = f"{shown(seed)} is not allowed; a whole number 0 <= seed < 2**32"
                self._problem(text, "seeds", i)
            elif seed in first:
                text = f"{seed} is given twice; first as {key_text(('seeds', first[seed]))}"
                self._problem(text, "seeds", i)
            else:
                first[seed] = i
        return tuple(first)

    def _section(self, section: str) -> dict[str, Any]:
        """Return the values under a section's key; wrong ones are their defaults."""
        raw = self.document.data.get(section, {})
        params = SECTIONS[section]
        if not isinstance(raw, dict):
            accepted = described(params) if len(params) <= MANY else ", ".join(params)
            self._problem(f"{shown(raw)} is not allowed; a mapping of {accepted}", section)
            raw = {}
        self._keys(raw, (section,), tuple(params))
        known = {key: raw[key] for key in raw if key in params}
        values, wrong = check(params, known)
        if wrong:
            for key in wrong:
                text = f"{shown(known[key])} is not allowed; {params[key].accepts}"
                self._problem(text, section, key)
            values, _ = check(params, {key: known[key] for key in known if key not in wrong})
        return values

    def _train(self) -> Train:
        values = self._section("train")
        for key, text in wrong_stopping(values, values["epochs"]):
            self._problem(text, "train", "early_stopping", *([key] if key else []))
        return Train(
            epochs=values["epochs"],
            batch_sizes=self._batch_sizes(values["batch_size"]),
            target_scale=values["target_scale"],
            augment=self._augment(values["augment"]),
            controls={name: values[name] for name in CONTROLS},
        )

    def _batch_sizes(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        sizes = value if isinstance(value, tuple) else (value,)
        for i, size in enumerate(sizes):
            if size in sizes[:i]:
                text = f"{size} is given twice; each batch size stands once"
                self._problem(text, "train", "batch_size", i)
        return tuple(dict.fromkeys(sizes))

    def _augment(self, raw: Any) -> tuple[Entry, ...]:
        """Return the augmentations that go together; `raw` is what the file says."""
        if raw == []:
            return ()
        problems, path = self.document.problems, ("train", "augment")
        before = len(problems)
        found = Parser(AUGMENTATIONS, problems, "").entries(raw, path)
        if problems.touches(since=before):
            return ()
        for i, text in wrong_together(found, len(raw) if isinstance(raw, list) else 1):
            problems.add((*path, i) if i is not None and isinstance(raw, list) else path, text)
        return found

    def _protocol(self, losses: tuple[Entry, ...], losses_valid: bool, n_seeds: int) -> Protocol:
        values = self._section("protocol")
        values["metric"] = self._metric(values["metric"])
        for path, text in wrong_looks(values["looks"], n_seeds) if values["looks"] else ():
            self._problem(text, *path)
        if losses_valid:
            values["baseline"] = self._baseline(values["baseline"], losses)
        return Protocol(**values)

    def _metric(self, metric: str | None) -> str | None:
        if metric is None:
            return None
        if metric.casefold() in _LOSS_VALUES:
            text = f"{metric!r} is not a metric; a loss is never judged by its own value"
            self._problem(f"{text}. `lossbench list metrics` shows all.", "protocol", "metric")
            return None
        output, own = parted(metric)
        parser = Parser(METRICS, self.document.problems, "")
        row = parser.resolve(own, ("protocol", "metric"))
        if row is None:
            return None
        return str(row.name) if output is None else named(output, row.name)

    def _baseline(self, baseline: str | None, losses: tuple[Entry, ...]) -> str | None:
        """Return the display name of the loss that `baseline` means."""
        shown_as = [entry.display(LOSSES) for entry in losses]
        if baseline is None or baseline in shown_as:
            return baseline
        meant = _meant(baseline)
        matches = [
            name for name, entry in zip(shown_as, losses, strict=True) if entry.name == meant
        ]
        if len(matches) == 1:
            return matches[0]
        text = f"no loss {shown(baseline)} in this experiment; one of {', '.join(shown_as)}"
        if matches:
            text = f"{shown(baseline)} means several losses here; one of {', '.join(matches)}"
        close = nearest(baseline, shown_as) if not matches else None
        hint = f". Did you mean {close!r}?" if close else ""
        self._problem(text + hint, "protocol", "baseline")
        return None


def _elsewhere(key: str, path: Sequence[str]) -> str:
    """Return where a key stands that was written in another place, as a sentence; "" for none."""
    if path and key in KEYS:
        return f" {key!r} stands at the top of the file."
    under = [section for section, params in SECTIONS.items() if key in params]
    return f" {key!r} stands under {under[0]!r}." if under else ""


def _meant(name: str) -> str | None:
    try:
        return LOSSES.resolve(name).name
    except KeyError:
        return None

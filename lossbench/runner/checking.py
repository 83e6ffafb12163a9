"""An experiment file to a plan without mistakes: data, networks and backend looked at."""

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lossbench import backbones, config, datasets, store
from lossbench.catalog import Facts
from lossbench.catalog.backends import BACKENDS
from lossbench.catalog.models.pretrained import file_of
from lossbench.config import Entry, Experiment
from lossbench.config.entries import CUSTOM, walk
from lossbench.config.sources import source_file
from lossbench.errors import ConfigError, DataError, Problem, StoreError, StrictError
from lossbench.plan import Plan, make_plan
from lossbench.runner.extending import Extension, extend


@dataclass(frozen=True)
class Checked:
    """An experiment without mistakes, what is known of its data, its plan, and what is to be said.

    `notes` are about networks that were trained before, and about seeds that were added: sentences
    for the user, nothing wrong. `extension` says which seeds were added; None where nobody asked.
    """

    experiment: Experiment
    facts: tuple[Facts, ...]
    plan: Plan
    notes: tuple[str, ...] = ()
    extension: Extension | None = None


def check(
    path: Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    runs_dir: Path | None = None,
    more_seeds: int = 0,
    *,
    tune: bool = True,
) -> Checked:
    """Read an experiment file and plan it; trains nothing and writes nothing.

    Args:
        path: the experiment file, or the content of one.
        overrides: `key=value` texts that replace values of the file.
        runs_dir: where experiments' folders lie, so that seeds that were added to one there count;
            None means that those of the file do.
        more_seeds: how many seeds are added to them now.
        tune: whether hyperparameters are searched as the file says; else they are those it gives.

    Raises:
        ConfigError: every mistake of the file, all at once.
    """
    draft = config.load(path, overrides)
    experiment = draft.experiment if tune else config.untuned(draft.experiment)
    problems = list(draft.problems)
    known, facts = [], []
    for dataset in experiment.datasets:
        try:
            facts.append(datasets.describe(dataset.name, dataset.params))
            known.append(dataset)
        except DataError as error:
            problems.append(Problem(dataset.where, str(error)))
    looked = _look_at_models(experiment.models)
    models = tuple(model for model, _ in looked if not isinstance(model, Problem))
    problems += [model for model, _ in looked if isinstance(model, Problem)]
    experiment = replace(experiment, datasets=tuple(known), models=models)
    data = list(zip(known, facts, strict=True))
    notes: list[str] = []
    for model, backbone in looked:
        if backbone is not None and not isinstance(model, Problem):
            problems += backbones.misfits(model, backbone, data)
            notes += backbones.notes(model, backbone, data)
    extension = None
    if runs_dir is not None and not problems:
        extension = extend(experiment, runs_dir, more_seeds)
        experiment = replace(experiment, seeds=extension.seeds)
        notes += extension.messages
    plan = make_plan(experiment, facts, _sources(experiment))
    problems += [*plan.problems, *_missing_backend(experiment), *_missing_search(experiment)]
    if problems:
        raise ConfigError(config.in_order(problems))
    return Checked(experiment, tuple(facts), plan, tuple(notes), extension)


def _look_at_models(
    models: Sequence[Entry],
) -> list[tuple[Entry | Problem, backbones.Backbone | None]]:
    """Return each network, or what is wrong with its file, and what is known of its backbone."""
    found: list[tuple[Entry | Problem, backbones.Backbone | None]] = []
    for model in models:
        try:
            located = _located(model)
            found.append((located, backbones.describe(located)))
        except (DataError, StoreError) as error:
            found.append((Problem(model.where, str(error)), None))
    return found


def _located(model: Entry) -> Entry:
    """Return a network; one of an earlier run with the folder of the job that kept it."""
    if model.name != "earlier_run":
        return model
    params = model.params
    kept = store.find_model(Path(params["run"]), params["loss"], params["seed"])
    return replace(model, params={**params, "run": str(kept.path.parent)})


def _missing_backend(experiment: Experiment) -> list[Problem]:
    """Return what is wrong where the backend's packages are not installed; imports none."""
    name = str(experiment.train.controls["backend"])
    if all(importlib.util.find_spec(package) for package in BACKENDS[name].packages):
        return []
    there = [n for n, row in BACKENDS.items() if all(map(importlib.util.find_spec, row.packages))]
    return [
        Problem(
            experiment.where("train", "backend"),
            f"{name} is not installed; installed: {', '.join(there) or 'none'}. "
            f"Install it: {BACKENDS[name].install}",
        )
    ]


def _missing_search(experiment: Experiment) -> list[Problem]:
    """Return what is wrong where the search needs optuna and it is not installed; imports none."""
    search = "grid" if experiment.tune is None else experiment.tune.search
    if search == "grid" or importlib.util.find_spec("optuna"):
        return []
    text = f"{search} needs optuna, which is not installed; grid needs nothing"
    where = experiment.where("tune", "search")
    return [Problem(where, f'{text}. Install it: pip install "lossbench[tune]"')]


def warnings(checked: Checked, strict: bool = False) -> list[str]:
    """Say what is allowed and yet likely a mistake: what training and test share.

    Data that are not on this machine are not looked at.

    Args:
        checked: the experiment.
        strict: whether there must be none.

    Raises:
        StrictError: there is one, and none is allowed.
        DataError: a data set cannot be read.
    """
    found: list[str] = []
    for dataset, facts in zip(checked.experiment.datasets, checked.facts, strict=True):
        there = not facts.needs_download or datasets.locate(dataset.name) is not None
        if there:
            found += datasets.leaks(dataset.name, dataset.params, facts.content_sha256)
    found = list(dict.fromkeys(found))
    if found and strict:
        raise StrictError("\n".join(found))
    return found


def _sources(experiment: Experiment) -> dict[str, str]:
    """Return hashes: of each custom loss's and model's source by target, of models by path."""
    paths = (file_of(model.params) for model in experiment.models)
    models = {str(path): Path(str(path)) for path in paths if path is not None}
    inside = (one for loss in experiment.losses for one in walk(loss) if one.name == CUSTOM)
    own = [*inside, *(model for model in experiment.models if model.name == CUSTOM)]
    files = {str(one.params["target"]): source_file(one.params["target"]) for one in own}
    sources = {target: Path(file) for target, file in files.items() if file is not None}
    return {name: _sha256(f) for name, f in (sources | models).items() if f.is_file()}


def _sha256(path: Path) -> str:
    """Return the hash of a file, of a network perhaps, which need not fit into memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""From an experiment and what is known of its data to jobs, skips and mistakes; pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossbench.catalog import DATASETS, LOSSES, METRICS, MODELS, OPTIMIZERS, Facts, Table
from lossbench.catalog.losses import CLASSIFICATION, Decode, Head, Task
from lossbench.config import Entry, Experiment
from lossbench.errors import Problem


@dataclass(frozen=True)
class Job:
    """One network to be trained: everything that can change a number.

    Attributes:
        dataset: the data set.
        model: the network.
        optimizer: the optimizer.
        loss: the loss.
        seed: decides initial weights and the order of examples, alike for every loss.
        epochs: passes over the training images.
        batch_size: images per step.
        metric: the validation metric by which the epoch is chosen.
        task: the task that the data pose; follows from them.
        content: hashes of what the names alone do not say: the data file, the loss's source.
    """

    dataset: Entry
    model: Entry
    optimizer: Entry
    loss: Entry
    seed: int
    epochs: int
    batch_size: int
    metric: str
    task: Task
    content: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The hash of the job's canonical content: 12 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def canonical(self) -> dict[str, Any]:
        """Return what the id is made of: defaults, labels and places of files left out."""
        return {
            "dataset": _identity(self.dataset, DATASETS),
            "model": _identity(self.model, MODELS),
            "optimizer": _identity(self.optimizer, OPTIMIZERS),
            "loss": _identity(self.loss, LOSSES),
            "seed": self.seed,
            "train": {"epochs": self.epochs, "batch_size": self.batch_size},
            "metric": self.metric,
            **dict(self.content),
        }

    @property
    def trace_key(self) -> str:
        """What jobs share that can run the same traced graph: all but seed and learning rate."""
        shared = {k: v for k, v in self.canonical().items() if k != "seed"}
        shared["optimizer"] = {k: v for k, v in shared["optimizer"].items() if k != "learning_rate"}
        return json.dumps(shared, sort_keys=True)

    def names(self) -> dict[str, str]:
        """Return what tables show: the display names of data set, model, optimizer and loss."""
        return {
            "dataset": self.dataset.display(DATASETS),
            "model": self.model.display(MODELS),
            "optimizer": self.optimizer.display(OPTIMIZERS),
            "loss": self.loss.display(LOSSES),
        }

    def record(self) -> dict[str, Any]:
        """Return the job as plain data for `job.json`, every parameter written out."""
        head, decode = head_of(self.loss, self.task)
        return {
            "job_id": self.id,
            **{
                key: {"name": entry.name, "params": dict(entry.params)}
                for key, entry in (
                    ("dataset", self.dataset),
                    ("model", self.model),
                    ("optimizer", self.optimizer),
                    ("loss", self.loss),
                )
            },
            "seed": self.seed,
            "train": {"epochs": self.epochs, "batch_size": self.batch_size},
            "metric": self.metric,
            "head": head,
            "decode": decode,
            "content": dict(self.content),
        }


def _identity(entry: Entry, table: Table[Any]) -> dict[str, Any]:
    row = table[entry.name]
    hashed = {k: v for k, v in entry.changed(table).items() if row.params[k].hashed}
    if entry.name == "custom":
        hashed["function"] = entry.params["target"].rpartition(":")[2]
    return {"name": entry.name, **hashed}


@dataclass(frozen=True)
class Skip:
    """A combination that is left out, for all seeds, and why."""

    dataset: str
    model: str
    optimizer: str
    loss: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """All jobs in the order in which they run, all skips, and all mistakes.

    Jobs of one seed stand together, so that an experiment that is stopped early has whole blocks.
    """

    jobs: tuple[Job, ...]
    skips: tuple[Skip, ...]
    problems: tuple[Problem, ...]


def head_of(loss: Entry, task: Task) -> tuple[Head, Decode]:
    """Return the output layer of a loss and how it is read.

    A custom loss gets one output per class (one per target for regression); with `task: binary`
    it gets a single output.
    """
    if loss.name != "custom":
        row = LOSSES[loss.name]
        return row.head, row.decode
    if task == "regression":
        return "targets", "identity"
    if loss.params["task"] == "binary":
        return "binary", "sigmoid"
    return "classes", "softmax"


def default_metric(experiment: Experiment, facts: Facts) -> str:
    """Return the metric that judges the losses on a data set: the declared or its usual one."""
    return experiment.protocol.metric or facts.metric


def make_plan(
    experiment: Experiment, facts: Sequence[Facts], sources: Mapping[str, str] | None = None
) -> Plan:
    """Lay out the grid of an experiment.

    Args:
        experiment: the experiment; may be incomplete where the file has mistakes.
        facts: what is known of each of its data sets, in their order.
        sources: sha256 of the file of each custom loss, by the loss's target.

    Returns:
        The plan; with problems, its jobs must not be run.
    """
    skips = tuple(_skips(experiment, facts))
    left_out = {(s.dataset, s.loss) for s in skips}
    jobs = tuple(
        job
        for job in _grid(experiment, facts, sources or {})
        if (job.dataset.display(DATASETS), job.loss.display(LOSSES)) not in left_out
    )
    problems = (
        *_task_problems(experiment, facts),
        *_protocol_problems(experiment, facts),
        *_size_problems(experiment, facts),
        *_nothing_left(experiment, facts, left_out),
    )
    return Plan(jobs, skips, problems)


def _grid(
    experiment: Experiment, facts: Sequence[Facts], sources: Mapping[str, str]
) -> Iterator[Job]:
    train = experiment.train
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        of_data = (("data_sha256", known.content_sha256),) if known.content_sha256 else ()
        for model in experiment.models:
            for optimizer in experiment.optimizers:
                for seed in experiment.seeds:
                    for loss in experiment.losses:
                        source = sources.get(str(loss.params.get("target")))
                        of_loss = (("loss_source_sha256", source),) if source else ()
                        yield Job(
                            dataset=dataset,
                            model=model,
                            optimizer=optimizer,
                            loss=loss,
                            seed=seed,
                            epochs=train.epochs,
                            batch_size=train.batch_size,
                            metric=default_metric(experiment, known),
                            task=known.task,
                            content=of_data + of_loss,
                        )


def tasks_of(loss: Entry) -> frozenset[Task]:
    """Return the tasks that a loss can train; a custom loss may state one."""
    stated = loss.params.get("task") if loss.name == "custom" else None
    return frozenset({stated}) if stated else LOSSES[loss.name].tasks


def _same_kind(tasks: frozenset[Task], task: Task) -> bool:
    return bool(tasks & CLASSIFICATION) if task in CLASSIFICATION else task in tasks


def unsuitable(loss: Entry, known: Facts, name: str) -> str | None:
    """Return why a loss makes no sense on a data set, or None where it does."""
    tasks = tasks_of(loss)
    if known.task not in tasks:
        if not _same_kind(tasks, known.task):
            return f"is for {_kind(tasks)}; {name} is {_kind(frozenset({known.task}))}"
        if known.task == "multiclass":
            return f"needs two classes; {name} has {known.n_classes}"
        return f"needs three classes or more; {name} has {known.n_classes}"
    if known.soft_targets and not LOSSES[loss.name].soft:
        return f"needs hard labels; those of {name} are distributions"
    return None


def _kind(tasks: frozenset[Task]) -> str:
    return "classification" if tasks & CLASSIFICATION else "regression"


def _skips(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Skip]:
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        for loss in experiment.losses:
            reason = unsuitable(loss, known, name)
            if reason is None:
                continue
            for model in experiment.models:
                for optimizer in experiment.optimizers:
                    yield Skip(
                        dataset=name,
                        model=model.display(MODELS),
                        optimizer=optimizer.display(OPTIMIZERS),
                        loss=loss.display(LOSSES),
                        reason=f"{loss.display(LOSSES)} {reason}",
                    )


def _task_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    """Yield the losses of the wrong kind for every data set: surely a slip, not a skip."""
    if not facts:
        return
    for loss in experiment.losses:
        row, tasks = LOSSES[loss.name], tasks_of(loss)
        if not any(_same_kind(tasks, known.task) for known in facts):
            kind = _kind(frozenset({facts[0].task}))
            suitable = sorted(r.name for r in LOSSES if facts[0].task in r.tasks)
            hint = f" Did you mean {row.instead!r}?" if row.instead else ""
            yield Problem(
                loss.where,
                f"loss {loss.name!r} is for {_kind(tasks)}, but the data pose {kind}; "
                f"for {kind} there are {', '.join(suitable)}.{hint}",
            )
        yield from _alpha_problems(loss, experiment, facts)


def _alpha_problems(
    loss: Entry, experiment: Experiment, facts: Sequence[Facts]
) -> Iterator[Problem]:
    alpha = loss.params.get("alpha")
    if not isinstance(alpha, (tuple, list)):
        return
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        if known.n_classes and len(alpha) != known.n_classes:
            yield Problem(
                loss.where,
                f"alpha has {len(alpha)} values, but {dataset.display(DATASETS)} has "
                f"{known.n_classes} classes; one number or one per class is needed.",
            )


def _nothing_left(
    experiment: Experiment, facts: Sequence[Facts], left_out: set[tuple[str, str]]
) -> Iterator[Problem]:
    """Yield the data sets on which every loss would be skipped.

    Losses of the wrong kind for all data sets are problems of their own and not counted here.
    """
    losses = [
        loss
        for loss in experiment.losses
        if any(_same_kind(tasks_of(loss), known.task) for known in facts)
    ]
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        if losses and all((name, loss.display(LOSSES)) in left_out for loss in losses):
            reasons = "; ".join(
                f"{loss.display(LOSSES)} {unsuitable(loss, known, name)}" for loss in losses
            )
            suitable = sorted(r.name for r in LOSSES if known.task in r.tasks)
            yield Problem(
                dataset.where,
                f"no loss is left to train on {name}: {reasons}. Add one of {', '.join(suitable)}.",
            )


def _protocol_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    yield from _metric_problems(experiment, facts)
    delta = experiment.protocol.delta
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        bounded = METRICS[default_metric(experiment, known)].bounded
        if delta is not None and bounded and delta < 1 / known.n_test:
            yield Problem(
                experiment.where("protocol", "delta"),
                f"{delta!r} is finer than {dataset.display(DATASETS)} can measure; with "
                f"{known.n_test} test images at least {1 / known.n_test:.2g} is needed.",
            )


def _metric_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    chosen = experiment.protocol.metric
    if chosen is None:
        return
    metric, where = METRICS[chosen], experiment.where("protocol", "metric")
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        if known.task not in metric.tasks or (chosen == "top5_accuracy" and known.n_classes < 20):
            fit = [
                m.name for m in METRICS if known.task in m.tasks and m.higher_is_better is not None
            ]
            yield Problem(
                where,
                f"{chosen!r} does not apply to {dataset.display(DATASETS)} ({known.task}); "
                f"accepted: {', '.join(fit)}.",
            )
    if metric.higher_is_better is None:
        yield Problem(where, f"{chosen!r} has no better and worse; it cannot rank losses.")
    if metric.needs_probabilities:
        for loss in experiment.losses:
            if not LOSSES[loss.name].probabilistic:
                yield Problem(
                    where,
                    f"{chosen!r} needs probabilities, and {loss.display(LOSSES)} gives none; "
                    "choose accuracy, or leave that loss out.",
                )


def _size_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        for model in experiment.models:
            least, image = MODELS[model.name].smallest_image, min(known.image_shape[:2])
            if image < least:
                yield Problem(
                    model.where,
                    f"{model.name} reads images of {least} pixels or more; those of {name} have "
                    f"{known.image_shape[0]} x {known.image_shape[1]}. Choose another model.",
                )
        if experiment.train.batch_size > known.n_train:
            yield Problem(
                experiment.where("train", "batch_size"),
                f"{experiment.train.batch_size} is more than the {known.n_train} training images "
                f"of {name}; at most {known.n_train} is accepted.",
            )

"""From an experiment and what is known of its data to jobs, skips and mistakes; pure."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lossbench.augmenting import unmixable
from lossbench.catalog import (
    AUGMENTATIONS,
    DATASETS,
    LOSSES,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    Facts,
    Output,
    Table,
)
from lossbench.catalog.losses import Task
from lossbench.catalog.models.pretrained import file_of
from lossbench.config import Entry, Experiment
from lossbench.config.entries import CUSTOM, Term, inner, plain, walk
from lossbench.config.experiment import CONTROLS, DEFAULT_SCHEDULE
from lossbench.errors import Problem
from lossbench.requirements import Requirements, requirements
from lossbench.scale_control import match_problems, reference_of
from lossbench.suitability import default_metric, mistakes, unsuitable


def default_schedule() -> Entry:
    """Return the constant learning rate."""
    row = SCHEDULES[DEFAULT_SCHEDULE]
    return Entry(row.name, {key: one.default for key, one in row.params.items()})


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
        task: the task that the data pose; follows from them, as do outputs.
        content: hashes of what the names alone do not say: the data file, the loss's source.
        target_scale: how the loss sees regression targets.
        control: whether it is cross-entropy with the head of another loss, shown beside the losses
            and not counted among them.
        outputs: the outputs of data that have several.
        augment: how training images are changed.
        schedule: the learning-rate schedule.
        controls: how else it is trained, by the names of `TRAIN`; what is left out is the default.
        phase: "tune" for a trial, which never sees test data; else "final".
        tracks: which comparisons it stands in where hyperparameters are tuned: "default", with the
            loss's own parameters as given, "tuned", or both; empty without tuning.
        reference: the loss whose gradient norm it starts with, where norms are matched.
        stop_after: epochs after which a trial ends whose schedule is that of all `epochs`; None
            for a whole training.
        cross_losses: the losses under which the trained network is evaluated for information; they
            change no other number.
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
    target_scale: str = "standard"
    control: bool = False
    outputs: tuple[Output, ...] = ()
    augment: tuple[Entry, ...] = ()
    schedule: Entry = field(default_factory=default_schedule)
    controls: Mapping[str, Any] = field(default_factory=dict, hash=False)
    phase: Literal["final", "tune"] = "final"
    tracks: tuple[str, ...] = ()
    reference: Entry | None = None
    stop_after: int | None = None
    cross_losses: tuple[Entry, ...] = ()

    @property
    def backend(self) -> str:
        """What computes: tensorflow, jax or torch."""
        return str(self.controls.get("backend", CONTROLS["backend"]))

    @property
    def id(self) -> str:
        """The hash of the job's canonical content: 12 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def canonical(self) -> dict[str, Any]:
        """Return what the id is made of: defaults, labels and places of files left out."""
        augment = [_identity(entry, AUGMENTATIONS) for entry in self.augment]
        schedule = _identity(self.schedule, SCHEDULES)
        controls = {k: plain(v) for k, v in self.controls.items() if v != CONTROLS[k]}
        return {
            "dataset": _identity(self.dataset, DATASETS),
            "model": _identity(self.model, MODELS),
            "optimizer": _identity(self.optimizer, OPTIMIZERS),
            **({} if schedule == {"name": DEFAULT_SCHEDULE} else {"schedule": schedule}),
            "loss": _identity(self.loss, LOSSES),
            "seed": self.seed,
            "train": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                **({} if self.target_scale == "standard" else {"target_scale": self.target_scale}),
                **({"augment": augment} if augment else {}),
                **controls,
            },
            "metric": self.metric,
            **({} if self.phase == "final" else {"phase": self.phase}),
            **({"stop_after": self.stop_after} if self.stop_after else {}),
            **({"reference": _identity(self.reference, LOSSES)} if self.reference else {}),
            **dict(self.content),
        }

    @property
    def trace_key(self) -> str:
        """What jobs share that can run the same traced graph: all but seed and learning rates."""
        shared = {k: v for k, v in self.canonical().items() if k not in ("seed", "stop_after")}
        shared["schedule"] = "schedule" in shared
        shared["optimizer"] = {k: v for k, v in shared["optimizer"].items() if k != "learning_rate"}
        return json.dumps(shared, sort_keys=True)

    def names(self) -> dict[str, str]:
        """Return what tables show: the display name of the job on each of `AXES`."""
        return {
            "dataset": self.dataset.display(DATASETS),
            "model": self.model.display(MODELS),
            "optimizer": self.optimizer.display(OPTIMIZERS),
            "schedule": self.schedule.display(SCHEDULES),
            "loss": self.loss.display(LOSSES),
            "batch_size": str(self.batch_size),
            "backend": self.backend,
        }

    def record(self) -> dict[str, Any]:
        """Return the job as plain data for `job.json`, every parameter written out."""
        needed = requirements(self.loss, self.task, self.outputs)
        return {
            "job_id": self.id,
            **{
                key: entry.record()
                for key, entry in (
                    ("dataset", self.dataset),
                    ("model", self.model),
                    ("optimizer", self.optimizer),
                    ("schedule", self.schedule),
                    ("loss", self.loss),
                )
            },
            "seed": self.seed,
            "train": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "target_scale": self.target_scale,
                "augment": [entry.record() for entry in self.augment],
                **{k: plain(v) for k, v in (CONTROLS | dict(self.controls)).items()},
            },
            "metric": self.metric,
            "head": needed.head,
            "decode": needed.decode,
            "decode_params": plain(needed.decode_params),
            **({"heads": _heads(needed)} if needed.each else {}),
            **({"keras": list(needed.keras)} if needed.keras else {}),
            "phase": self.phase,
            **({"stop_after": self.stop_after} if self.stop_after else {}),
            **({"reference": self.reference.record()} if self.reference else {}),
            **({"cross_losses": self._cross_losses()} if self._cross_losses() else {}),
            "content": dict(self.content),
        }

    def _cross_losses(self) -> list[dict[str, Any]]:
        """Return them under the names that tables show; none of a trial, which sees no test."""
        losses = self.cross_losses if self.phase == "final" else ()
        return [one.record() | {"display": one.display(LOSSES)} for one in losses]


def _heads(needed: Requirements) -> list[dict[str, Any]]:
    """Return the kind of each head, and how its outputs are read."""
    return [
        {
            "output": name,
            "head": of.head,
            "decode": of.decode,
            "decode_params": plain(of.decode_params),
        }
        for name, of in zip(needed.heads, needed.each, strict=True)
    ]


def _identity(entry: Entry, table: Table[Any]) -> dict[str, Any]:
    """Return what an entry is, defaults and labels left out, in the losses inside it too."""
    row = table[entry.name]
    bare = _unlabelled(entry)
    hashed = {k: _hashed(v) for k, v in bare.changed(table).items() if row.params[k].hashed}
    if entry.name == CUSTOM:
        hashed["function"] = entry.params["target"].rpartition(":")[2]
    return {"name": entry.name, **hashed}


def _hashed(value: Any) -> Any:
    if isinstance(value, Entry):
        return _identity(value, LOSSES)
    if isinstance(value, Term):
        weight = {} if value.weight == 1 else {"weight": value.weight}
        return {"loss": _identity(value.loss, LOSSES), **weight}
    if isinstance(value, Mapping) and inner(value):
        return [[name, _hashed(one)] for name, one in value.items()]  # columns follow the order
    return [_hashed(term) for term in value] if inner(value) else value


def _unlabelled(value: Any) -> Any:
    """Return an entry, or the value of a parameter, without the labels of entries."""
    if isinstance(value, Entry):
        params = {key: _unlabelled(item) for key, item in value.params.items()}
        return Entry(value.name, params)
    if isinstance(value, Term):
        return Term(_unlabelled(value.loss), value.weight)
    if not inner(value):
        return value
    if isinstance(value, Mapping):
        return {name: _unlabelled(one) for name, one in value.items()}
    return tuple(_unlabelled(term) for term in value)


def _content(loss: Entry, sources: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the hash of the source of each custom loss inside a loss, made into one hash."""
    targets = [one.params["target"] for one in walk(loss) if one.name == CUSTOM]
    hashes = [sources[target] for target in targets if target in sources]
    if not hashes:
        return ()
    if len(hashes) > 1:
        hashes = [hashlib.sha256("".join(hashes).encode()).hexdigest()]
    return (("loss_source_sha256", hashes[0]),)


def _content_of_reference(
    reference: Entry | None, sources: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    found = () if reference is None else _content(reference, sources)
    return tuple(("reference_source_sha256", sha256) for _, sha256 in found)


def _content_of_model(model: Entry, sources: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the hash of the file that a network is read from, or of the source that builds it."""
    own = model.name == CUSTOM
    found = sources.get(str(model.params["target"] if own else file_of(model.params)))
    return () if found is None else (("model_source_sha256" if own else "model_sha256", found),)


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


def make_plan(
    experiment: Experiment, facts: Sequence[Facts], sources: Mapping[str, str] | None = None
) -> Plan:
    """Lay out the grid of an experiment.

    Args:
        experiment: the experiment; may be incomplete where the file has mistakes.
        facts: what is known of each of its data sets, in their order.
        sources: sha256 of the file of each custom loss and network, by its target, and of each
            network that is read from a file, by its path.

    Returns:
        The plan; with problems, its jobs must not be run.
    """
    skips = tuple(_skips(experiment, facts))
    left_out = {(s.dataset, s.loss) for s in skips}
    jobs = tuple(
        job
        for job in _grid(experiment, facts, sources or {})
        if not (job.control and job.task not in requirements(job.loss).tasks)
        and (job.dataset.display(DATASETS), job.loss.display(LOSSES)) not in left_out
    )
    problems = mistakes(experiment, facts, left_out), match_problems(experiment, facts, left_out)
    return Plan(jobs, skips, tuple(itertools.chain(*problems)))


def _grid(
    experiment: Experiment, facts: Sequence[Facts], sources: Mapping[str, str]
) -> Iterator[Job]:
    train = experiment.train
    controls = controls_of(experiment)
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        fitting = [c for c in controls if not _cannot_mix(c, known, train.augment)]
        shown = dataset.display(DATASETS)
        suited = tuple(
            loss
            for loss in experiment.losses
            if unsuitable(loss, known, shown, train.augment) is None
        )
        reference = reference_of(experiment, suited, known)
        of_reference = _content_of_reference(reference, sources)
        of_data = (("data_sha256", known.content_sha256),) if known.content_sha256 else ()
        for model in experiment.models:
            for optimizer, schedule, batch_size, seed in itertools.product(
                experiment.optimizers, experiment.schedules, train.batch_sizes, experiment.seeds
            ):
                for loss in (*experiment.losses, *fitting):
                    yield Job(
                        dataset=dataset,
                        model=model,
                        optimizer=optimizer,
                        schedule=schedule,
                        loss=loss,
                        seed=seed,
                        epochs=train.epochs,
                        batch_size=batch_size,
                        metric=default_metric(experiment, known),
                        task=known.task,
                        content=of_data
                        + _content_of_model(model, sources)
                        + _content(loss, sources)
                        + of_reference,
                        target_scale=train.target_scale,
                        control=loss in controls,
                        outputs=known.outputs,
                        augment=train.augment,
                        controls=train.controls,
                        reference=reference,
                        cross_losses=suited,
                    )


def _cannot_mix(control: Entry, known: Facts, augment: Sequence[Entry]) -> bool:
    return unmixable(requirements(control, known.task), known, augment) is not None


def controls_of(experiment: Experiment) -> tuple[Entry, ...]:
    """Return cross-entropy with each head that a loss of the experiment brings along.

    A loss that is listed anyway needs no control, and no head needs two.
    """
    if not experiment.protocol.head_controls:
        return ()
    found: dict[float, Entry] = {}
    for loss in experiment.losses:
        for one in walk(loss):
            control = LOSSES[one.name].control
            if control is None:
                continue
            scale = float(one.params["scale"])
            label = f"cross_entropy + cosine head, scale {scale:g}"
            found[scale] = Entry("cosine_softmax", {"temperature": 1 / scale}, label)
    listed = [loss.params for loss in experiment.losses if loss.name == "cosine_softmax"]
    return tuple(entry for entry in found.values() if entry.params not in listed)


def _skips(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Skip]:
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        for loss in experiment.losses:
            reason = unsuitable(loss, known, name, experiment.train.augment)
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

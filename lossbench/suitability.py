"""Which losses suit which data, and what in an experiment cannot work."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from lossbench.augmenting import augmentation_problems, unmixable
from lossbench.catalog import DATASETS, LOSSES, Facts
from lossbench.catalog.losses import CLASSIFICATION, PROBABILISTIC, SEGMENTATION, Task
from lossbench.catalog.metrics import metric_row, named, offered, parted
from lossbench.config import Entry, Experiment
from lossbench.config.entries import KERAS, walk
from lossbench.config.wording import did_you_mean
from lossbench.errors import Problem
from lossbench.fine_tuning import stage_problems
from lossbench.network_fit import sampling_problems, size_problems
from lossbench.records import HEADS
from lossbench.requirements import Requirements, requirements


def mistakes(
    experiment: Experiment, facts: Sequence[Facts], left_out: AbstractSet[tuple[str, str]]
) -> Iterator[Problem]:
    """Yield what in an experiment cannot work, whatever the file's syntax says.

    Args:
        experiment: the experiment; may be incomplete where the file has mistakes.
        facts: what is known of each of its data sets, in their order.
        left_out: display names of data sets and losses that do not go together.
    """
    yield from _loss_problems(experiment, facts)
    yield from _protocol_problems(experiment, facts)
    yield from size_problems(experiment, facts)
    yield from _activation_problems(experiment, facts)
    yield from sampling_problems(experiment, facts)
    yield from augmentation_problems(experiment, facts)
    yield from stage_problems(experiment)
    yield from _nothing_left(experiment, facts, left_out)


def default_metric(experiment: Experiment, facts: Facts) -> str:
    """Return the metric that judges the losses on a data set: the declared or its usual one."""
    return experiment.protocol.metric or facts.metric


def _same_kind(tasks: frozenset[Task], task: Task) -> bool:
    if task == "segmentation":
        return bool(tasks & (CLASSIFICATION | SEGMENTATION))
    return bool(tasks & CLASSIFICATION) if task in CLASSIFICATION else task in tasks


def unsuitable(loss: Entry, known: Facts, name: str, augment: Sequence[Entry] = ()) -> str | None:
    """Return why a loss makes no sense on a data set, augmented or not, or None where it does."""
    needed = requirements(loss, known.task, known.outputs)
    if known.task == "multioutput" and known.task not in needed.tasks:
        return f"is for one output; {name} {_several(known)}"
    if known.task in needed.tasks and needed.conflicts:
        return needed.conflicts[0]
    if known.task == "multioutput":
        return next((text for _, text in _head_mistakes(loss, known, name)), None)
    if known.task not in needed.tasks:
        if not _same_kind(needed.tasks, known.task):
            return f"is for {_kind(needed.tasks)}; {name} is {_kind(frozenset({known.task}))}"
        if known.task == "segmentation":
            return f"{_not_by_pixel(needed)}; {name} has a class for each pixel"
        if known.task == "retrieval":
            return f"tells two classes apart by one output; {name} has {known.n_classes} classes"
        if known.task == "multiclass":
            return f"needs two classes; {name} has {known.n_classes}"
        return f"needs three classes or more; {name} has {known.n_classes}"
    if known.soft_targets and not needed.soft:
        return f"needs hard labels; those of {name} are distributions"
    return _misfit(needed, known, name) or unmixable(needed, known, augment)


_TARGETS = {
    "nonzero": "targets other than 0",
    "nonnegative": "targets >= 0",
    "positive": "targets > 0",
    "counts": "targets that are whole numbers >= 0",
}


def _misfit(needed: Requirements, known: Facts, name: str) -> str | None:
    """Return what a loss asks of the labels that those of a data set lack, or None."""
    if known.outputs:
        return None  # each head's loss asks it of an output of its own
    if known.task == "segmentation" and known.n_classes > 2 and _asks_once(needed):
        usual = "for more, cross_entropy is the usual loss of pixels"
        return f"needs two classes; {name} has {known.n_classes}; {usual}"
    if "class_counts" in needed.needs and known.task == "regression":
        return f"needs the sizes of classes; {name} has none"
    if "target_range" in needed.needs and known.task != "regression":
        return f"needs the range of numeric targets; {name} has none"
    if needed.ordered and not known.ordered:
        return f"needs classes that have an order; those of {name} have none"
    if known.target_min is None:
        return None
    if needed.targets not in known.target_kinds:
        return f"needs {_TARGETS[needed.targets]}; {name} has others"
    return None


def _not_by_pixel(needed: Requirements) -> str:
    """Return why a loss of classes cannot take pixels for examples."""
    if needed.head not in ("classes", "binary"):
        return f"needs another kind of head ({needed.head}), one an image"
    if needed.batchwise:
        return "gives one value for the whole batch of images"
    if needed.batches != "shuffled":
        return f"needs batches of images of its own ({needed.batches})"
    return "reads one embedding an image" if not needed.ordered else "needs classes with an order"


def _asks_once(needed: Requirements) -> bool:
    """Return whether a loss has one output a pixel; those of masks have one per class, too."""
    return needed.head == "binary" and not needed.masks


def _several(known: Facts) -> str:
    """Return what data with several outputs are, and how a loss is written for them."""
    heads = ", ".join(f"{output.name}: ..." for output in known.outputs)
    return f"has several outputs; use {{name: heads, heads: {{{heads}}}}}"


def _head_mistakes(loss: Entry, known: Facts, name: str) -> Iterator[tuple[Entry, str]]:
    """Yield where the heads of a loss are not those of data with several outputs, and why.

    Yields:
        The entry at fault, which is the loss itself or that of a head, and what is wrong with it.
    """
    heads: Mapping[str, Entry] = loss.params[HEADS]
    outputs = {output.name: output for output in known.outputs}
    there = ", ".join(outputs)
    for head, inside in heads.items():
        if head not in outputs:
            text = f"has no output {head!r}; its outputs are {there}.{did_you_mean(head, outputs)}"
            yield inside, f"{name} {text}".removesuffix(".")
            continue
        own = f"output {head!r} of {name}"
        reason = unsuitable(inside, known.of_output(outputs[head]), own)
        if reason is not None:
            yield inside, f"{inside.display(LOSSES)} {reason}"
    missing = [output for output in outputs if output not in heads]
    if missing and heads.keys() <= outputs.keys():  # else a misspelt one is told
        yield loss, f"no loss is given for output {missing[0]!r}; {name} has the outputs {there}"


def _kind(tasks: frozenset[Task]) -> str:
    if tasks == {"multioutput"}:
        return "several outputs"
    if tasks == SEGMENTATION:
        return "segmentation"
    if tasks == {"retrieval"}:
        return "classification (judged by retrieval)"
    if tasks & CLASSIFICATION:
        return "classification"
    return "several labels at once" if "multilabel" in tasks else "regression"


def _loss_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    """Yield what is wrong with losses, whatever else the experiment holds."""
    for loss in experiment.losses:
        conflicts = _conflicts(loss, facts)
        yield from (Problem(loss.where, f"{text}.") for text in conflicts)
        yield from _head_problems(loss, experiment, facts)
        if not conflicts:
            text = _refused(loss, experiment, facts)
            if text is not None:
                yield Problem(loss.where, text)
            yield from _length_problems(loss, experiment, facts)


def _conflicts(loss: Entry, facts: Sequence[Facts]) -> tuple[str, ...]:
    """Return why the losses inside a loss do not go together, on any of the data."""
    if not facts:
        return requirements(loss).conflicts
    found = [requirements(loss, known.task, known.outputs).conflicts for known in facts]
    return found[0] if all(found) else ()


def _head_problems(
    loss: Entry, experiment: Experiment, facts: Sequence[Facts]
) -> Iterator[Problem]:
    """Yield heads that are no output of the data, and losses that do not suit theirs."""
    if loss.name != HEADS:
        return
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        if known.outputs:
            for at, text in _head_mistakes(loss, known, dataset.display(DATASETS)):
                yield Problem(at.where, text if text.endswith("?") else f"{text}.")


def _refused(loss: Entry, experiment: Experiment, facts: Sequence[Facts]) -> str | None:
    """Return why a loss suits none of the data, where that is surely a slip and not a skip."""
    if not facts:
        return None
    tasks = requirements(loss).tasks
    if not any(_same_kind(tasks, known.task) for known in facts):
        if facts[0].outputs:
            name = experiment.datasets[0].display(DATASETS)
            return f"loss {loss.name!r} is for one output; {name} {_several(facts[0])}."
        kind = _kind(frozenset({facts[0].task}))
        instead = LOSSES[loss.name].instead
        hint = f" Did you mean {instead!r}?" if instead else ""
        return (
            f"loss {loss.name!r} is for {_kind(tasks)}, but the data pose {kind}; "
            f"{_shown_by(facts[0].task)}.{hint}"
        )
    misfits = [
        _misfit(requirements(loss, known.task, known.outputs), known, dataset.display(DATASETS))
        for dataset, known in zip(experiment.datasets, facts, strict=True)
    ]
    first = misfits[0]
    return f"{loss.display(LOSSES)} {first}." if first is not None and all(misfits) else None


def _shown_by(task: Task) -> str:
    """Return how to find the losses of a task: there are too many for a message."""
    return f"`lossbench list losses --task {task}` shows those that fit"


def _length_problems(
    loss: Entry, experiment: Experiment, facts: Sequence[Facts]
) -> Iterator[Problem]:
    """Yield lists of one number per class, target or head that have another length."""
    named_facts = [
        (dataset.display(DATASETS), known)
        for dataset, known in zip(experiment.datasets, facts, strict=True)
    ]
    if loss.name == HEADS:
        yield from _number_problems(loss, named_facts)
    else:
        yield from _class_problems(loss, named_facts)
    for head, inside in loss.params[HEADS].items() if loss.name == HEADS else ():
        own = [
            (f"output {head!r} of {name}", known.of_output(output))
            for name, known in named_facts
            for output in known.outputs
            if output.name == head
        ]
        yield from _class_problems(inside, own)


def _number_problems(loss: Entry, named_facts: Sequence[tuple[str, Facts]]) -> Iterator[Problem]:
    """Yield numbers of heads that are not those of their weights or of the target columns."""
    heads, weights = loss.params[HEADS], loss.params["weights"]
    if weights is not None and len(weights) != len(heads):
        accepts = LOSSES[HEADS].params["weights"].accepts
        text = f"weights has {len(weights)} values for {len(heads)} heads"
        yield Problem(loss.where, f"{text}; {accepts}.")
    for name, known in named_facts:
        if known.n_targets and len(heads) != known.n_targets:
            yield Problem(
                loss.where,
                f"{loss.name} has {len(heads)} heads for {known.n_targets} columns of targets "
                f"in {name}; one head for each column is needed.",
            )


def _class_problems(loss: Entry, named_facts: Sequence[tuple[str, Facts]]) -> Iterator[Problem]:
    """Yield lists of one number per class that have another length."""
    for one in walk(loss):
        given = one.params if one.name != KERAS else one.params["config"]
        for key in ("alpha", "weights"):
            values = given.get(key)
            if not isinstance(values, tuple | list):
                continue
            for name, known in named_facts:
                if known.n_classes and len(values) != known.n_classes:
                    text = f"{key} has {len(values)} values, but {name} has"
                    accepts = "one number or one per class is needed"
                    yield Problem(one.where, f"{text} {known.n_classes} classes; {accepts}.")


def _nothing_left(
    experiment: Experiment, facts: Sequence[Facts], left_out: AbstractSet[tuple[str, str]]
) -> Iterator[Problem]:
    """Yield the data sets on which every loss would be skipped.

    Losses that suit none of the data are problems of their own and not counted here.
    """
    losses = [
        loss
        for loss in experiment.losses
        if _refused(loss, experiment, facts) is None
        and not _conflicts(loss, facts)
        and not any(_head_problems(loss, experiment, facts))
    ]
    augment = experiment.train.augment
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        if losses and all((name, loss.display(LOSSES)) in left_out for loss in losses):
            reasons = "; ".join(
                f"{loss.display(LOSSES)} {unsuitable(loss, known, name, augment)}"
                for loss in losses
            )
            yield Problem(
                dataset.where,
                f"no loss is left to train on {name}: {reasons}. Add another; "
                f"{_shown_by(known.task)}.",
            )


def _protocol_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    yield from _metric_problems(experiment, facts)
    delta = experiment.protocol.delta
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        averaged = known.task == "segmentation"  # every image's value may be any number
        bounded = metric_row(default_metric(experiment, known)).bounded and not averaged
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
    metric, where = metric_row(chosen), experiment.where("protocol", "metric")
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        suitable = _offered(known)
        if chosen not in suitable:
            fit = [name for name in suitable if metric_row(name).higher_is_better is not None]
            outputs = [output.name for output in known.outputs]
            is_slip = known.outputs and parted(chosen)[0] not in outputs
            hint = did_you_mean(chosen, fit) if is_slip else ""
            yield Problem(
                where,
                f"{chosen!r} does not apply to {dataset.display(DATASETS)} ({known.task}); "
                f"accepted: {', '.join(fit)}.{hint}",
            )
    if metric.higher_is_better is None:
        yield Problem(where, f"{chosen!r} has no better and worse; it cannot rank losses.")
    if metric.needs_probabilities:
        output, _ = parted(chosen)
        for loss in experiment.losses:
            if _read_by(loss, output) - PROBABILISTIC:
                yield Problem(
                    where,
                    f"{chosen!r} needs probabilities, and {loss.display(LOSSES)} gives none; "
                    "choose accuracy, or leave that loss out.",
                )


def _offered(known: Facts) -> list[str]:
    """Return the names of the metrics that are computed for a data set."""
    if known.outputs:
        return [
            named(output.name, name)
            for output in known.outputs
            for name in _offered(known.of_output(output))
        ]
    suitable = offered(
        known.task,
        n_classes=known.n_classes,
        ordered=known.ordered,
        target_kinds=known.target_kinds,
    )
    return [row.name for row in suitable]


def _read_by(loss: Entry, output: str | None) -> frozenset[str]:
    """Return how the outputs are read that a metric of an output, or of all, is computed from."""
    if output is None:
        return frozenset({requirements(loss).decode})
    inside = loss.params[HEADS].get(output) if loss.name == HEADS else None
    return frozenset() if inside is None else frozenset({requirements(inside).decode})


def _activation_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    """Yield where a softmax is asked for after a head that has not one output per class."""
    softmaxed = [
        one for one in experiment.models if one.params.get("output_activation") != "linear"
    ]
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        heads = {
            loss.display(LOSSES): requirements(loss, known.task, known.outputs).head
            for loss in experiment.losses
            if unsuitable(loss, known, name) is None
        }
        others = [loss for loss, head in heads.items() if head != "classes"]
        for model in softmaxed if others else ():
            yield Problem(
                model.where,
                f"output_activation: softmax is for losses of one output per class; on {name} "
                f"{others[0]} has other outputs ({heads[others[0]]}). Leave out one of them.",
            )

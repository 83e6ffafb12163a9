"""Losses that evidence speaks for, those that are usual, and those that a task has at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.catalog import LOSSES
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.recommend.evidence import (
    MUCH_NOISE,
    OUTLIERS,
    RARE,
    SKEWED,
    SMALL_FOREGROUND,
    ZEROS,
    Case,
    conflicts,
    is_uneven,
    noise,
    outliers,
    percent,
    rarer_share,
    to_one,
)

_BASELINES: Mapping[Task, str] = {
    "multiclass": "cross_entropy",
    "binary": "bce",
    "multilabel": "bce",
    "regression": "mse",
    "segmentation": "cross_entropy",
    "retrieval": "cross_entropy",
}
_NOTHING = "nothing measured asks for it; a usual alternative"


@dataclass(frozen=True)
class Suggestion:
    """A loss worth trying.

    Attributes:
        loss: as an experiment file has it: a name, or a mapping with `name`.
        reason: what was measured or stated that speaks for it.
    """

    loss: str | Mapping[str, Any]
    reason: str

    @property
    def name(self) -> str:
        """The name of the loss."""
        return self.loss if isinstance(self.loss, str) else str(self.loss["name"])


def evident(case: Case) -> Iterator[Suggestion]:
    """Yield the baseline, then what something stated or measured speaks for."""
    if case.facts.task in _BASELINES:
        text = "the baseline that the others are compared with"
        yield Suggestion(_BASELINES[case.facts.task], text)
    rules: tuple[Callable[[Case], Iterable[Suggestion]], ...] = (
        _for_order,
        _for_soft_labels,
        _for_noise,
        _for_uneven_classes,
        _for_rare_positives,
        _for_rare_labels,
        _for_directions,
        _for_outliers,
        _for_target_noise,
        _for_missing_labels,
        _for_amounts,
        _for_small_objects,
    )
    for rule in rules:
        yield from rule(case)


def _each(names: Iterable[str], reason: str) -> Iterator[Suggestion]:
    return (Suggestion(name, reason) for name in names)


def _for_order(case: Case) -> Iterator[Suggestion]:
    if case.facts.ordered:
        reason = f"the {case.facts.n_classes} classes have an order (stated)"
        yield from _each(("coral", "corn", "emd", "sord"), reason)


def _for_soft_labels(case: Case) -> Iterator[Suggestion]:
    classes = case.classes
    if case.facts.soft_targets and classes is not None and classes.soft is not None:
        reason = (
            f"{percent(classes.soft)} of the training labels are shares of several classes "
            f"(mean entropy {classes.entropy:.2g} nats)"
        )
        yield from _each(("brier", "js_divergence", "label_smoothing"), reason)


def _for_noise(case: Case) -> Iterator[Suggestion]:
    found = noise(case) or conflicts(case)
    if found is None or case.facts.task not in CLASSIFICATION:
        return
    rate, reason = found
    names = ["gce", "label_smoothing", "brier"]
    if rate >= MUCH_NOISE:
        names = ["gce", "sce", "nce_rce"]
        names += ["mae_softmax"] if case.facts.n_classes <= 10 else []
    yield from _each(names, reason)


def _for_uneven_classes(case: Case) -> Iterator[Suggestion]:
    classes = case.classes
    if case.facts.task != "multiclass" or classes is None or not is_uneven(classes):
        return
    counts = classes.counts["train"]
    reason = f"training classes have {max(counts):,} to {min(counts):,} images ({to_one(classes)})"
    yield from _each(("balanced_softmax", "class_balanced", "weighted_ce"), reason)


def _for_rare_positives(case: Case) -> Iterator[Suggestion]:
    rarer = rarer_share(case)
    if rarer is not None and rarer < RARE:
        reason = f"the rarer of the two classes is {percent(rarer)} of the training images"
        yield from _each(("weighted_bce", "binary_focal", "pairwise_auc"), reason)


def _for_rare_labels(case: Case) -> Iterator[Suggestion]:
    labels = case.targets.labels
    if labels is None:
        return
    rarest = min(labels.prevalence)
    if rarest < RARE:
        reason = f"the rarest label holds for {percent(rarest)} of the training images"
        yield from _each(("weighted_bce", "asl", "binary_focal"), reason)
    if len(labels.prevalence) >= 5:
        reason = (
            f"an image has {labels.mean:.2g} of {len(labels.prevalence)} labels, "
            f"{percent(labels.none)} have none"
        )
        yield from _each(("zlpr",), reason)


def _for_directions(case: Case) -> Iterator[Suggestion]:
    if case.facts.unit_targets:
        yield Suggestion("cosine", "targets are directions: vectors of length 1")


def _for_outliers(case: Case) -> Iterator[Suggestion]:
    found = outliers(case)
    if found is not None:
        share, reason = found
        names = ["mae", "huber", "student_t_nll"] + (["cauchy"] if share >= 5 * OUTLIERS else [])
        yield from _each(names, reason)


def _for_target_noise(case: Case) -> Iterator[Suggestion]:
    declared = case.damage.get("target_noise")
    if declared is None:
        return
    asked = declared["asked"]
    reason = (
        f"noise on the training targets (declared: {asked['type']}, scale {asked['scale']:g} "
        "standard deviations)"
    )
    uneven = asked["type"] == "heteroscedastic"
    robust = ("mae", "huber", "student_t_nll")
    yield from _each(("gaussian_nll", "beta_nll", "laplace_nll") if uneven else robust, reason)


def _for_missing_labels(case: Case) -> Iterator[Suggestion]:
    declared = case.damage.get("missing_labels")
    if declared is not None and case.targets.labels is not None:
        share = percent(declared["asked"]["rate"])
        reason = f"{share} of the positive labels are written down as absent (declared)"
        yield from _each(("asl", "zlpr"), reason)


def _for_amounts(case: Case) -> Iterator[Suggestion]:
    if not case.targets.values or (case.facts.target_min or 0.0) < 0:
        return
    zeros = max(one.zeros for one in case.targets.values)
    skewness = max(one.skewness or 0.0 for one in case.targets.values)
    mean = case.targets.values[0].mean
    if "counts" in case.facts.target_kinds:
        text = f"targets are whole numbers from 0 (mean {mean:.3g}, {percent(zeros)} zeros)"
        yield Suggestion("poisson", text)
    elif zeros > ZEROS and "nonnegative" in case.facts.target_kinds:
        yield Suggestion("tweedie", f"{percent(zeros)} of the targets are 0, the others above it")
    if skewness > SKEWED:
        text = f"no target is negative and they are skewed ({skewness:.2g}): ratios may count"
        yield from _each(("gamma_deviance", "msle"), text)


def _for_small_objects(case: Case) -> Iterator[Suggestion]:
    masks = case.targets.masks
    if masks is not None and 1 - masks.pixels[0] < SMALL_FOREGROUND:
        reason = f"{percent(1 - masks.pixels[0])} of the pixels are not background"
        yield from _each(("dice", "tversky", "focal", "focal_tversky"), reason)


def usual(case: Case) -> Iterator[Suggestion]:
    """Yield what is tried where nothing was found."""
    names: Mapping[Task, tuple[str, ...]] = {
        "multiclass": ("label_smoothing", "brier", "poly1", "crammer_singer"),
        "binary": ("binary_focal", "weighted_bce", "binary_hinge", "brier"),
        "multilabel": ("asl", "zlpr", "binary_hinge", "binary_focal"),
        "regression": ("mae", "huber", "log_cosh"),
        "segmentation": ("dice", "tversky", "focal", "jaccard"),
        "retrieval": ("triplet", "multi_similarity", "proxy_anchor", "arcface"),
    }
    yield from _each(names.get(case.facts.task, ()), _NOTHING)


def of_the_task(case: Case) -> Iterator[Suggestion]:
    """Yield the losses of the catalogue in its order; those for other tasks are left out later."""
    for row in LOSSES:
        open_ones = any(parameter.required for parameter in row.params.values())
        if row.role == "loss" and not open_ones:
            yield Suggestion(row.name, f"made for {case.facts.task}; {_NOTHING}")

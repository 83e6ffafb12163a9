"""What stands out about a data set, in a few sentences that each give the number and a step."""

import math
from collections.abc import Iterator

from lossbench.catalog import Facts
from lossbench.datasets.inspected import Inspection
from lossbench.recommend.evidence import (
    RARE,
    SMALL_FOREGROUND,
    Case,
    chosen_metric,
    is_uneven,
    noise,
    outliers,
    percent,
    rarer_share,
    to_one,
)

_FEW_IMAGES = 1000
_FEW_OF_A_CLASS = 100
_FEW_TESTS = 1000
MOST = 6
"""Sentences that are worth reading."""


def findings(facts: Facts, seen: Inspection) -> tuple[str, ...]:
    """Say what stands out and what to do about it, the most important first.

    Args:
        facts: what the data set says of itself.
        seen: what was measured.

    Returns:
        One to six sentences.

    Source:
        Thresholds stand in `evidence` and at the top of this module.
    """
    share = seen.duplicates.conflicting / max(1, sum(seen.images.read.values()))
    cases = {"": Case(facts, seen.targets, seen.damage, share)}
    if facts.outputs:
        cases = {
            f"{output.name}: ": Case(
                facts.of_output(output), seen.outputs[output.name], seen.damage, share
            )
            for output in facts.outputs
        }
    found = [*_of_images(seen)]
    for name, case in cases.items():
        found += [name + text for text in _of_targets(case)]
    found += _of_sizes(facts, seen)
    if not found:
        metric, _ = chosen_metric(next(iter(cases.values())))
        found.append(f"Nothing stands out: {metric} and the usual losses are a fair start.")
        found.append(
            "Nothing measured asks for another loss, so that differences are likely small: say "
            "first which one would matter (protocol.delta)."
        )
    return tuple(found[:MOST])


def _of_images(seen: Inspection) -> Iterator[str]:
    same = seen.duplicates
    if same.test:
        yield (
            f"{_images(same.test, 'of the test part')} also in training or validation: scores "
            "flatter who learns by heart. Take them out of one side."
        )
    if same.conflicts and "label_noise" not in seen.damage:
        sets = "1 set" if same.conflicts == 1 else f"{same.conflicts:,} sets"
        yield (
            f"{sets} of equal images have different targets: some of these are wrong. Try a loss "
            "for noisy labels, such as gce, or mae for numbers."
        )
    if same.validation:
        yield (
            f"{_images(same.validation, 'of validation')} also in training: the chosen epoch comes "
            "too late."
        )
    constant = sum(seen.images.constant.values())
    if constant:
        yield f"{_images(constant, 'of all')} of one single value: nothing can be learned there."


def _images(n: int, which: str) -> str:
    return f"1 image {which} is" if n == 1 else f"{n:,} images {which} are"


def _of_targets(case: Case) -> Iterator[str]:
    yield from _of_classes(case)
    told = noise(case)
    if told is not None:
        yield (
            f"{_sentence(told[1])}: try gce or sce beside {_baseline(case)}, and judge on a clean "
            "test part."
        )
    far = outliers(case)
    if far is not None:
        metric, _ = chosen_metric(case)
        yield f"{_sentence(far[1])}: try mae and huber beside mse, and judge by {metric}."
    labels = case.targets.labels
    if labels is not None and min(labels.prevalence) < RARE:
        yield (
            f"The rarest label holds for {percent(min(labels.prevalence))} of the images: judge "
            "by mean_average_precision, and try weighted_bce and asl."
        )
    masks = case.targets.masks
    if masks is not None and 1 - masks.pixels[0] < SMALL_FOREGROUND:
        yield (
            f"{percent(1 - masks.pixels[0])} of the pixels are not background: try dice and "
            "tversky beside cross_entropy."
        )
    values = case.targets.values
    if far is None and any((one.skewness or 0) > 1 and not one.negatives for one in values):
        yield "Targets are skewed and never negative: a loss of ratios or counts may suit."


def _of_classes(case: Case) -> Iterator[str]:
    classes, rarer = case.classes, rarer_share(case)
    if rarer is not None and rarer < RARE:
        yield (
            f"The rarer class is {percent(rarer)} of the training images: judge by "
            "average_precision, and try weighted_bce and binary_focal."
        )
    elif classes is not None and case.facts.task != "binary" and is_uneven(classes):
        yield (
            f"Classes are uneven ({to_one(classes)}): judge by balanced_accuracy, and try "
            "balanced_softmax and class_balanced."
        )
    few = classes is not None and 0 < min(classes.counts["train"]) < _FEW_OF_A_CLASS
    if classes is not None and few and sum(classes.counts["train"]) >= _FEW_IMAGES:
        yield (
            f"The smallest class has {min(classes.counts['train'])} training images: runs will "
            "differ much. Use more seeds, 8 or more."
        )
    if case.facts.ordered:
        yield "Classes have an order: judge by quadratic_kappa, and try coral and corn."
    if classes is not None and classes.soft:
        yield (
            f"{percent(classes.soft)} of the labels are shares of several classes: only losses "
            "that take distributions are possible."
        )


def _baseline(case: Case) -> str:
    return "bce" if case.facts.task == "binary" else "cross_entropy"


def _of_sizes(facts: Facts, seen: Inspection) -> Iterator[str]:
    n, tests = seen.sizes["train"], seen.sizes["test"]
    if n < _FEW_IMAGES:
        yield f"{n:,} training images are few: runs will differ much. Use 8 seeds or more."
    if 0 < tests < _FEW_TESTS and facts.n_classes and facts.task != "multilabel":
        points = 100 * math.sqrt(0.25 / tests)
        yield (
            f"{tests:,} test images are few: a share is known to {points:.1f} points at best "
            "(one standard error near one half)."
        )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]

"""What is known of the targets of one output: stated, declared or measured, as numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.catalog import Facts
from lossbench.catalog.losses import CLASSIFICATION
from lossbench.catalog.metrics import metric_row
from lossbench.datasets.inspected import Classes, Targets

UNEVEN = 1.5  # largest class by smallest; from there on accuracy flatters
RARE = 0.2  # share of the rarer answer below which a loss for rare positives is tried
OUTLIERS = 0.01  # share of the targets; of normal ones 0.05 % are called outliers
SKEWED = 1.0  # skewness from which on a logarithm may suit
ZEROS = 0.05  # share of targets that are exactly 0
CONFLICTS = 0.005  # share of images with an equal image labelled otherwise
NOISE = 0.02  # least share of wrong labels that two standard errors must leave
MUCH_NOISE = 0.15
SMALL_FOREGROUND = 0.2  # share of the pixels


@dataclass(frozen=True)
class Case:
    """One output and all that is known of it.

    Attributes:
        facts: what the data set says of itself.
        targets: what was measured.
        damage: what was done on purpose.
        conflicting: share of images with an equal image whose target differs.
    """

    facts: Facts
    targets: Targets
    damage: Mapping[str, Any]
    conflicting: float

    @property
    def classes(self) -> Classes | None:
        """One class an image, or None."""
        return self.targets.classes


def noise(case: Case) -> tuple[float, str] | None:
    """Return the share of training labels that are wrong and how it is known; None if unknown.

    Declared noise is known; else it is estimated.
    """
    declared = case.damage.get("label_noise")
    if declared is not None:
        asked, rate = declared["asked"], declared["done"]["train"]["rate"]
        kind = asked["type"] + (f", rate {asked['rate']:g}" if "rate" in asked else "")
        return rate, f"{percent(rate)} of the training labels are wrong (declared: {kind})"
    told = case.targets.disagreement
    if told is not None and told.noise is not None and told.error is not None:
        if told.noise - 2 * told.error >= NOISE:
            return told.noise, (
                f"about {percent(told.noise)} (+- {percent(2 * told.error)}) of the training "
                "labels look wrong (estimate, beyond what the test part has)"
            )
    return None


def conflicts(case: Case) -> tuple[float, str] | None:
    """Return the share of images whose label an equal image contradicts; None if few."""
    if case.conflicting < CONFLICTS:
        return None
    text = f"{percent(case.conflicting)} of the images have an equal one labelled otherwise"
    return case.conflicting, text


def outliers(case: Case) -> tuple[float, str] | None:
    """Return the share of training targets that are outliers and how it is known; None if few.

    Targets whose logarithms have no outliers are skewed, and not called so.
    """
    declared = case.damage.get("outliers")
    if declared is not None and declared["asked"]["rate"]:
        asked = declared["asked"]
        return asked["rate"], (
            f"{percent(asked['rate'])} of the training targets are moved by {asked['size']:g} "
            "standard deviations (declared)"
        )
    far = [
        (one.outliers, one.above or 0.0)
        for one in case.targets.values
        if one.outliers and (one.log_outliers is None or one.log_outliers > OUTLIERS)
    ]
    if not far or max(far)[0] <= OUTLIERS:
        return None
    share, above = max(far)
    where = "all above" if above == share else "all below" if not above else "on both sides of"
    return share, (
        f"{percent(share)} of the training targets lie more than 3.5 robust deviations from the "
        f"median, {where} it"
    )


def rarer_share(case: Case) -> float | None:
    """Return the share of the rarer of two classes in training; None for other data."""
    if case.facts.task != "binary" or case.classes is None:
        return None
    counts = case.classes.counts["train"]
    return min(counts) / max(1, sum(counts))


def is_uneven(classes: Classes) -> bool:
    """Return whether the training classes differ so much that rare ones may be ignored."""
    return classes.ratio is None or classes.ratio > UNEVEN


def to_one(classes: Classes) -> str:
    """Return how uneven they are, in words."""
    return "one has none" if classes.ratio is None else f"{classes.ratio:.3g} to 1"


def chosen_metric(case: Case) -> tuple[str, str]:
    """Return the metric to judge by and why."""
    task, classes = case.facts.task, case.classes
    if (
        task == "multiclass"
        and classes is not None
        and not case.facts.ordered
        and is_uneven(classes)
    ):
        text = f"classes are uneven ({to_one(classes)}): accuracy flatters who ignores rare ones"
        return "balanced_accuracy", text
    if task == "binary":
        return "average_precision", "of a model that guesses it is the share of positives"
    if case.facts.unit_targets:
        return "angular_error", "targets are directions"
    if outliers(case) is not None:
        far = max((one.test_outliers or 0.0) for one in case.targets.values)
        if far > OUTLIERS:
            text = f"{percent(far)} of the test targets are as far off: they would decide a mean"
            return "median_ae", text
        return "mae", f"outliers in training, but only {percent(far)} in the test part"
    return case.facts.metric, "usual for such data"


def smallest_difference(metric: str, case: Case, n_test: int) -> float | None:
    """Return a difference in a metric that may matter, and that the test part can show.

    Half a point for a bounded metric, or more where few test images are there; 2 % of the robust
    deviation for errors in target units. A starting point: what matters is the user's to say.

    Args:
        metric: its name.
        case: the output that it belongs to.
        n_test: test images.

    Source:
        Project default.
    """
    row = metric_row(metric)
    if row.bounded or row.name in ("quadratic_kappa", "mcc"):
        return max(0.005, round(5 / max(n_test, 1), 3))
    values = case.targets.values
    if row.name in ("rmse", "mae", "median_ae") and values:
        scale = values[0].scale or values[0].deviation
        return float(f"{0.02 * scale:.1g}") if scale > 0 else None
    return 1.0 if row.name == "angular_error" else None


def measured(case: Case) -> Iterator[str]:
    """Yield what was estimated, with its doubt."""
    told = case.targets.disagreement
    if "label_noise" in case.damage or told is None or told.noise is None or told.error is None:
        return
    yield (
        f"wrong labels: about {percent(told.noise)} (+- {percent(2 * told.error)}), an estimate "
        "for labels wrong at random, if those of the test part are right; at most "
        f"{percent(told.training)}, which a simple classifier misses, overlap of the classes "
        "included"
    )


def unmeasured(case: Case) -> Iterator[str]:
    """Yield what would decide between losses and is not known."""
    told = case.targets.disagreement
    if case.facts.task in CLASSIFICATION and "label_noise" not in case.damage:
        if told is None:
            yield "wrong labels: too few images, too many classes, or labels that are shares"
        elif told.noise is None:
            yield f"wrong labels: {told.reason}"
    if case.facts.task == "regression" and "target_noise" not in case.damage:
        yield "whether noise differs between images: gaussian_nll and beta_nll are for that"
    if case.facts.task in ("binary", "multilabel"):
        yield "what a miss costs against a false alarm: that is yours to say"


def percent(share: float) -> str:
    """Return a share with two digits: 0.5 %, 34 %."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.2g} %"

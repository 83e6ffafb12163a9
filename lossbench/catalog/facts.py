"""What a plan needs to know of a data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lossbench.catalog.losses import Task
from lossbench.catalog.outputs import Output
from lossbench.catalog.target_kinds import TargetKinds, target_kinds


@dataclass(frozen=True)
class Facts:
    """What a plan needs to know of a data set, found without decoding its images.

    Attributes:
        task: the task that the targets pose.
        image_shape: height, width and channels, in pixels.
        n_classes: number of classes, or of labels that may hold together; 0 for regression.
        n_targets: number of values per target; 0 for classification.
        n_train: training images, after a subset and without validation; where each seed has a
            split of its own, those of seed 0, as all sizes. Of `kfold` no fold has fewer. Other
            seeds differ by an image a class, or where groups stay together by more.
        n_validation: validation images.
        n_test: test images; of a module's `describe` 0 where the data have no test set.
        soft_targets: whether labels are shares of the classes and not one class.
        class_names: one name a class or label; empty for regression.
        metric: the metric that suits these data where the experiment names none.
        content_sha256: hash of the user's own file; None for data by name.
        needs_download: whether the file is not on this machine and `prepare` must fetch it.
        ordered: whether the classes have an order, that of their indices.
        target_min: least regression target, of the test part and before a subset too; None for
            classification.
        has_zero_target: whether a regression target is 0.
        whole_targets: whether all regression targets are whole numbers.
        unit_targets: whether they are directions: two values or more of Euclidean norm 1.
        outputs: the outputs of data that have several, whose task is `multioutput`; else empty.
            Numbers of classes and targets are theirs then, and 0 here.
        train_counts: training images of each class, before labels are made wrong; one number where
            images have not one class each.
        validation_counts: the same of validation.
        optimum: the best possible value of some metrics on the test, in the mean over all test sets
            like it, where that is known.
        unreadable: names of the user's image files that are left out, as far as their headers tell.
        test_counts: test images of each class; empty where images have not one class each or
            nobody asks (the data set has no parameter `retrieval`).
        grouped: whether images belong to groups that stay together.
    """

    task: Task
    image_shape: tuple[int, int, int]
    n_classes: int
    n_targets: int
    n_train: int
    n_validation: int
    n_test: int
    soft_targets: bool
    class_names: tuple[str, ...]
    metric: str
    content_sha256: str | None = None
    needs_download: bool = False
    ordered: bool = False
    target_min: float | None = None
    has_zero_target: bool = False
    whole_targets: bool = False
    unit_targets: bool = False
    train_counts: tuple[int, ...] = ()
    validation_counts: tuple[int, ...] = ()
    test_counts: tuple[int, ...] = ()
    outputs: tuple[Output, ...] = ()
    optimum: Mapping[str, float] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    grouped: bool = False

    def of_output(self, output: Output) -> "Facts":
        """Return what is known of the same images with one of the outputs alone."""
        return replace(
            self,
            task=output.task,
            n_classes=len(output.class_names),
            n_targets=output.n_targets,
            class_names=output.class_names,
            metric=output.metric,
            target_min=output.target_min,
            has_zero_target=output.has_zero_target,
            whole_targets=output.whole_targets,
            unit_targets=output.unit_targets,
            outputs=(),
            optimum={},
        )

    @property
    def target_kinds(self) -> TargetKinds:
        """What losses and metrics may ask of the regression targets; `any` alone for classes."""
        return target_kinds(
            target_min=self.target_min,
            has_zero_target=self.has_zero_target,
            whole_targets=self.whole_targets,
            unit_targets=self.unit_targets,
        )

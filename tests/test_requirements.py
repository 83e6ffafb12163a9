"""What losses need: those of the catalogue, and those made of others."""

from typing import Any

import pytest

from lossbench.catalog import LOSSES, Output
from lossbench.catalog.losses import TASKS
from lossbench.config.entries import default_entry, plain
from lossbench.records import own_weights
from lossbench.requirements import Requirements, requirements


def loss(name: str, **params: Any) -> dict[str, Any]:
    """A loss as `job.json` has it."""
    row = LOSSES[name]
    complete = {
        key: plain(default_entry(p.default)) if key == "base" else p.default
        for key, p in row.params.items()
        if not p.required
    }
    return {"name": name, "params": complete | params}


def summed(*losses: dict[str, Any]) -> dict[str, Any]:
    return {"name": "sum", "params": {"terms": [{"loss": x, "weight": 1.0} for x in losses]}}


@pytest.mark.parametrize("name", [row.name for row in LOSSES if row.role == "loss"])
def test_a_row_says_what_a_plain_loss_needs(name: str) -> None:
    if name in ("custom", "keras"):
        return
    row, found = LOSSES[name], requirements(default_entry(name))
    assert found.tasks == row.serves
    for attribute in ("head", "decode", "soft", "needs", "batches", "scaled", "ordered", "masks"):
        assert getattr(found, attribute) == getattr(row, attribute), attribute
    assert [w.name for w in found.weights] == [w.name for w in row.weights]
    assert found.conflicts == ()
    assert found == requirements(loss(name)), "an entry and its record say the same"


def test_the_width_may_follow_from_a_parameter() -> None:
    assert requirements(loss("quantile", quantile=0.5)).width == 1
    assert requirements(loss("quantile", quantile=[0.1, 0.5, 0.9])).width == 3
    assert requirements(loss("hl_gauss", bins=31)).width == 31


def test_a_wrapper_takes_after_its_base() -> None:
    base = loss("sigmoid_bce")
    found = requirements(loss("drw", base=loss("class_balanced", base=base)))
    assert (found.head, found.decode) == ("classes", "shifted_sigmoid")
    assert found.decode_params == base["params"]
    assert found.needs == {"class_counts", "epoch", "epochs"}


def test_a_wrapper_needs_a_value_for_each_example() -> None:
    found = requirements(loss("class_balanced", base=loss("supcon")))
    assert found.conflicts == (
        "class_balanced weighs single examples, and supcon gives one value for the whole batch",
    )


def test_the_first_loss_of_a_sum_decides() -> None:
    first = loss("logit_norm", temperature=0.1)
    found = requirements(summed(loss("l2_weights"), first, loss("logit_norm")))
    assert found.decode_params == {"temperature": 0.1}
    assert found.decode == "normalised_softmax"
    assert found.needs == {"kernels"}
    assert not found.batchwise, "a penalty is the same for every example"


def test_needs_and_limits_of_a_sum_are_those_of_all_terms() -> None:
    found = requirements(summed(loss("cross_entropy"), loss("weighted_ce"), loss("crammer_singer")))
    assert found.needs == {"class_counts"}
    assert not found.soft
    targets = requirements(summed(loss("msle"), loss("msle"))).targets
    assert targets == "nonnegative"
    both = requirements(summed(loss("smape"), loss("mape")))
    assert (both.targets, both.scaled) == ("nonzero", False)


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        (("mse", "mape"), "must see targets on the same scale: mse standardised, mape as they are"),
        (("mse", "gaussian_nll"), "need the same head: mse has targets, gaussian_nll has targets "
         "(2 outputs per target)"),
        (("cross_entropy", "bce"), "need the same head: cross_entropy has classes, bce has binary"),
        (("cross_entropy", "bi_tempered"), "must read outputs alike: cross_entropy as softmax, "
         "bi_tempered as tempered_softmax"),
    ],
)  # fmt: skip
def test_terms_that_do_not_go_together(losses: tuple[str, ...], says: str) -> None:
    (text,) = requirements(summed(*map(loss, losses))).conflicts
    assert text == f"the terms of a sum {says}"


@pytest.fixture
def custom(tmp_path):
    (tmp_path / "m.py").write_text(
        "def f(y, z, *, class_counts, epoch=0, scale=1): ...\n"
        "class C:\n"
        "    def __init__(self, epochs): ...\n"
        "    def __call__(self, y, z, embeddings): ...\n"
    )

    def make(name: str, task: str | None = None, **params: Any) -> dict[str, Any]:
        target = f"{tmp_path}/m.py:{name}"
        return {"name": "custom", "params": {"target": target, "params": params, "task": task}}

    return make


@pytest.mark.parametrize(
    ("stated", "posed", "head", "decode"),
    [
        (None, None, "classes", "softmax"),
        (None, "multiclass", "classes", "softmax"),
        (None, "binary", "classes", "softmax"),
        (None, "multilabel", "binary", "sigmoid"),
        (None, "regression", "targets", "identity"),
        ("binary", "binary", "binary", "sigmoid"),
        ("regression", None, "targets", "identity"),
    ],
)
def test_a_custom_loss(custom, stated, posed, head, decode) -> None:
    found = requirements(custom("f", stated), posed)
    assert (found.head, found.decode) == (head, decode)
    pixelwise = {"segmentation"} if stated in ("multiclass", "binary") else set()
    assert found.tasks == ({stated} | pixelwise if stated else set(TASKS))
    assert found.needs == {"class_counts"}, "without a default"


def test_what_custom_losses_need(custom) -> None:
    assert requirements(custom("f", class_counts=[1, 2])).needs == frozenset()
    assert requirements(custom("C")).needs == {"epochs", "embeddings"}
    assert requirements(summed(loss("bce"), custom("f"))).needs == {"class_counts"}


def test_a_custom_loss_in_a_sum_takes_the_outputs_of_the_others(custom) -> None:
    found = requirements(summed(custom("f"), loss("bce")))
    assert (found.head, found.decode, found.conflicts) == ("binary", "sigmoid", ())
    (text,) = requirements(summed(custom("f", "multiclass"), loss("bce"))).conflicts
    assert text == "the terms of a sum need the same head: f has classes, bce has binary"


def keras(class_name: str, **config: Any) -> Requirements:
    return requirements({"name": "keras", "params": {"class_name": class_name, "config": config}})


def test_objects_of_keras() -> None:
    assert keras("Huber", delta=2.0).decode_params == {"delta": 2.0}
    assert (keras("Poisson").decode, keras("Poisson").scaled) == ("exp", False)
    assert keras("Dice").batchwise
    assert not keras("Dice", axis=-1).batchwise
    assert keras("Circle").batches == "grouped"


def heads(weighting: str = "fixed", **inside: Any) -> dict[str, Any]:
    each = [{"head": name, "loss": one} for name, one in inside.items()]
    return loss("heads", heads=each, weighting=weighting)


def test_heads_have_a_column_each() -> None:
    found = requirements(heads(a=loss("gaussian_nll"), b=loss("gaussian_nll")))
    assert found.tasks == {"regression", "multioutput"}
    assert (found.width, found.heads, found.each) == (2, ("a", "b"), ())
    assert (found.needs, found.weights) == (frozenset(), ())


def test_what_the_weighting_of_heads_needs() -> None:
    inside = {"a": loss("mse"), "b": loss("mae"), "c": loss("mae")}
    (weight,) = requirements(heads("uncertainty", **inside)).weights
    assert (weight.name, weight.shape, weight.initial) == ("log_variances", (3,), 0.0)
    assert requirements(heads("uncertainty", **inside)).needs == frozenset()
    assert requirements(heads("dwa", **inside)).needs == {"head_losses"}
    assert requirements(heads("dwa", **inside)).weights == ()


def test_own_weights_of_one_name_get_longer_ones() -> None:
    adaptive = loss("barron_adaptive")
    assert [w.name for w in requirements(summed(adaptive, loss("mse"))).weights] == [
        weight.name for weight in LOSSES["barron_adaptive"].weights
    ]
    two = heads("uncertainty", **{"a": adaptive, "x y": adaptive})
    local = [weight.name for weight in LOSSES["barron_adaptive"].weights]
    assert [weight.name for weight in requirements(two).weights] == [
        "log_variances",
        *(f"heads_a_{name}" for name in local),
        *(f"heads_x_y_{name}" for name in local),
    ]
    assert [(path, name) for path, name, _ in own_weights(two)][1] == (("heads", "a"), local[0])


DIGIT = Output(
    name="digit", task="multiclass", columns=(0, 1), class_names=tuple("ab"), n_targets=0,
    metric="accuracy",
)  # fmt: skip
PLACE = Output(
    name="place", task="regression", columns=(1, 3), class_names=(), n_targets=2, metric="rmse"
)


def of_outputs(record: dict[str, Any]) -> Requirements:
    return requirements(record, "multioutput", (DIGIT, PLACE))


def test_heads_of_several_outputs_keep_their_needs_apart() -> None:
    inside = {"place": loss("gaussian_nll"), "digit": loss("weighted_ce")}
    found = of_outputs(heads(**inside))
    assert (found.tasks, found.head, found.decode) == ({"multioutput"}, "per_output", "per_output")
    assert (found.heads, found.conflicts) == (("place", "digit"), ())
    assert [(of.head, of.decode, of.width) for of in found.each] == [
        ("targets", "location", 2),
        ("classes", "softmax", 1),
    ]
    assert found.needs == {"class_counts", "head_columns"}
    assert of_outputs(heads("dwa", **inside)).needs == found.needs | {"head_losses"}
    assert found.scaled and not of_outputs(heads(digit=loss("bce"), place=loss("poisson"))).scaled


def test_losses_that_cannot_share_targets_are_taken_for_several_outputs() -> None:
    mixed = requirements(heads(a=loss("mse"), b=loss("cross_entropy")))
    assert (mixed.tasks, mixed.conflicts, len(mixed.each)) == ({"multioutput"}, (), 2)
    wide = heads(a=loss("mse"), b=loss("gaussian_nll"))
    assert requirements(wide).tasks == {"multioutput"}
    assert "need the same head" in requirements(wide, "regression").conflicts[0]


def test_a_custom_loss_takes_the_task_of_its_output(custom) -> None:
    digit, place = of_outputs(heads(digit=custom("f"), place=custom("f"))).each
    assert (digit.head, place.head) == ("classes", "targets")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cosface", "all heads share one linear layer, and cosface, the loss of 'digit', needs "
         "another kind of head (cosine)"),
        ("coral", "all heads share one linear layer, and coral, the loss of 'digit', needs another "
         "kind of head (coral)"),
        ("supcon", "all heads share one linear layer, and supcon, the loss of 'digit', needs "
         "another kind of head (embedding)"),
    ],
)  # fmt: skip
def test_heads_share_one_layer(name: str, says: str) -> None:
    assert of_outputs(heads(digit=loss(name), place=loss("mse"))).conflicts == (says,)


def test_heads_share_the_batches() -> None:
    (name, *_) = (
        row.name for row in LOSSES if row.batches == "both_classes" and row.role == "loss"
    )
    (text,) = of_outputs(heads(digit=loss(name), place=loss("mse"))).conflicts
    assert text.startswith(f"all heads share the batches, and {name}, the loss of 'digit', needs")


def test_losses_of_overlap_take_the_head_of_the_others_on_masks() -> None:
    for terms in (("bce", "dice"), ("dice", "bce")):
        found = requirements(summed(*map(loss, terms)), "segmentation")
        assert (found.head, found.decode, found.conflicts) == ("binary", "sign", ())
        assert not found.masks, "a loss of single pixels among them has one output"
    for terms in (("cross_entropy", "dice"), ("lovasz_hinge", "focal")):
        found = requirements(summed(*map(loss, terms)), "segmentation")
        assert (found.head, found.decode, found.conflicts) == ("classes", "margins", ())
    found = requirements(summed(loss("dice"), loss("jaccard")), "segmentation")
    assert (found.head, found.decode, found.masks) == ("binary", "sign", True)
    assert requirements(loss("bce"), "segmentation").decode == "sigmoid"


def test_losses_of_overlap_beside_others_on_labels_of_images() -> None:
    found = requirements(summed(loss("bce"), loss("dice")), "binary")
    assert (found.decode, found.conflicts) == ("sign", ())
    (text,) = requirements(summed(loss("cross_entropy"), loss("dice")), "binary").conflicts
    assert text.endswith("need the same head: cross_entropy has classes, dice has binary")
    assert requirements(summed(loss("cross_entropy"), loss("dice"))).conflicts == ()


def test_a_reading_of_its_own_does_not_go_with_overlap() -> None:
    terms = summed(loss("logit_norm"), loss("dice"))
    (text,) = requirements(terms, "segmentation").conflicts
    assert "need the same head" in text or "must read outputs alike" in text


def test_wrappers_weigh_pixels_and_no_masks() -> None:
    counted = loss("class_balanced", base=loss("focal"), beta=0.9)
    found = requirements(counted, "segmentation")
    assert "segmentation" in found.tasks and found.conflicts == ()
    masks = loss("class_balanced", base=loss("dice"), beta=0.9)
    (text,) = requirements(masks, "segmentation").conflicts
    assert text == "class_balanced weighs single pixels, and dice compares whole masks"
    assert requirements(masks, "binary").conflicts == ()


def test_custom_losses_on_masks(custom) -> None:
    for stated, masks in ((None, True), ("segmentation", True), ("multiclass", False)):
        found = requirements(custom("f", stated), "segmentation")
        assert "segmentation" in found.tasks
        assert (found.head, found.masks) == ("classes", masks)
    assert requirements(custom("f", "binary"), "segmentation").head == "binary"
    assert "segmentation" not in requirements(custom("f", "regression")).tasks
    assert "segmentation" not in requirements(custom("C", "multiclass")).tasks, "an embedding"


def test_objects_of_keras_on_masks() -> None:
    def of(name: str) -> Any:
        return requirements({"name": "keras", "params": {"class_name": name, "config": {}}})

    assert "segmentation" in of("BinaryFocalCrossentropy").tasks
    assert "segmentation" not in of("Dice").tasks, "one value for the whole batch"
    assert "segmentation" not in of("Huber").tasks

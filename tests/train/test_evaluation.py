"""What a network is measured by: one output of a data set, or several."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench.datasets import Part, Splits
from lossbench.datasets.labels import Labels
from lossbench.datasets.several import join
from lossbench.requirements import requirements
from lossbench.train import evaluation
from lossbench.train.final_evaluation import _collapsed
from tests.test_requirements import heads, loss

KIND = np.array([0, 1, 2, 1], np.int32)
PLACE = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 9.0]], np.float32)
RIGHT = np.column_stack([4.0 * np.eye(3)[KIND], PLACE])


def several():
    labels = Labels("multiclass", KIND, KIND, tuple("abc")), Labels("regression", PLACE, PLACE, ())
    joined = join(dict(zip(("kind", "place"), labels, strict=True)))
    part = Part(np.zeros((4, 1, 1, 1), np.uint8), joined.train, np.arange(4))
    return Splits(part, part, part, "multioutput", (), outputs=joined.outputs)


def answers(kind="cross_entropy"):
    splits = several()
    record = heads(place=loss("mse"), kind=loss(kind))
    return evaluation.answers(splits, requirements(record, splits.task, splits.outputs))


def test_scores_stand_in_the_order_of_the_data():
    kind, place = answers()
    assert (kind.columns, place.columns) == ((0, 3), (3, 5))
    assert (kind.probabilistic, place.probabilistic) == (True, False)
    assert kind.metric("accuracy") == "kind.accuracy"
    np.testing.assert_array_equal(kind.truth(several().train.targets), KIND)
    np.testing.assert_array_equal(place.own(RIGHT), PLACE)


def test_each_output_is_measured_by_its_own_task():
    found = evaluation.measure(answers(), several().test.targets, RIGHT, {"kind": 2.0})
    values = {(row.metric, row.stage): row.value for row in found}
    assert values["kind.accuracy", "raw"] == 1.0
    assert values["place.rmse", "raw"] == 0.0
    assert values["kind.nll", "raw"] == pytest.approx(np.log(1 + 2 * np.exp(-4)))
    assert values["kind.nll", "temperature"] == pytest.approx(np.log(1 + 2 * np.exp(-2)))
    assert not any(metric.startswith("place.nll") for metric, _ in values)


def test_probabilities_are_measured_where_the_loss_of_the_output_gives_them():
    found = evaluation.measure(answers("crammer_singer"), several().test.targets, RIGHT)
    assert "kind.nll" not in {row.metric for row in found}


def test_temperatures_are_those_of_the_outputs_that_have_one():
    assert evaluation.Evaluation([], {}, {None: 1.5}).temperature == 1.5
    assert evaluation.Evaluation([], {}, {"kind": 1.5}).temperature == {"kind": 1.5}
    assert evaluation.Evaluation([], {}).temperature is None


def test_a_single_output_is_measured_as_it_is():
    part = Part(np.zeros((4, 1, 1, 1), np.uint8), KIND, np.arange(4))
    splits = Splits(part, part, part, "multiclass", tuple("abc"))
    (only,) = evaluation.answers(splits, requirements(loss("brier"), "multiclass"))
    assert (only.metric("accuracy"), only.probabilistic) == ("accuracy", True)
    assert only.truth(KIND) is KIND and only.own(RIGHT) is RIGHT


@pytest.mark.parametrize("name", ["kind", "place"])
def test_an_output_alone_may_collapse(name):
    scores = RIGHT.copy()
    if name == "kind":
        scores[:, :3] = [1.0, 0.0, 0.0]
    else:
        scores[:, 3:] = np.median(PLACE, axis=0)
    state = evaluation.Evaluation([], {"validation": scores})
    assert [_collapsed(answer, state) for answer in answers()] == [name == "kind", name == "place"]


def test_classes_of_masks_are_counted_in_pixels():
    masks = np.array([[[0, 0, 1], [0, 2, 1]], [[0, 0, 0], [0, 0, 2]]], np.uint8)
    part = Part(np.zeros((2, 2, 3, 1), np.uint8), masks, np.arange(2))
    splits = Splits(part, part, part, "segmentation", ("background", "a", "b"))
    assert evaluation.class_counts(splits) == (8, 2, 2)
    rare = replace(splits, class_names=("background", "a", "b", "in no training mask"))
    assert evaluation.class_counts(rare) == (8, 2, 2, 1)
    scores = np.eye(3)[masks]
    scores[0, 0, 2] = [1.0, 0.0, 0.0]
    assert evaluation.confusion(part, scores) == [[8, 0, 0], [1, 1, 0], [0, 0, 2]]


def test_the_probe_of_large_masks_is_smaller():
    assert len(evaluation.probe(5000)) == len(evaluation.probe(5000, 32 * 32)) == 2000
    few = evaluation.probe(5000, 512 * 512)
    assert len(few) == 16
    assert len(evaluation.probe(5000, 10**9)) == 1


class Network:
    """A network that has learnt to give certain outputs for each example."""

    def __init__(self, outputs, targets):
        self.outputs, self.targets = outputs, targets

    def read(self, indices):
        return indices

    def predict_on_batch(self, batch):
        return self.outputs[batch]


def evaluated(task, kind, targets, scores):
    """Evaluate where the first two of six examples are training, the next validation."""
    parts = [
        Part(np.zeros((2, 1, 1, 1), np.uint8), targets[at : at + 2], np.arange(at, at + 2))
        for at in (0, 2, 4)
    ]
    splits = Splits(*parts, task, tuple("abc")[: scores.shape[1]])
    measured = evaluation.answers(splits, requirements(loss(kind), task))
    reading = evaluation.Reading("softmax", {}, None, scores.shape[1], None, np.arange(2))
    return evaluation.evaluate(
        Network(scores, targets),
        evaluation.make_resident(splits),
        measured,
        at="last",
        reading=reading,
        validation_scores=scores[2:4],
    )


def by_split(found, name):
    return {row["split"]: row["value"] for row in found.rows if row["metric"] == name}


def test_thresholds_are_chosen_on_validation_and_used_elsewhere():
    preference = np.array([9.0, -9.0, 1.0, 0.5, 2.0, 0.9])
    scores = np.column_stack([np.zeros(6), preference])
    found = evaluated("binary", "cross_entropy", np.array([1, 0, 1, 0, 1, 1]), scores)
    assert found.threshold == [1.0]
    assert by_split(found, "recall_at_precision_90") == {"train": 1.0, "test": 0.5}


def test_labels_have_a_threshold_each():
    labels = np.array([[0, 1], [1, 0], [1, 0], [0, 1], [1, 1], [0, 0]], np.float32)
    scores = np.array([[0, 9], [9, 0], [-3, 0], [-4, 5], [-3, 4], [-9, 0]], float)
    found = evaluated("multilabel", "bce", labels, scores)
    assert found.threshold == [-3.0, 5.0]
    # test: the first label is found, the second is missed
    assert by_split(found, "micro_f1_tuned")["test"] == pytest.approx(2 / 3)
    assert "validation" not in by_split(found, "micro_f1_tuned")


def test_classes_are_grouped_by_their_training_examples():
    targets = np.array([0, 0, 1, 1, 0, 1])
    found = evaluated("multiclass", "cross_entropy", targets, np.eye(3)[[0, 1, 1, 0, 0, 0]])
    assert by_split(found, "few_recall") == {"train": 0.5, "validation": 0.5, "test": 0.5}
    assert not by_split(found, "many_recall") and found.threshold is None


def test_thresholds_are_told_by_output():
    by_name = {"kind": np.array([0.5]), "tags": np.array([1.0, 2.0])}
    assert evaluation.Evaluation([], {}, {}, by_name).threshold == {
        "kind": [0.5],
        "tags": [1.0, 2.0],
    }


def test_training_counts_go_to_the_output_that_they_are_of():
    counts = {"kind": (500, 50, 5)}
    found = evaluation.measure(answers(), several().test.targets, RIGHT, train_counts=counts)
    groups = {row.metric for row in found if row.metric.endswith(("many_recall", "few_recall"))}
    assert groups == {"kind.many_recall", "kind.few_recall"}

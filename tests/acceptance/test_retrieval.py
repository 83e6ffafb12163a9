"""Embeddings of classes that training never saw, from the file to the results."""

import csv
import json

import numpy as np
import pytest

from lossbench.metrics import retrieval

CONFIG = """
name: embed
dataset: {name: mnist_mini, subset: 300, retrieval: {held_out_classes: 3}}
model: tiny_cnn
losses: [cross_entropy, triplet, arcface, {name: drw, base: ldam}]
seeds: 1
train: {epochs: 2, batch_size: 32}
"""


@pytest.mark.slow
def test_losses_of_every_kind_are_judged_by_their_embeddings(lossbench):
    out, _ = lossbench("run", lossbench.write("e.yaml", CONFIG))
    assert "map_at_r on test in points" in out
    folder = lossbench.cwd / "runs/embed"
    with (folder / "runs.csv").open(newline="") as file:
        rows = {row["loss"]: row for row in csv.DictReader(file)}
    assert {row["status"] for row in rows.values()} == {"ok"}
    sizes = {}
    for loss, row in rows.items():
        job = folder / "jobs" / row["job_id"]
        result = json.loads((job / "result.json").read_text())
        assert result["task"] == "retrieval"
        assert result["selection_metric"] == "map_at_r"
        assert result["confusion"] is None and result["temperature"] is None
        told = {m["metric"]: m["value"] for m in result["metrics"] if m["split"] == "test"}
        assert set(told) == {"map_at_r", "r_precision", "recall_at_1", "recall_at_5", "nmi"}
        with np.load(job / "predictions.npz") as stored:
            embeddings, truth = stored["embeddings"], stored["y_true"]
            assert "scores" not in stored
            assert len(stored["validation_embeddings"]) == 30
        assert embeddings.dtype == np.float32
        assert set(truth) == {7, 8, 9}
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)
        sizes[loss] = embeddings.shape
        at_selected = {
            m["metric"]: m["value"]
            for m in result["metrics"]
            if (m["split"], m["at"]) == ("test", "selected")
        }
        # float32 may swap two that are nearly equally near
        found = retrieval.map_at_r(truth, embeddings)
        assert at_selected["map_at_r"] == pytest.approx(found, abs=1e-4)
    # features before the head where the loss has classes, its output where it has distances
    assert sizes["triplet"] == (300, 64)
    assert sizes["cross_entropy"] == sizes["arcface"] == (300, 16)
    with (folder / "per_class.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == []
    again, _ = lossbench("run", "e.yaml")
    assert "0 trained now" in again


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("held_out_classes: 3", "held_out_classes: 9"), "is 9 of 10 classes; 0 or 2 to 8 is"),
        (("held_out_classes: 3", "held_out: 3"), "{held_out_classes: a whole number >= 2"),
        (("[cross", "[mse, cross"), "loss 'mse' is for regression, but the data pose class"),
        (("[cross", "[coral, cross"), "coral needs classes that have an order"),
        (("seeds", "protocol: {metric: accuracy}\nseeds"), "accepted: map_at_r, r_precision, "),
        (("mnist_mini, subset: 300", "synthetic_regression"), "has no parameter 'retrieval'"),
    ],
)
def test_what_does_not_suit_is_refused(lossbench, changed, says):
    lossbench.write("e.yaml", CONFIG.replace(*changed))
    _, err = lossbench("validate", "e.yaml", code=2)
    assert says in err, err


def test_a_loss_of_two_classes_is_skipped_aloud(lossbench):
    lossbench.write("e.yaml", CONFIG.replace("[cross", "[bce, cross"))
    out, _ = lossbench("plan", "e.yaml")
    assert "bce tells two classes apart by one output; " in " ".join(out.split())


def test_lists_are_filtered_by_the_task(lossbench):
    names = {
        kind: [row["name"] for row in json.loads(out)]
        for kind in ("losses", "datasets", "metrics")
        for out, _ in [lossbench("list", kind, "--task", "retrieval", "--json")]
    }
    assert {"cross_entropy", "triplet", "arcface", "center"} <= set(names["losses"])
    assert not {"bce", "mse", "asl"} & set(names["losses"])
    assert {"mnist_mini", "mnist", "npz"} <= set(names["datasets"])
    assert not {"synthetic_regression", "digit_position"} & set(names["datasets"])
    assert names["metrics"] == ["map_at_r", "r_precision", "recall_at_1", "recall_at_5", "nmi"]

"""Losses that bring a head, features, own weights or batches of their own."""

import csv
import json

import pytest

CONFIG = """
name: heads
dataset: {{name: mnist_mini, subset: 256}}
model: tiny_cnn
losses: {losses}
seeds: 2
train: {{epochs: 2, batch_size: 32}}
"""


def test_a_loss_with_a_head_gets_a_control_beside_the_comparison(lossbench):
    path = lossbench.write(
        "e.yaml", CONFIG.format(losses="[cross_entropy, {name: cosface, scale: 16.0}]")
    )
    planned, _ = lossbench("plan", path)
    assert "cross_entropy + cosine head, scale 16 (head controls)" in planned
    assert "6 jobs" in planned
    out, _ = lossbench("run", path)
    assert "(Holm, 1 loss)" in out
    assert "beside them, cross-entropy with the head that a loss brought along:" in out
    assert "HEAD_DIFFERS (cosface[scale=16])" in out
    with (lossbench.cwd / "runs/heads/plan.csv").open(newline="") as file:
        planned_as = {row["loss"]: row["planned"] for row in csv.DictReader(file)}
    assert planned_as == {
        "cross_entropy": "yes",
        "cosface[scale=16]": "yes",
        "cross_entropy + cosine head, scale 16": "control",
    }
    (found,) = json.loads(lossbench("compare", "runs/heads", "--json")[0])["comparisons"]
    assert {row["loss"] for row in found["rows"]} == {"cross_entropy", "cosface[scale=16]"}
    assert [row["loss"] for row in found["controls"]] == ["cross_entropy + cosine head, scale 16"]
    out, _ = lossbench("run", path)
    assert "0 trained now" in out


@pytest.mark.parametrize(
    "losses",
    [
        "[{name: cosine_softmax, temperature: 0.0625}, {name: cosface, scale: 16.0}]",
        "[cross_entropy, {name: cosface, scale: 16.0}]\nprotocol: {head_controls: false}",
    ],
)
def test_no_control_where_it_is_listed_or_not_wanted(lossbench, losses):
    planned, _ = lossbench("plan", lossbench.write("e.yaml", CONFIG.format(losses=losses)))
    assert "beside" not in planned


def test_own_weights_features_and_groups(lossbench):
    """Centres and proxies are trained, and an interrupted job goes on with them."""
    losses = "[center, proxy_anchor, supcon, {name: sphereface, margin: 2}]"
    path = lossbench.write("e.yaml", CONFIG.format(losses=losses))
    lossbench("run", path)
    with (lossbench.cwd / "runs/heads/runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["ok"] * 8
    jobs = lossbench.cwd / "runs/heads/jobs"
    results = [json.loads((jobs / row["job_id"] / "result.json").read_text()) for row in rows]
    heads = {row["loss"]: result["head"] for row, result in zip(rows, results, strict=True)}
    assert heads == {
        "center": "classes",
        "proxy_anchor": "embedding",
        "supcon": "embedding",
        "sphereface[margin=2]": "cosine",
    }
    kinds = {row["loss"]: result["batches"] for row, result in zip(rows, results, strict=True)}
    assert kinds["supcon"] == "grouped" and kinds["center"] == "shuffled"

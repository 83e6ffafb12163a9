"""What must be equal between losses is recorded, and a loss that draws numbers moves none of it."""

import json
import subprocess
import sys

import pytest

from lossbench import store
from lossbench.train import assembly, evaluation
from tests.train.test_scale_control import run_all, steps

TEXT = """
dataset: {name: mnist_mini, subset: 100}
model: {name: tiny_cnn, dropout: 0.5}
losses: [cross_entropy]
seeds: [3, 4]
train: {epochs: 2, batch_size: 32, augment: [shift]}
protocol: {head_controls: false}
"""

DRAWS = """
import keras
from keras import ops


def cross(labels, outputs):
    return keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=True)


def drawing(labels, outputs):
    noise = keras.random.normal(ops.shape(labels))
    return cross(labels, outputs) + 0.0 * ops.cast(noise, "float32")
"""


def test_everything_that_must_be_equal_is_recorded(tmp_path):
    found = run_all(tmp_path, TEXT, "losses=[cross_entropy, center_loss]")
    for seed in (3, 4):
        plain, centred = (found[name, seed][1] for name in ("cross_entropy", "center"))
        for key in (
            "init_sha256",
            "head_init_sha256",
            "order_sha256",
            "augmentation_sha256",
            "split_sha256",
            "label_sha256",
        ):
            assert len(plain[key]) == 64 and plain[key] == centred[key], key
        assert plain["loss_init_sha256"] is None and len(centred["loss_init_sha256"]) == 64
        for key in ("dtype_policy", "device", "backend", "versions", "threads", "epochs"):
            assert plain[key] == centred[key], key
    first, second = (found["cross_entropy", seed][1] for seed in (3, 4))
    for key in ("init_sha256", "order_sha256", "augmentation_sha256"):
        assert first[key] != second[key], key


def test_own_weights_are_hashed_as_they_are_drawn(tmp_path):
    text = TEXT.replace("losses: [cross_entropy]", "losses: [proxy_anchor]")
    retrieval = "dataset={name: mnist_mini, subset: 100, retrieval: {held_out_classes: 3}}"
    found = run_all(tmp_path, text, retrieval)
    hashes = {result["loss_init_sha256"] for _, result in found.values()}
    assert len(hashes) == 2 and None not in hashes, "proxies are drawn from the seed"


def test_a_loss_that_draws_numbers_moves_neither_masks_nor_order(tmp_path):
    (tmp_path / "own.py").write_text(DRAWS)
    found = run_all(
        tmp_path,
        TEXT,
        "losses=[{name: custom, target: 'own.py:cross'},{name: custom, target: 'own.py:drawing'}]",
    )
    for seed in (3, 4):
        (a, quiet), (b, drawing) = found["cross", seed], found["drawing", seed]
        assert quiet["status"] == drawing["status"] == "ok", drawing
        assert (steps(a) == steps(b)).all()
        assert quiet["order_sha256"] == drawing["order_sha256"]


def test_the_test_is_counted_once_and_again_where_a_result_was_lost(tmp_path, monkeypatch):
    def lost(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("lossbench.train.job.store.write_result", lost)
        with pytest.raises(KeyboardInterrupt):
            run_all(tmp_path, TEXT, "seeds=[3]")
    (job,) = (tmp_path / "jobs").iterdir()
    assert not (job / "result.json").exists()
    assert json.loads((job / "test_evaluations.json").read_text()) == {"count": 1}
    assembly._kept.clear()
    found = run_all(tmp_path, TEXT, "seeds=[3]")
    assert found["cross_entropy", 3][1]["test_eval_count"] == 2


def test_an_evaluation_that_breaks_off_counts_and_a_broken_training_does_not(tmp_path, monkeypatch):
    real, seen = evaluation.predict, []

    def failing(fed, indices, reading, look=None):
        seen.append(len(indices))
        if look is not None:  # of the test
            raise RuntimeError("no power")
        return real(fed, indices, reading)

    with monkeypatch.context() as patched:
        patched.setattr(evaluation, "predict", failing)
        ((folder, result),) = run_all(tmp_path, TEXT, "seeds=[3]").values()
    assert (result["status"], store.read_result(folder)["status"]) == ("error", "error")
    store.forget_failure(folder)
    ((_, result),) = run_all(tmp_path, TEXT, "seeds=[3]").values()
    assert (result["status"], result["test_eval_count"]) == ("ok", 2)
    diverging = "optimizer={name: sgd, learning_rate: 1.0e30}"
    ((folder, result),) = run_all(tmp_path, TEXT, "seeds=[3]", diverging).values()
    assert result["status"] in ("nan", "diverged") and "test_eval_count" not in result
    assert not (folder / "test_evaluations.json").exists()


TORCH = """
import sys
from pathlib import Path

from lossbench.train import environment

environment.set_up(1, "torch")
from tests.train.test_scale_control import run_all, steps

folder = Path(sys.argv[1])
losses = "losses=[{name: custom, target: 'own.py:cross'},{name: custom, target: 'own.py:drawing'}]"
found = run_all(folder, sys.argv[2], losses, "seeds=[3]", "train.backend=torch")
print(*("same" if (steps(found["cross", 3][0]) == steps(found["drawing", 3][0])).all() else "no",))
"""

GLOBAL = """
import keras
import torch


def cross(labels, outputs):
    return keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=True)


def drawing(labels, outputs):
    torch.randn(5)
    return cross(labels, outputs)
"""


@pytest.mark.slow
def test_nor_does_one_that_draws_from_pytorchs_global_generator(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "own.py").write_text(GLOBAL)
    done = subprocess.run(
        [sys.executable, "-c", TORCH, str(tmp_path), TEXT], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == "same"

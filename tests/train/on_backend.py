"""What `test_backends.py` asks of a backend, in a process of its own, since a process has one.

python -m tests.train.on_backend BACKEND FOLDER basics|families > answers.json
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

TRAINING = """
dataset: {name: mnist_mini, subset: 250}
model: seed_cnn
losses: [cross_entropy]
seeds: [3]
train: {epochs: 5, batch_size: 23}
"""
"""225 training images: ten steps an epoch, the last one smaller, 50 in all."""

SMALL = """
dataset: {name: mnist_mini, subset: 60}
model: tiny_cnn
losses: [cross_entropy]
seeds: [3]
train: {epochs: 2, batch_size: 16}
protocol: {head_controls: false}
"""

FINE_TUNED = """
dataset: {{name: mnist_mini, subset: 60}}
model: {{name: keras_file, path: {path}, inputs: unit, dropout: 0.2}}
losses: [cross_entropy]
seeds: [3]
schedule: cosine
train:
  epochs: 3
  batch_size: 16
  average: {{type: ema}}
  l2: 0.001
  stages:
    - {{epochs: 2, trainable: none}}
    - {{epochs: 1, trainable: {{last: 2}}, learning_rate_factor: 0.1}}
protocol: {{head_controls: false}}
"""

OWN = """
from keras import ops


def asymmetric(labels, outputs, under=3.0):
    residual = outputs - labels
    return ops.mean(ops.where(residual < 0, under, 1.0) * ops.square(residual), axis=-1)
"""

HEADS = "losses=[{name: heads, heads: {digit: cross_entropy, position: huber}, weighting: dwa}]"
MASKS = "dataset={name: synthetic_segmentation, n: 40, n_test: 10, image_size: 16}"
TARGETS = "dataset={name: synthetic_regression, n: 60, n_test: 20, image_size: 10}"

FAMILIES = {
    "embeddings and own weights": ["losses=[center]"],
    "embedding head, class-balanced batches": ["losses=[triplet]"],
    "cosine head": ["losses=[arcface]"],
    "schedule and counts": ["losses=[{name: drw, start: 0.5, base: ldam}]"],
    "heads that look back": ["dataset={name: digit_position, subset: 60}", HEADS],
    "own function": [TARGETS, "losses=[{name: custom, target: 'own.py:asymmetric'}]"],
    "kernels": [
        TARGETS,
        "losses=[{name: sum, terms: [{loss: mse}, {loss: l2_weights, weight: 0.01}]}]",
    ],
    "whole batch": [
        "dataset={name: synthetic_imbalanced, n: 80, n_test: 30, ratio: 2, image_size: 10}",
        "losses=[auc_margin]",
    ],
    "masks": [MASKS, "model=unet_small", "losses=[dice]", "train.augment=[flip, shift]"],
    "retrieval": [
        "dataset={name: mnist_mini, subset: 100, retrieval: {held_out_classes: 3}}",
        "losses=[proxy_anchor]",
    ],
    "mixup": ["losses=[focal]", "train.augment=[flip, crop, cutout, mixup]"],
    "cutmix": ["losses=[brier]", "train.augment=[shift, cutmix]"],
}
"""One loss for each thing that the runner does for a loss, with the change that asks for it."""


def steps_of(folder):
    """The loss of each step of a job."""
    lines = (folder / "steps.csv").read_text().splitlines()[1:]
    return [float(line.split(",")[1]) for line in lines]


def train(folder, name, *changes, text=SMALL, **options):
    """Run a job in a folder of its own; what it came to, and all its numbers."""
    from tests.train.test_job import numbers, run

    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "own.py").write_text(OWN)
    job, result = run(place, *changes, text=text, **options)
    return job, result, numbers(job, result) if result["status"] == "ok" else None


def fifty_steps(folder):
    """Train 50 steps in a job, and again with its network, which another seed has trained.

    Writes the weights after the second time; returns the loss of each step of both.
    """
    from lossbench.train import assembly, settling

    job, _, _ = train(folder, "fifty", text=TRAINING)
    train(folder, "other", "seeds=[4]", text=TRAINING)
    setting = settling.settle(json.loads((job / "job.json").read_text()))
    fed, _ = assembly.assemble(setting)
    losses = []
    for epoch in range(1, 6):
        fed.begin_epoch(epoch)
        fed.fit(fed.batches(setting.order(epoch), 23), shuffle=False, verbose=0)
        losses += fed.read_step_losses().tolist()
    np.savez(folder / "weights.npz", *(np.array(w) for w in fed.network.get_weights()))
    return {"again": losses, "steps": steps_of(job)}


def interrupted(folder, *changes):
    """Whether a job that is stopped after its first epoch ends as if it were not."""
    from lossbench.train import assembly, watch

    assembly.forget()
    _, _, whole = train(folder, "whole", *changes)
    assembly.forget()
    stop, real = folder / "stop", watch.Watch.epoch

    def epoch(self, state):
        real(self, state)
        stop.touch()

    watch.LOOK_EVERY_S, watch.Watch.epoch = 0.0, epoch
    _, result, _ = train(folder, "parts", *changes, stop=stop)
    watch.Watch.epoch = real
    stop.unlink()
    assembly.forget()
    _, _, parts = train(folder, "parts", *changes)
    return {"first": result["status"], "identical": parts == whole}


def streamed(folder):
    """Whether images that are read while training give the numbers of those in memory."""
    changes = "losses=[focal]", "train.augment=[flip, cutmix]"
    found = [train(folder, f"b{b:g}", *changes, memory_budget_mib=b)[1:] for b in (2048.0, 0.0)]
    assert [result["streamed"] for result, _ in found] == [False, True]
    return found[0][1] == found[1][1]


def fine_tuned(folder):
    """Stages on a backbone with averaged weights and a schedule; and again, after another seed."""
    import keras
    from keras import layers

    os.environ["LOSSBENCH_CACHE"] = str(folder / "cache")
    images = keras.Input((28, 28, 1))
    x = layers.Conv2D(4, 3, strides=4, activation="relu")(images)
    x = layers.Conv2D(8, 3, strides=2)(layers.BatchNormalization()(x))
    keras.Model(images, x).save(folder / "backbone.keras")
    text = FINE_TUNED.format(path=folder / "backbone.keras")
    _, result, first = train(folder, "tuned", text=text)
    train(folder, "tuned_other", "seeds=[4]", text=text)
    _, _, again = train(folder, "tuned_again", text=text)
    return {"status": result["status"], "message": result["message"], "identical": first == again}


def processor_share():
    """Processor time over wall time while a network trains: how many threads work at once."""
    import time

    from lossbench import models
    from lossbench.train.backends import compiles

    rng = np.random.default_rng(0)
    network = models.build("seed_cnn", {}, (28, 28, 1), 10)
    network.compile("sgd", "mse", jit_compile=compiles())
    x, y = rng.normal(size=(128, 28, 28, 1)), rng.normal(size=(128, 10))
    network.train_on_batch(x, y)
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(8):
        network.train_on_batch(x, y)
    return (time.process_time() - processor) / (time.perf_counter() - wall)


def out_of_memory():
    """Whether an allocation that cannot be is known for what it is."""
    import resource

    from keras import ops

    from lossbench.train.backends import is_out_of_memory

    held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (held + 2**32, resource.RLIM_INFINITY))
    many = ops.ones((10**6,))
    try:
        float(ops.sum(ops.sort(ops.outer(many, many), axis=-1)))
    except Exception as error:
        return is_out_of_memory(error)
    return False


def basics(folder):
    """The promises that a backend must keep."""
    answers = {
        "fifty": fifty_steps(folder),
        "loaded": sorted({"tensorflow", "jax", "torch"} & set(sys.modules)),
        "interrupted": interrupted(folder, "model={name: tiny_cnn, dropout: 0.3}"),
        "fine_tuned": fine_tuned(folder),
        "processor_share": processor_share(),
    }
    result = json.loads(next(folder.glob("fifty/jobs/*/result.json")).read_text())
    answers["result"] = {k: result[k] for k in ("backend", "device", "versions", "threads")}
    if sys.platform == "linux":
        answers["out_of_memory"] = out_of_memory()
    return answers


def families(folder):
    """What becomes of a loss of each family."""
    found = {}
    for i, (name, changes) in enumerate(FAMILIES.items()):
        job, result, _ = train(folder, str(i), *changes)
        said = {key: result[key] for key in ("status", "message")}
        found[name] = said | {"steps": steps_of(job) if result["status"] == "ok" else []}
    return {"families": found, "streamed": streamed(folder)}


if __name__ == "__main__":
    from lossbench.train import environment

    environment.set_up(1, sys.argv[1])
    asked = {"basics": basics, "families": families}[sys.argv[3]]
    print(json.dumps(asked(Path(sys.argv[2]))))

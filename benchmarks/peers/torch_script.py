"""What a competent user writes by hand with PyTorch: a loop over losses and seeds.

    python torch_script.py --losses cross_entropy,focal --seeds 3 > accuracies.json

Batches are slices of a shuffled index, which is faster here than a DataLoader.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def focal(outputs, labels, gamma=2.0):
    """Cross-entropy in which examples that are already right count less."""
    log_p = functional.log_softmax(outputs, dim=1).gather(1, labels[:, None])[:, 0]
    return (-((1 - log_p.exp()) ** gamma) * log_p).mean()


def brier(outputs, labels):
    """Squared distance of the probabilities to the one-hot label."""
    targets = functional.one_hot(labels, outputs.shape[1])
    return ((outputs.softmax(dim=1) - targets) ** 2).sum(dim=1).mean()


LOSSES = {
    "cross_entropy": nn.CrossEntropyLoss(),
    "label_smoothing": nn.CrossEntropyLoss(label_smoothing=0.1),
    "focal": focal,
    "brier": brier,
}


def load(n_images):
    """Return train, validation and test as pairs of scaled float32 images and class indices."""
    with np.load(Path(os.environ["LOSSBENCH_DATA"]) / "mnist.npz") as file:
        x, y = file["x_train"][:n_images], file["y_train"][:n_images]
        x_test, y_test = file["x_test"], file["y_test"]
    x, x_test = (torch.from_numpy(a[:, None].astype("float32") / 255) for a in (x, x_test))
    y, y_test = (torch.from_numpy(a.astype("int64")) for a in (y, y_test))
    n_train = n_images - n_images // 10
    return (x[:n_train], y[:n_train]), (x[n_train:], y[n_train:]), (x_test, y_test)


def build():
    """Return the tutorials' network with a linear head."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1600, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def train_epoch(model, optimizer, loss, images, labels):
    """Train one pass in a random order."""
    model.train()
    for index in torch.randperm(len(labels)).split(128):
        optimizer.zero_grad()
        loss(model(images[index]), labels[index]).backward()
        optimizer.step()


@torch.no_grad()
def accuracy(model, images, labels):
    """Return the share of images whose largest output is that of the label."""
    model.eval()
    right = [
        (model(x).argmax(dim=1) == y).sum().item()
        for x, y in zip(images.split(512), labels.split(512), strict=True)
    ]
    return sum(right) / len(labels)


def main():
    """Train every loss from every seed, one run after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", default=",".join(LOSSES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves it to PyTorch")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    train, validation, test = load(args.images)
    runs = []
    for name in args.losses.split(","):
        for seed in range(args.seeds):
            torch.manual_seed(seed)
            model = build()
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for _ in range(args.epochs):
                train_epoch(model, optimizer, LOSSES[name], *train)
                accuracy(model, *validation)
            runs.append({"loss": name, "seed": seed, "accuracy": accuracy(model, *test)})
    json.dump({"runs": runs, "version": torch.__version__}, sys.stdout)


if __name__ == "__main__":
    main()

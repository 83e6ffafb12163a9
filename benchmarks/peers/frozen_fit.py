"""A frozen network fitted with Keras as its guide shows it; prints how long each part takes.

python frozen_fit.py --epochs 2 > seconds.json

The first epoch includes tracing; from the second on all take the same time.
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from frozen_data import LOSSES, load, network


class Clock(keras.callbacks.Callback):
    """Notes how long each epoch takes, validation included."""

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop it."""
        self.seconds = [*getattr(self, "seconds", []), time.perf_counter() - self.started]


def main():
    """Fit one loss from one seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2222)
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    train, validation, test = load(args.images)
    keras.utils.set_random_seed(0)
    started = time.perf_counter()
    model = network()
    model.compile("adam", LOSSES["cross_entropy"], metrics=["accuracy"])
    build = time.perf_counter() - started
    clock = Clock()
    model.fit(
        *train,
        epochs=args.epochs,
        batch_size=128,
        validation_data=validation,
        callbacks=[clock],
        verbose=0,
    )
    started = time.perf_counter()
    _, accuracy = model.evaluate(*test, batch_size=128, verbose=0)
    seconds = {"build": build, "epochs": clock.seconds, "test": time.perf_counter() - started}
    json.dump({**seconds, "accuracy": accuracy}, sys.stdout)


if __name__ == "__main__":
    main()

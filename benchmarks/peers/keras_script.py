"""What a competent user writes by hand with Keras: a loop over losses and seeds around `fit`.

python keras_script.py --losses cross_entropy,focal --seeds 3 > accuracies.json
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


def focal(y_true, y_pred, gamma=2.0):
    """Cross-entropy in which examples that are already right count less."""
    log_p = ops.log_softmax(y_pred)
    p = ops.exp(log_p)
    return -ops.sum(y_true * (1 - p) ** gamma * log_p, axis=-1)


def brier(y_true, y_pred):
    """Squared distance of the probabilities to the one-hot label."""
    return ops.sum(ops.square(ops.softmax(y_pred) - y_true), axis=-1)


LOSSES = {
    "cross_entropy": keras.losses.CategoricalCrossentropy(from_logits=True),
    "label_smoothing": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    "focal": focal,
    "brier": brier,
}


def load(n_images):
    """Return train, validation and test as pairs of scaled float32 images and one-hot labels."""
    with np.load(Path(os.environ["LOSSBENCH_DATA"]) / "mnist.npz") as file:
        x, y = file["x_train"][:n_images], file["y_train"][:n_images]
        x_test, y_test = file["x_test"], file["y_test"]
    x, x_test = (a[..., None].astype("float32") / 255 for a in (x, x_test))
    y, y_test = (keras.utils.to_categorical(a, 10) for a in (y, y_test))
    n_train = n_images - n_images // 10
    return (x[:n_train], y[:n_train]), (x[n_train:], y[n_train:]), (x_test, y_test)


def build():
    """Return the tutorials' network with a linear head."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),
        ]
    )


def main():
    """Train every loss from every seed, one run after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", default=",".join(LOSSES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves it to TensorFlow")
    args = parser.parse_args()
    if args.threads:
        tf.config.threading.set_intra_op_parallelism_threads(args.threads)
        tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    train, validation, test = load(args.images)
    runs = []
    for name in args.losses.split(","):
        for seed in range(args.seeds):
            keras.backend.clear_session()
            keras.utils.set_random_seed(seed)
            model = build()
            model.compile(optimizer="adam", loss=LOSSES[name], metrics=["accuracy"])
            model.fit(
                *train,
                epochs=args.epochs,
                batch_size=128,
                validation_data=validation,
                verbose=0,
            )
            _, accuracy = model.evaluate(*test, batch_size=512, verbose=0)
            runs.append({"loss": name, "seed": seed, "accuracy": accuracy})
    json.dump({"runs": runs}, sys.stdout)


if __name__ == "__main__":
    main()

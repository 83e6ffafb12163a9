"""What a competent user writes by hand: a frozen network runs once, heads are fitted to features.

python frozen_cached.py --losses cross_entropy,focal --seeds 3 > accuracies.json
"""

import argparse
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from frozen_data import LOSSES, load, network


def main():
    """Train a head with every loss from every seed, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", default=",".join(LOSSES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=2222)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0, help="taken for the sake of the others")
    args = parser.parse_args()
    whole = network()
    frozen = keras.Model(whole.input, whole.get_layer("pool").output)
    train, validation, test = (
        (frozen.predict(images, batch_size=128, verbose=0), labels)
        for images, labels in load(args.images)
    )
    runs = []
    for name in args.losses.split(","):
        for seed in range(args.seeds):
            keras.utils.set_random_seed(seed)
            head = keras.Sequential([keras.Input(train[0].shape[1:]), keras.layers.Dense(10)])
            head.compile("adam", LOSSES[name], metrics=["accuracy"])
            head.fit(
                *train,
                epochs=args.epochs,
                batch_size=128,
                validation_data=validation,
                verbose=0,
            )
            _, accuracy = head.evaluate(*test, batch_size=512, verbose=0)
            runs.append({"loss": name, "seed": seed, "accuracy": accuracy})
    json.dump({"runs": runs}, sys.stdout)


if __name__ == "__main__":
    main()

"""Writes own-data/: digits as PNG files, for own-folder.yaml and own-csv.yaml.

It stands for data of your own, which come as files already.
"""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from lossbench import datasets

FOLDER = Path(__file__).parent / "own-data"


def slant(image):
    """Return by how many degrees a digit leans to the right, from its second moments."""
    ink = image[..., 0] / image.sum()
    y, x = np.indices(ink.shape)
    y, x = y - (ink * y).sum(), x - (ink * x).sum()
    return np.degrees(np.arctan2(-(ink * x * y).sum(), (ink * y * y).sum()))


def main():
    splits = datasets.load("mnist_mini", {"subset": 1000})
    rows = []
    for name, folder in (("train", "train"), ("validation", "train"), ("test", "test")):
        part = getattr(splits, name)
        for image, label, number in zip(part.images, part.targets, part.ids, strict=True):
            file = Path("digits", folder, str(label), f"{number}.png")
            (FOLDER / file).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(FOLDER / file)
            rows.append((file.as_posix(), f"{slant(image):.3f}", folder))
    with (FOLDER / "slants.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "slant", "part"), *rows])
    print(f"{len(rows)} images and a table of their slants are in {FOLDER}")


if __name__ == "__main__":
    main()

"""Record what pytorch-metric-learning's AccuracyCalculator says of drawn embeddings.

Run by hand from the repository's root, in an environment with torch and the library but without
TensorFlow (`lossbench` is not imported), when the inputs change or the library is to be renewed:

    pip install torch pytorch-metric-learning
    python -m tests.metrics.recorded.record

Recorded with Python 3.11, torch 2.13.0 (CPU), NumPy 2.4.6 and pytorch-metric-learning 2.9.0.
Inputs are drawn from fixed seeds, so that a second run writes the same file.
"""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
FILE = HERE / "pytorch_metric_learning.json"
NAMES = {
    "map_at_r": "mean_average_precision_at_r",
    "r_precision": "r_precision",
    "recall_at_1": "precision_at_1",
}
"""Our metrics and the library's."""
CASES = {"balanced": [6, 6, 6, 6], "uneven": [15, 8, 4, 2], "lonely": [7, 5, 3, 1, 1]}
"""Images of each class; where a class has one alone, this finds nothing and is not asked."""


def draw(name: str) -> dict[str, Any]:
    """Return labels and embeddings, multiples of 1/256 so that decimals write them exactly."""
    rng = np.random.default_rng(list(CASES).index(name))
    labels = rng.permutation(np.repeat(np.arange(len(CASES[name])), CASES[name]))
    means = rng.normal(size=(len(CASES[name]), 3))
    embeddings = means[labels] + rng.normal(size=(len(labels), 3))
    return {"labels": labels, "embeddings": np.round(embeddings * 256) / 256}


def record() -> None:
    """Compute the values and write the file."""
    import torch
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    calculator = AccuracyCalculator(
        include=tuple(NAMES.values()), k="max_bin_count", knn_func=CustomKNN(CosineSimilarity())
    )
    found = {}
    for name in CASES:
        made = draw(name)
        values = calculator.get_accuracy(
            torch.tensor(made["embeddings"], dtype=torch.float64), torch.tensor(made["labels"])
        )
        found[name] = {
            **{key: array.tolist() for key, array in made.items()},
            "values": {ours: float(values[theirs]) for ours, theirs in NAMES.items()},
        }
    content = {
        "library": "pytorch-metric-learning",
        "version": importlib.metadata.version("pytorch-metric-learning"),
        "call": "AccuracyCalculator(k='max_bin_count', knn_func=CustomKNN(CosineSimilarity()))",
        "cases": found,
    }
    FILE.write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()

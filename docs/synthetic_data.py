"""Write docs/synthetic-data.md: the synthetic data sets, and the best that can be reached on them.

python docs/synthetic_data.py > docs/synthetic-data.md
"""

from lossbench import metrics
from lossbench.catalog import METRICS
from lossbench.datasets import best_prediction, describe, load

DRAWN = 20_000

CLASSES = [{"contrast": 0.5}, {"contrast": 1.0}, {"contrast": 0.5, "classes": 10, "ratio": 1.0}]
GRADES = [{"contrast": 0.5}, {"contrast": 1.0}, {"contrast": 0.5, "classes": 10}]
LABELS = [{"contrast": 0.5}, {"contrast": 1.0}]
NOISY = {"noise": 0.5, "test_noise": True}
NUMBERS = [
    NOISY,
    NOISY | {"noise_type": "student_t"},
    NOISY | {"noise_type": "skewed"},
    NOISY | {"noise_type": "heteroscedastic"},
    {"noise": 0.3, "test_noise": True, "target": "positive"},
    {"target": "count"},
]

FAMILIES = [
    (
        "synthetic_imbalanced",
        CLASSES,
        "Classes. Each has a smooth pattern of its own, at right angles to the others, under "
        "normal pixel noise: two class means lie d' = 4 x `contrast` standard deviations of the "
        "noise apart. Training sizes fall by `ratio`; the test is balanced.",
    ),
    (
        "synthetic_ordinal",
        GRADES,
        "Classes with an order. One pattern grows with a hidden severity, uniform and cut into "
        "equal grades, each d' = 4 x `contrast` standard deviations wide. The grades that "
        "quadratic kappa rates highest are not the most probable ones: mean grades, stretched "
        "from the middle by 1 / kappa and rounded.",
    ),
    (
        "synthetic_multilabel",
        LABELS,
        "Labels that may hold together. Each pattern is there or not, whatever the others are; "
        "prevalences fall from `prevalence` by `ratio`.",
    ),
    (
        "synthetic_regression",
        NUMBERS,
        "Numbers. A blob's place and width give f, of mean 0 and variance 1; `noise_type` gives "
        "the noise its distribution, always of mean 0 and standard deviation `noise`, and "
        "`test_noise: true` puts it on the test too. RMSE is least for the mean, the mean absolute "
        "error for the median; under skewed noise they differ. The best predictions are those of "
        "an observer who sees the blob itself; the pixels cost an RMSE of f of 0.02 at 28 x 28.",
    ),
]


def rows(name, params):
    """Yield each metric, its stated value and what the best predictions attain on drawn images."""
    full = params | {"n": 500, "n_test": DRAWN, "image_size": 8}
    splits = load(name, full)
    for metric, stated in describe(name, full).optimum.items():
        row = METRICS[metric]
        best = best_prediction(splits.optimum, row.optimal, splits.test.targets)
        yield metric, stated, metrics.function(row)(splits.test.targets, best)


def page():
    """Return the page."""
    lines = [
        "# Synthetic data whose best possible score is known",
        "",
        "Written by `docs/synthetic_data.py`. How an image is drawn is known, and with it how",
        "probable each answer is. `lossbench plan` states the best possible value in the mean over",
        "all test sets (a closed form, or an integral over one number). After a run, `metrics.csv`",
        "holds in `optimum` what the best predictions attain on the very test set of the run, and",
        "in `regret` what the network misses of it; `lossbench compare` shows the mean regret.",
        "",
        "- Each metric has its own best prediction: probabilities, mean, median, or a rule. Where",
        "  none is known (F1, MCC, the least recall, ECE) both columns stay empty, as they do for",
        "  data that were not drawn from a formula.",
        "- The best prediction is the best in the mean, not on every sample: a regret may fall a",
        "  little below 0 by luck.",
        "- Damage to training and validation leaves the test, and so the optimum, as it is. What",
        "  a loss loses by it is part of its regret, as is the difference between the class",
        "  frequencies of training and test.",
        "- Pixels are rounded to whole grey levels and clipped to 0..255. The probabilities of",
        "  classes and grades count with the clipping; stated values leave it out.",
        "",
        f"Below, *attained* is the value on {DRAWN:,} drawn test images of 8 x 8 pixels.",
    ]
    for name, settings, text in FAMILIES:
        lines += ["", f"## {name}", "", text, ""]
        lines += ["| parameters | metric | stated | attained |", "|---|---|---|---|"]
        for params in settings:
            said = ", ".join(f"{key}: {value}" for key, value in params.items())
            lines += [
                f"| `{said}` | {metric} | {stated:.3f} | {attained:.3f} |"
                for metric, stated, attained in rows(name, params)
            ]
    return "\n".join(lines).replace("True", "true") + "\n"


if __name__ == "__main__":
    print(page(), end="")

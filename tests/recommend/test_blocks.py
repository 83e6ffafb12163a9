"""Every recommended block can be pasted into the file: it loads, and nothing is skipped."""

import pytest

from lossbench import datasets, runner
from lossbench.catalog import DATASETS, MODELS
from lossbench.catalog.damage import DAMAGE
from lossbench.config.dataset_argument import dataset_data, dataset_entry
from lossbench.config.dumping import flow
from lossbench.datasets.inspection import inspect
from lossbench.errors import ConfigError, DataError
from lossbench.recommend import recommend
from lossbench.reporting.recommendation import block, recommendation_json, recommendation_text

WISHES = {
    "imbalance": ["{type: exponential, ratio: 20}", "{type: step, ratio: 3}"],
    "label_noise": ["{type: symmetric, rate: 0.05}", "{type: pair, rate: 0.4}"],
    "soft_labels": ["{annotators: 5, rate: 0.3}"],
    "missing_labels": ["{rate: 0.3}"],
    "target_noise": ["{type: heteroscedastic, scale: 0.5}", "{type: student_t, scale: 1}"],
    "image_noise": ["{type: gaussian, scale: 0.2}"],
    "outliers": ["{rate: 0.02, size: 5, sides: two}", "{rate: 0.2, size: 10, sides: one}"],
}
OFFLINE = [
    row for row in DATASETS if row.file is None and not any(p.required for p in row.params.values())
]
CASES = [
    *((row.name, []) for row in OFFLINE),
    *(
        (row.name, [f"{kind}={wish}"])
        for row in OFFLINE
        for kind in DAMAGE
        if kind in row.params
        for wish in WISHES.get(kind, ())
    ),
    ("mnist_mini", ["imbalance={type: step, ratio: 30}", "label_noise={type: pair, rate: 0.2}"]),
    ("synthetic_regression", ["target=count"]),
    ("synthetic_regression", ["target=positive"]),
    ("synthetic_regression", ["target=direction"]),
    ("synthetic_imbalanced", ["classes=5", "ratio=30"]),
    ("synthetic_multilabel", ["labels=12", "prevalence=0.1"]),
]


def checked_with_any_model(path, text):
    """Some networks suit only some tasks; one suits each."""
    errors = []
    for row in MODELS:
        path.write_text(f"{text}\nmodel: {row.name}\n")
        try:
            return runner.check(path)
        except ConfigError as error:
            errors.append(error)
    raise errors[0]


@pytest.mark.parametrize(("name", "assignments"), CASES, ids=lambda value: str(value))
def test_a_block_is_valid_where_it_is_pasted(tmp_path, name, assignments):
    entry = dataset_entry(name, assignments)
    try:
        facts = datasets.describe(entry.name, entry.params)
    except DataError as error:
        pytest.skip(f"the data refuse the damage: {error}")
    found = recommend(name, facts, inspect(datasets.load(entry.name, entry.params)))
    data = {"name": dataset_data(name), **entry.changed(DATASETS)}
    assert 2 <= len(found.losses) <= 8
    checked = checked_with_any_model(tmp_path / "e.yaml", f"dataset: {flow(data)}\n{block(found)}")
    assert not checked.plan.skips
    kept = dict.fromkeys(job.loss.name for job in checked.plan.jobs if not job.control)
    assert list(kept) == list(dict.fromkeys(one.name for one in found.losses))


def test_the_text_says_reason_limits_and_source():
    facts = datasets.describe("mnist_mini", {"imbalance": {"type": "step", "ratio": 30.0}})
    splits = datasets.load("mnist_mini", {"imbalance": {"type": "step", "ratio": 30.0}})
    found = recommend("mnist_mini", facts, inspect(splits))
    text = recommendation_text("mnist_mini", found)
    assert all(len(line) <= 80 for line in text.splitlines())
    joined = " ".join(text.split())
    assert "Training classes have 450 to 15 images (30 to 1): balanced_softmax use when" in joined
    assert "avoid when The test data have the training data's proportions" in joined
    assert "source Ren et al. 2020, arXiv:2007.10740" in joined
    assert text.endswith(block(found) + "\n")
    data = recommendation_json("mnist_mini", found)
    assert data["losses"][1]["loss"] == "balanced_softmax" and data["yaml"] == block(found)
    assert all(row["reason"] and row["source"] for row in data["losses"])

"""`load(dump(x)) == x`, for written examples and for experiments drawn at random."""

import functools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from lossbench.catalog import LOSSES
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.types import nested
from lossbench.config import Entry, dump, load
from lossbench.config.experiment import TABLES
from lossbench.config.fields import check
from lossbench.config.training import wrong_times

# Text that a careless writer leaves unquoted and a reader takes for something else.
TEXTS = [
    "no", "1e-4", "0o17", "0x1F", "010", "12:30:00", "2024-01-01", "null", "~", "<<", "=", "é ü",
    "a: b", "#x", "- a", "'q'", '"', "!t", "&a", "*a", "{grid: [1]}", "true", ".inf", "a  b",
    "日本", "%x", "@x", "x" * 59, "[1]", "-", "?", "😀", ".5",
]  # fmt: skip
VALUES = [
    None, True, False, 0, 1, 2, 9, 64, 0.5, 0.25, 1e-7, 1e17, 1.5, "balanced", "multiclass",
    "regression", "binary", [1.0, 2.5], [1, 2], {"n": 5}, {"n": 9, "balanced": True}, "sub/x.npz",
    *TEXTS,
]  # fmt: skip
ARGUMENTS = [*VALUES, {"grid": [1], "step": 2}, {"a": {"b": [1, {"c": None}]}}, [], {}, "a\nb\tc"]


def round_trip(text: str, folder: Path) -> str:
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    first = load(folder / "x.yaml").checked()
    (folder / "elsewhere").mkdir(exist_ok=True)
    (folder / "elsewhere" / "again.yaml").write_text(dump(first), encoding="utf-8")
    second = load(folder / "elsewhere" / "again.yaml").checked()
    assert second == first
    assert dump(second) == dump(first)
    return dump(first)


@functools.cache
def fitting_values(key: str, row: str, name: str) -> list[Any]:
    params = {name: TABLES[key][row].params[name]}
    return [value for value in VALUES if not check(params, {name: value})[1]]


def drawn_inner(kind: Any, rng: random.Random, depth: int) -> Any:
    """Return losses as a parameter that is made of them takes them."""

    def one() -> Any:
        rows = [row for row in LOSSES if row.role in kind.roles]
        if depth == 4:
            rows = [row for row in rows if row.role != "wrapper"]
        return drawn_entry("losses", rng.choice(rows), rng, depth, depth)

    if kind.form == "entry":
        return one()
    if kind.form == "terms":
        terms = [{"loss": one()} for _ in range(rng.randint(1, 3))]
        return [{**term, "weight": rng.choice([1, 0.5, -2])} for term in terms[:-1]] + terms[-1:]
    return {name: one() for name in rng.sample(["a", "no", "x y"], k=rng.randint(1, 3))}


def drawn_entry(key: str, row: Any, rng: random.Random, index: int, depth: int = 1) -> Any:
    """Return one entry of a row with random valid parameters."""
    given: dict[str, Any] = {}
    for name, parameter in row.params.items():
        if kind := nested(parameter.type):
            if parameter.required or rng.random() < 0.7:
                given[name] = drawn_inner(kind, rng, depth + 1)
            continue
        fitting = fitting_values(key, row.name, name)
        if fitting and (parameter.required or rng.random() < 0.5):
            given[name] = rng.choice(fitting)
    while row.refused and (wrong := row.refused(check(row.params, given)[0])):
        given.pop(wrong[0] if wrong[0] in given else "momentum")
    if row.name in ("custom", "function"):
        given["target"] = "my.py:f" if row.name == "custom" else "my.py:g"
        names = rng.sample(["a", "b", "c", "yes"], k=rng.randrange(4))
        given["params"] = {name: rng.choice(ARGUMENTS) for name in names}
    if row.name == "keras":
        given["class_name"] = rng.choice(list(KERAS_CLASSES))
        given["config"] = {"delta": 2} if given["class_name"] == "Huber" else {}
    if rng.random() < 0.5:
        given["label"] = f"{rng.choice(TEXTS)[:50]}{key[0]}{index}"
    return {"name": row.name, **given} if given or rng.random() < 0.5 else row.name


def drawn_experiment(rng: random.Random) -> dict[str, Any]:
    data: dict[str, Any] = {"name": rng.choice(["a", "1e-4", "no", "2024-01-01", "0x1F"])}
    for key, table in TABLES.items():
        alone = [row for row in table if getattr(row, "role", "") != "term"]
        rows = rng.sample(alone, k=rng.randint(1, min(4, len(alone))))
        if key == "losses" and rng.random() < 0.5:
            rows[0] = LOSSES[rng.choice(["sum", "heads", "class_balanced", "drw", "keras"])]
            rows = list({row.name: row for row in rows}.values())
        data[key] = [drawn_entry(key, row, rng, i) for i, row in enumerate(rows)]
    data["seeds"] = rng.choice([1, 5, [3, 1], [2**32 - 1]])
    data["train"] = {"epochs": rng.choice([1, 30])}
    for schedule in (one for one in data["schedule"] if isinstance(one, dict)):
        params = TABLES["schedule"][schedule["name"]].params
        given = {key: schedule[key] for key in schedule if key in params}
        entry = Entry(schedule["name"], check(params, given)[0])
        for key, _ in wrong_times(entry, data["train"]["epochs"]):
            schedule.pop(key, None)
    data["protocol"] = {"alpha": rng.choice([0.5, 1e-9]), "delta": rng.choice([None, 3, 1e-12])}
    return data


@pytest.mark.parametrize("seed", range(150))
def test_random_experiments_survive(seed: int, tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text("def f(labels, outputs, **more): ...\ndef g(**more): ...\n")
    data = drawn_experiment(random.Random(seed))
    # JSON is YAML, so the text does not come from the writer under test.
    round_trip(json.dumps(data, ensure_ascii=False), tmp_path)


def test_text_of_losses_made_of_losses(tmp_path: Path) -> None:
    text = """\
name: nested
dataset: mnist_mini
model: tiny_cnn
losses:
  - {name: class_balanced, base: {name: Focal, gamma: {grid: [1, 2]}, label: F}, beta: 0.9}
  - {name: sum, terms: [{loss: ce}, {loss: {name: gce, q: 0.5}, weight: 2}, {loss: l2_weights}]}
  - {name: heads, heads: {a: mse, b: {name: huber, delta: 2}}}
  - {name: keras, class_name: Huber, config: {delta: 2}}
"""
    dumped = round_trip(text, tmp_path).partition("losses:\n")[2].partition("optimizer")[0]
    assert (
        dumped
        == """\
- name: class_balanced
  base: {name: focal, gamma: 1.0, label: 'F[gamma=1]'}
  beta: 0.9
- name: class_balanced
  base: {name: focal, label: 'F[gamma=2]'}
  beta: 0.9
- name: sum
  terms:
  - {loss: cross_entropy}
  - loss: {name: gce, q: 0.5}
    weight: 2.0
  - {loss: l2_weights}
- name: heads
  heads:
    a: mse
    b: {name: huber, delta: 2.0}
- name: keras
  class_name: Huber
  config: {delta: 2.0}
"""
    )


def test_text_of_an_experiment(tmp_path: Path) -> None:
    text = """\
name: "2024-01-01"
dataset: {name: npz, path: data.npz}
model: SEED-CNN
losses:
  - CE
  - {name: focal, gamma: {grid: [1, 2, .5]}, alpha: null, label: F}
optimizer: {name: Adam, learning_rate: 1e-4}
seeds: 2
protocol: {baseline: ce}
"""
    assert (
        round_trip(text, tmp_path)
        == f"""\
name: '2024-01-01'
dataset:
- {{name: npz, path: {tmp_path}/data.npz}}
model: [seed_cnn]
losses:
- cross_entropy
- {{name: focal, gamma: 1.0, label: 'F[gamma=1]'}}
- {{name: focal, label: 'F[gamma=2]'}}
- {{name: focal, gamma: 0.5, label: 'F[gamma=0.5]'}}
optimizer:
- {{name: adam, learning_rate: 0.0001}}
seeds: [0, 1]
train: {{epochs: 10, batch_size: 128}}
protocol: {{baseline: cross_entropy, alpha: 0.05}}
execution: {{retries: 1, checkpoint_every: 60.0}}
"""
    )


def test_text_of_augmentations_and_of_a_memory_budget(tmp_path: Path) -> None:
    text = """\
dataset: mnist_mini
model: tiny_cnn
losses: mse
train: {epochs: 2, augment: [hflip, {name: crop, padding: 4}, {name: cutout, size: 3}, mixup]}
execution: {memory_budget: 100}
"""
    dumped = round_trip(text, tmp_path)
    assert (
        dumped.partition("train:\n")[2]
        == """\
  epochs: 2
  batch_size: 128
  augment:
  - flip
  - crop
  - {name: cutout, size: 3}
  - mixup
protocol: {alpha: 0.05}
execution: {retries: 1, checkpoint_every: 60.0, memory_budget: 100.0}
"""
    )

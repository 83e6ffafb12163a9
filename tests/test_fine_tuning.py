"""Which stages go with which epochs and networks."""

import pytest

from lossbench import config, datasets
from lossbench.plan import make_plan


def problems(tmp_path, stages, *, epochs=5, models="{name: keras_file, path: b.keras}"):
    (tmp_path / "b.keras").write_bytes(b"")
    path = tmp_path / "e.yaml"
    path.write_text(
        f"dataset: {{name: mnist_mini, subset: 200}}\nmodel: {models}\nlosses: [ce]\nseeds: [0]\n"
        f"train:\n  epochs: {epochs}\n  batch_size: 32\n  stages: {stages}\n"
    )
    draft = config.load(path)
    facts = [datasets.describe(d.name, d.params) for d in draft.experiment.datasets]
    found = [*draft.problems, *make_plan(draft.experiment, facts).problems]
    return [f"{p.where}: {p.text}".removeprefix(f"{tmp_path}/") for p in found]


def test_stages_that_add_up_are_accepted(tmp_path):
    second = "{epochs: 3, trainable: {last: 2}, learning_rate_factor: 0.1}"
    assert problems(tmp_path, f"[{{epochs: 2, trainable: none}}, {second}]") == []
    assert problems(tmp_path, "[]", models="tiny_cnn") == []


@pytest.mark.parametrize(("epochs", "other"), [(5, 7), (9, 7)])
def test_stages_that_do_not_add_up_are_refused_where_they_stand(tmp_path, epochs, other):
    assert problems(tmp_path, "[{epochs: 2}, {epochs: 5}]", epochs=epochs) == [
        f"e.yaml:8:11: train.stages: the stages take 7 epochs, and train.epochs is {epochs}; the "
        "same number is accepted. Write `epochs: 7`, or change a stage."
    ]


def test_networks_without_a_backbone_are_refused_with_stages(tmp_path):
    models = "[{name: keras_file, path: b.keras}, tiny_cnn, {name: mlp, label: plain}]"
    first, second = problems(tmp_path, "[{epochs: 5, trainable: all}]", models=models)
    assert first.startswith(
        "e.yaml:8:11: train.stages: tiny_cnn has no backbone of which a stage could train a part; "
        "accepted: "
    )
    assert "keras_file" in first and first.endswith("or choose another model.")
    assert "plain has no backbone" in second


@pytest.mark.parametrize(
    "wrong",
    [
        "[{epochs: 5, trainable: some}]",
        "[{epochs: 5, trainable: {last: 0}}]",
        "[{trainable: all}]",
        "[{epochs: 5, learning_rate_factor: 0}]",
        "[{epochs: 5, learning_rate: 0.1}]",
    ],
)
def test_other_words_are_refused_with_those_that_are_accepted(tmp_path, wrong):
    (found,) = problems(tmp_path, wrong)
    assert "is not allowed" in found
    assert "{epochs: >= 1, trainable: none | all | {last: n}, learning_rate_factor: > 0}" in found

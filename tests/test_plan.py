from dataclasses import replace

import pytest

from lossbench import config, datasets
from lossbench.plan import make_plan

BASE = "dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [cross_entropy]\nseeds: [0]\n"


def plan(tmp_path, text=BASE, *overrides, sources=None):
    path = tmp_path / "e.yaml"
    path.write_text(text)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    return make_plan(experiment, facts, sources)


def only_id(*args, **kwargs):
    (job,) = plan(*args, **kwargs).jobs
    return job.id


def test_every_value_that_can_change_a_number_changes_the_id(tmp_path):
    changes = [
        "seeds=[1]",
        "train.epochs=11",
        "train.batch_size=64",
        "model=seed_cnn",
        "losses=[brier]",
        "losses=[{name: focal, gamma: 1}]",
        "optimizer=sgd",
        "optimizer.learning_rate=0.1",
        "dataset.subset=100",
        "protocol.metric=nll",
    ]
    ids = [only_id(tmp_path), *(only_id(tmp_path, BASE, change) for change in changes)]
    assert len(set(ids)) == len(ids)


def test_what_cannot_change_a_number_leaves_the_id(tmp_path):
    same = [
        "name=other",
        "losses=[{name: ce, label: shown}]",
        "optimizer={name: adam, learning_rate: 0.001}",
        "protocol.delta=0.1",
        "protocol.metric=accuracy",
        "dataset={name: mnist_mini, subset: null}",
    ]
    assert {only_id(tmp_path, BASE, change) for change in same} == {only_id(tmp_path)}


def test_the_source_of_a_custom_loss_is_part_of_the_id_and_its_place_is_not(tmp_path):
    ids = set()
    for folder, text in (
        ("a", "def f(y, z):\n    return z\n"),
        ("b", "def f(y, z):\n    return z\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(text)
        change = "losses=[{name: custom, target: 'm.py:f'}]"
        target = str(tmp_path / folder / "m.py") + ":f"
        ids.add(only_id(tmp_path / folder, BASE, change, sources={target: "same"}))
        other = only_id(tmp_path / folder, BASE, change, sources={target: "other"})
        assert other not in ids
    assert len(ids) == 1


def test_jobs_of_a_seed_stand_together(tmp_path):
    jobs = plan(tmp_path, BASE, "losses=[ce, focal]", "seeds=2").jobs
    assert [(job.seed, job.loss.name) for job in jobs] == [
        (0, "cross_entropy"),
        (0, "focal"),
        (1, "cross_entropy"),
        (1, "focal"),
    ]


TWO = BASE.replace("mnist_mini", "[mnist_mini, synthetic_imbalanced, synthetic_regression]")


def test_a_loss_runs_where_it_suits_and_is_skipped_elsewhere(tmp_path):
    found = plan(tmp_path, TWO, "losses=[cross_entropy, weighted_bce, mae]")
    ran = {(j.dataset.name, j.loss.name) for j in found.jobs}
    assert ran == {
        ("mnist_mini", "cross_entropy"),
        ("synthetic_imbalanced", "cross_entropy"),
        ("synthetic_imbalanced", "weighted_bce"),
        ("synthetic_regression", "mae"),
    }
    assert not found.problems
    reasons = {(s.dataset, s.loss): s.reason for s in found.skips}
    assert len(reasons) == 5
    assert reasons[("mnist_mini", "mae")] == ("mae is for regression; mnist_mini is classification")
    assert "needs two classes; mnist_mini has 10" in reasons[("mnist_mini", "weighted_bce")]


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        (BASE, ["losses=[mae]"], "loss 'mae' is for regression, but the data pose classification"),
        (TWO, ["losses=[ce]"], "no loss is left to train on synthetic_regression"),
        (BASE, ["losses=[bce, binary_hinge]"], "no loss is left to train on mnist_mini"),
        (BASE, ["losses=[{name: focal, alpha: [1, 2]}]"], "alpha has 2 values"),
        (BASE, ["protocol.metric=rmse"], "'rmse' does not apply to mnist_mini"),
        (BASE, ["protocol.metric=top5_accuracy"], "does not apply"),
        (BASE, ["protocol.metric=nll", "losses=[crammer_singer]"], "needs probabilities"),
        (
            "dataset: synthetic_regression\nmodel: tiny_cnn\nlosses: [mse]\n",
            ["protocol.metric=bias"],
            "cannot rank losses",
        ),
        (BASE, ["protocol.delta=0.0009"], "finer than mnist_mini can measure"),
        (BASE, ["train.batch_size=4501"], "more than the 4500 training images"),
        (
            BASE.replace("mnist_mini", "{name: synthetic_imbalanced, image_size: 8}"),
            ["model=seed_cnn"],
            "seed_cnn reads images of 10 pixels or more",
        ),
    ],
)
def test_impossible_combinations_are_problems(tmp_path, text, changes, says):
    problems = plan(tmp_path, text, *changes).problems
    assert any(says in str(p) for p in problems), problems


def test_a_custom_loss_may_state_its_task(tmp_path):
    (tmp_path / "m.py").write_text("def f(y, z):\n    return z\n")
    entry = "{{name: custom, target: 'm.py:f', task: {}}}"
    text = BASE.replace("[cross_entropy]", "[" + entry.format("regression") + "]")
    assert "is for regression" in str(plan(tmp_path, text).problems)
    two = text.replace("mnist_mini", "synthetic_imbalanced")
    (job,) = plan(tmp_path, two.replace("regression", "binary")).jobs
    assert (job.record()["head"], job.record()["decode"]) == ("binary", "sigmoid")
    (job,) = plan(tmp_path, two.replace("regression", "null")).jobs
    assert (job.record()["head"], job.record()["decode"]) == ("classes", "softmax")


def test_soft_labels_need_losses_that_take_them(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text(BASE)
    experiment = config.load(path, ["losses=[kl, crammer_singer]"]).checked()
    facts = datasets.describe("mnist_mini", {"subset": None})
    found = make_plan(experiment, [replace(facts, soft_targets=True)])
    assert [skip.loss for skip in found.skips] == ["crammer_singer"]
    assert "those of mnist_mini are distributions" in found.skips[0].reason

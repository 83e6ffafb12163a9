"""Which loss gives the gradient norm that the others start with."""

import pytest

from lossbench import config, datasets
from lossbench.plan import make_plan

TEXT = """
dataset: mnist_mini
model: tiny_cnn
losses: [focal, {name: cross_entropy, label: CE}, brier]
seeds: 1
"""


def planned(tmp_path, *overrides, text=TEXT):
    path = tmp_path / "e.yaml"
    path.write_text(text)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    return make_plan(experiment, facts)


def names(plan):
    return {job.reference.name for job in plan.jobs if job.reference}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], "focal"),  # no loss is shown as cross_entropy: the first, as in `compare`
        (["losses=[focal, cross_entropy, brier]"], "cross_entropy"),
        (["protocol.baseline=brier"], "brier"),
        (["protocol.baseline=CE"], "cross_entropy"),
        (["losses=[huber, mse]", "dataset=synthetic_regression"], "mse"),
    ],
)
def test_it_is_the_baseline_of_the_comparison(tmp_path, changes, expected):
    assert names(planned(tmp_path, "train.match=gradient_norm", *changes)) == {expected}
    assert names(planned(tmp_path, *changes)) == set()


def test_ids_are_those_of_before_where_nothing_is_matched(tmp_path):
    plain, said = planned(tmp_path), planned(tmp_path, "train.match=none")
    matched = planned(tmp_path, "train.match=gradient_norm")
    assert [job.id for job in plain.jobs] == [job.id for job in said.jobs]
    assert not {job.id for job in plain.jobs} & {job.id for job in matched.jobs}
    assert "reference" not in plain.jobs[0].record()
    assert matched.jobs[0].record()["reference"]["name"] == "focal"


def test_losses_that_are_evaluated_are_told_and_in_no_id(tmp_path):
    (one,) = {j.id for j in planned(tmp_path).jobs if j.loss.name == "focal"}
    fewer = [j for j in planned(tmp_path, "losses=[focal]").jobs]
    assert [j.id for j in fewer] == [one]
    told = [c["display"] for c in planned(tmp_path).jobs[0].record()["cross_losses"]]
    assert told == ["focal", "CE", "brier"]


def test_a_baseline_that_does_not_suit_the_data_is_a_mistake(tmp_path):
    changes = (
        "dataset=[mnist_mini, synthetic_imbalanced]",
        "losses=[bce, cross_entropy]",
        "protocol.baseline=bce",
    )
    assert not planned(tmp_path, *changes).problems
    (problem,) = planned(tmp_path, *changes, "train.match=gradient_norm").problems
    assert "bce does not suit mnist_mini" in problem.text
    assert "match" in problem.where

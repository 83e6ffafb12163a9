"""Jobs to searches, trials to jobs, choices to final jobs."""

from dataclasses import replace

import pytest

from lossbench import config, datasets
from lossbench.plan import make_plan
from lossbench.tuning import Choice, Trial
from lossbench.tuning.expecting import cost, expected_jobs, lengths
from lossbench.tuning.families import (
    families,
    final_jobs,
    raw_value,
    trial_job,
    value_of,
)
from lossbench.tuning.table import rows

BASE = """
dataset: {name: mnist_mini, subset: 200}
model: tiny_cnn
losses: [ce, {name: focal, gamma: {tune: [1, 2, 5]}}]
seeds: 2
train: {epochs: 9}
tune: {}
"""


@pytest.fixture
def planned(tmp_path):
    """An experiment file to the experiment and the jobs of its plan."""

    def plan(text=BASE, *overrides):
        (tmp_path / "e.yaml").write_text(text)
        experiment = config.load(tmp_path / "e.yaml", overrides).checked()
        facts = [datasets.describe(one.name, one.params) for one in experiment.datasets]
        return experiment, make_plan(experiment, facts).jobs

    return plan


def trial(key, seed=1_000_000, epochs=9, **params):
    return Trial(key, 0, params, seed, "search", epochs)


def test_without_tune_nothing_is_searched(planned):
    experiment, jobs = planned(BASE.replace("tune: {}", "").replace("{tune: [1, 2, 5]}", "1"))
    assert families(experiment, jobs) == ()


def test_a_loss_with_parameters_of_its_own_is_searched_in_two_tracks(planned):
    (family,) = families(*planned())
    found = {one.study.key: (one.tracks, dict(one.study.space)) for one in family.candidates}
    rates = (3.16228e-05, 0.0001, 0.000316228, 0.001, 0.00316228, 0.01, 0.0316228)
    assert found == {
        "cross_entropy (default tuned)": (("default", "tuned"), {"learning_rate": rates}),
        "focal (default)": (("default",), {"learning_rate": rates}),
        "focal (tuned)": (("tuned",), {"learning_rate": rates, "loss.gamma": (1.0, 2.0, 5.0)}),
    }
    assert [one.study.usual for one in family.candidates] == [
        {"learning_rate": 0.001},
        {"learning_rate": 0.001},
        {"learning_rate": 0.001, "loss.gamma": 2.0},
    ]


def test_there_is_one_track_where_no_loss_has_parameters_of_its_own_to_tune(planned):
    (family,) = families(*planned(BASE.replace("{tune: [1, 2, 5]}", "1")))
    assert [one.tracks for one in family.candidates] == [("default",), ("default",)]


def test_a_family_is_what_is_compared(planned):
    text = BASE + "optimizer: [adam, {name: sgd, momentum: 0.9}]\nmodel: [tiny_cnn, seed_cnn]\n"
    found = families(*planned(text.replace("model: tiny_cnn\n", "", 1)))
    assert len(found) == 4
    spaces = {one.candidates[0].study.space["learning_rate"][3] for one in found}
    assert spaces == {0.001, 0.01}  # around that of each optimizer


def test_the_job_of_a_trial(planned):
    (family,) = families(*planned())
    candidate = family.candidate("focal (tuned)")
    point = {"learning_rate": 0.01, "loss.gamma": 5.0}
    job = trial_job(candidate, trial("focal (tuned)", **point))
    assert (job.phase, job.seed, job.stop_after) == ("tune", 1_000_000, None)
    assert (job.optimizer.params["learning_rate"], job.loss.params["gamma"]) == (0.01, 5.0)
    assert job.names()["loss"] == "focal[gamma=5]"
    assert job.record()["phase"] == "tune"
    whole = replace(job, phase="final")
    assert whole.id != job.id
    short = trial_job(candidate, trial("focal (tuned)", epochs=3, **point))
    assert (short.epochs, short.stop_after, short.record()["stop_after"]) == (9, 3, 3)
    assert short.id != job.id and short.trace_key == job.trace_key


def test_ids_of_jobs_without_tuning_are_as_ever(planned):
    _, jobs = planned(BASE.replace("tune: {}", "").replace("{tune: [1, 2, 5]}", "2"))
    _, tuned = planned()
    assert [job.id for job in jobs] == [job.id for job in tuned]


def test_trials_tell_their_point_even_where_labels_stand(planned):
    text = BASE.replace("losses: [ce, {name: focal, ", "losses: [ce, {name: focal, label: F, ")
    (family,) = families(*planned(text + "optimizer: {name: adam, label: A}\n"))
    point = {"learning_rate": 0.01, "loss.gamma": 5.0}
    names = trial_job(family.candidate("F (tuned)"), trial("F (tuned)", **point)).names()
    assert (names["optimizer"], names["loss"]) == ("A[learning_rate=0.01]", "F[gamma=5]")


def test_final_jobs_are_shown_as_declared_and_stand_in_their_tracks(planned):
    experiment, jobs = planned()
    (family,) = families(experiment, jobs)
    chosen = {
        "cross_entropy (default tuned)": {"learning_rate": 0.01},
        "focal (default)": {"learning_rate": 0.0001},
        "focal (tuned)": {"learning_rate": 0.01, "loss.gamma": 5.0},
    }
    found = final_jobs(jobs, [(family, chosen)])
    assert [(job.names()["loss"], job.seed, job.tracks) for job in found] == [
        ("cross_entropy", 0, ("default", "tuned")),
        ("focal", 0, ("default",)),
        ("focal", 0, ("tuned",)),
        ("cross_entropy", 1, ("default", "tuned")),
        ("focal", 1, ("default",)),
        ("focal", 1, ("tuned",)),
    ]
    assert {job.names()["optimizer"] for job in found} == {"adam"}
    of_seed = [
        (job.optimizer.params["learning_rate"], job.loss.params.get("gamma")) for job in found[:3]
    ]
    assert of_seed == [(0.01, None), (0.0001, 2.0), (0.01, 5.0)]
    assert len({job.id for job in found}) == 6
    # The id is that of a job whose file gives these values: nothing of the search is in it.
    given = BASE.replace("{tune: [1, 2, 5]}", "5").replace("tune: {}", "")
    _, plain = planned(given + "optimizer: {name: adam, learning_rate: 0.01}\n")
    assert plain[1].id == found[2].id


def test_a_job_that_both_tracks_share_is_one_job(planned):
    experiment, jobs = planned()
    (family,) = families(experiment, jobs)
    chosen = {one.study.key: one.study.usual for one in family.candidates}
    found = final_jobs(jobs, [(family, chosen)])
    assert [job.id for job in found] == [job.id for job in jobs]
    assert {job.tracks for job in found} == {("default", "tuned")}


def test_two_losses_may_find_the_same(planned):
    text = BASE.replace("[ce, ", "[{name: focal, gamma: 5}, ")
    experiment, jobs = planned(text)
    (family,) = families(experiment, jobs)
    chosen = {one.study.key: {"learning_rate": 0.01} for one in family.candidates}
    chosen["focal (tuned)"] = {"learning_rate": 0.01, "loss.gamma": 5.0}
    found = final_jobs(jobs, [(family, chosen)])
    same = [job for job in found if job.seed == 0 and job.loss.params["gamma"] == 5]
    assert [job.names()["loss"] for job in same] == ["focal[gamma=5]", "focal"]
    assert same[0].id == same[1].id


def test_values_that_parameters_do_not_take_are_not_accepted(planned):
    (family,) = families(*planned())
    assert family.accepts("focal (tuned)", {"learning_rate": 0.1, "loss.gamma": 7.5})
    assert not family.accepts("focal (tuned)", {"learning_rate": 0.1, "loss.gamma": -1.0})
    assert not family.accepts("focal (tuned)", {"learning_rate": 0.0, "loss.gamma": 1.0})


def test_arguments_of_a_loss_of_keras_are_tuned(planned):
    text = """
dataset: {name: synthetic_regression, n: 80, n_test: 30, image_size: 10}
model: seed_cnn
losses: [mse, {name: keras, class_name: Huber, config: {delta: {tune: [0.5, 3]}}}]
tune: {}
"""
    experiment, jobs = planned(text)
    (family,) = families(experiment, jobs)
    candidate = next(one for one in family.candidates if "loss.config.delta" in one.study.space)
    assert candidate.study.usual["loss.config.delta"] == 1.0  # Keras's
    point = {"learning_rate": 0.01, "loss.config.delta": 3.0}
    job = trial_job(candidate, trial(candidate.study.key, **point))
    assert job.loss.params["config"] == {"delta": 3.0}
    usual = trial_job(candidate, trial(candidate.study.key, **candidate.study.usual))
    assert usual.loss.params["config"] == {}


def result(status="ok", value=0.5, at="selected", metric="accuracy"):
    row = {"split": "validation", "at": at, "metric": metric, "stage": "raw", "value": value}
    return {"status": status, "metrics": [row], "epochs_done": 9, "seconds_total": 2.5}


def test_the_value_of_a_trial_is_the_metric_on_validation_higher_is_better():
    assert value_of(result(), "accuracy", "selected") == 0.5
    assert value_of(result(metric="mae"), "mae", "selected") == -0.5
    assert raw_value(result(metric="mae"), "mae", "selected") == 0.5
    assert value_of(result(at="last"), "accuracy", "selected") is None
    for status in ("nan", "diverged", "error", "oom"):
        assert value_of(result(status), "accuracy", "selected") is None
    assert value_of(result(value=None), "accuracy", "selected") is None
    assert value_of(result(value=float("nan")), "accuracy", "selected") is None


def test_the_table_of_trials(planned):
    (family,) = families(*planned())
    point = {"learning_rate": 0.01, "loss.gamma": 5.0}
    asked = [trial("focal (tuned)", **point), trial("focal (tuned)", seed=1_000_001, **point)]
    choices = {"focal (tuned)": Choice(point, 0, 0.5, ("loss.gamma",))}
    done, open_ = rows(family, asked, {asked[0]: result()}, choices)
    assert done == {
        "job_id": trial_job(family.candidate("focal (tuned)"), asked[0]).id,
        "dataset": "mnist_mini[subset=200]",
        "model": "tiny_cnn",
        "optimizer": "adam",
        "schedule": "constant",
        "backend": "tensorflow",
        "loss": "focal",
        "batch_size": "128",
        "track": "tuned",
        "trial": 0,
        "stage": "search",
        "seed": 1_000_000,
        "learning_rate": 0.01,
        "parameters": '{"learning_rate": 0.01, "loss.gamma": 5.0}',
        "epochs": 9,
        "seconds": 2.5,
        "status": "ok",
        "metric": "accuracy",
        "value": 0.5,
        "edge": "yes",
        "chosen": "yes",
    }
    assert (open_["status"], open_["value"], open_["epochs"]) == ("missing", None, None)


def test_what_a_search_will_cost(planned):
    experiment, jobs = planned()
    searched = families(experiment, jobs)
    # Three searches of 7 points and 2 x 2 confirmations, 9 epochs each; 2 points more at an edge.
    found = cost(searched)
    assert (found.families, found.trainings, found.epochs) == (1, 33, 297)
    assert found.extra_trainings == 6
    assert lengths(searched[0]) == [9] * 11
    assert len(expected_jobs(jobs, searched)) == 6


def test_short_rungs_are_short(planned):
    (family,) = families(*planned(BASE, "tune.pruning=halving", "tune.confirm=0"))
    found = lengths(family)
    assert sum(found) <= 7 * 9 and found[0] < found[-1] == 9

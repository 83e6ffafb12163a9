"""Rounds of trials: what is asked, what is read from disk, what is found. Nothing is trained."""

import csv
from importlib import util

import pytest

from lossbench import config, datasets, runner, store
from lossbench.errors import ConfigError, LossbenchError
from lossbench.plan import make_plan
from lossbench.runner import tuning
from lossbench.tuning.families import families

BASE = """
dataset: {name: mnist_mini, subset: 200}
model: tiny_cnn
losses: [ce, focal]
seeds: 2
train: {epochs: 2}
tune: {space: {learning_rate: [0.001, 0.01, 0.1]}, confirm: {points: 1, seeds: 1}}
"""


@pytest.fixture
def wanted(tmp_path):
    (tmp_path / "e.yaml").write_text(BASE)
    experiment = config.load(tmp_path / "e.yaml").checked()
    facts = [datasets.describe(one.name, one.params) for one in experiment.datasets]
    return families(experiment, make_plan(experiment, facts).jobs)


class Trainer:
    """Writes results in place of training; better at 0.01 unless told otherwise."""

    def __init__(self, folder, values=None, stop_in=None):
        self.folder, self.stop_in, self.rounds = folder, stop_in, []
        self.values = values or {0.001: 0.5, 0.01: 0.7, 0.1: 0.6}

    def __call__(self, number, jobs, finished):
        self.rounds.append(len(jobs))
        if number == self.stop_in:
            jobs.pop(next(iter(jobs)))
        for job_id in list(jobs):
            job = jobs.pop(job_id)
            self.write(job, self.values.get(job.optimizer.params["learning_rate"], 0.1))
            if number == self.stop_in:
                return False
        return True

    def write(self, job, value):
        row = {"split": "validation", "at": "selected", "metric": "accuracy", "stage": "raw"}
        result = {
            "job_id": job.id,
            "status": "ok" if value is not None else "nan",
            "metrics": [row | {"value": value}],
            "epochs_done": 2,
            "seconds_total": 1.0,
        }
        if isinstance(value, str):
            result |= {"status": value, "metrics": []}
        store.write_json(store.job_folder(self.folder, job.id) / "result.json", result)


def table(folder):
    with (folder / "tuning.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def run(folder, wanted, trainer, again=()):
    begun = []
    reader = tuning.Reader(folder, again)
    found = tuning.search(wanted, reader, lambda: begun.append(True), trainer)
    return found, begun


def test_a_search_runs_in_rounds_and_takes_the_best(tmp_path, wanted):
    trainer = Trainer(tmp_path)
    found, begun = run(tmp_path, wanted, trainer)
    assert (trainer.rounds, begun) == ([6, 2], [True])  # 3 points each, 1 confirmation each
    assert found[0].points() == {
        "cross_entropy (default)": {"learning_rate": 0.01},
        "focal (default)": {"learning_rate": 0.01},
    }
    assert tuning.told(found) == [
        "tuned cross_entropy (default): learning_rate=0.01 (4 trials)",
        "tuned focal (default): learning_rate=0.01 (4 trials)",
    ]
    chosen = [(row["loss"], row["stage"]) for row in table(tmp_path) if row["chosen"]]
    assert sorted(chosen) == [
        ("cross_entropy", "confirm"),
        ("cross_entropy", "search"),
        ("focal", "confirm"),
        ("focal", "search"),
    ]


def test_the_best_at_an_end_gives_all_losses_more_trials(tmp_path, wanted):
    trainer = Trainer(tmp_path, {0.001: 0.1, 0.01: 0.2, 0.1: 0.9})
    found, _ = run(tmp_path, wanted, trainer)
    assert trainer.rounds == [6, 4, 2]
    counts = [row["loss"] for row in table(tmp_path)]
    assert counts.count("focal") == counts.count("cross_entropy") == 6
    assert found[0].points()["focal (default)"] == {"learning_rate": 0.1}


def test_a_finished_search_is_read_and_not_run_again(tmp_path, wanted):
    run(tmp_path, wanted, Trainer(tmp_path))
    before = (tmp_path / "tuning.csv").read_bytes()
    again = Trainer(tmp_path)
    found, begun = run(tmp_path, wanted, again)
    assert (again.rounds, begun) == ([], [])
    assert found[0].points()["focal (default)"] == {"learning_rate": 0.01}
    assert (tmp_path / "tuning.csv").read_bytes() == before


def test_a_stopped_search_goes_on_where_it_was(tmp_path, wanted):
    found, _ = run(tmp_path, wanted, Trainer(tmp_path, stop_in=1))
    assert found is None
    statuses = [row["status"] for row in table(tmp_path)]
    assert statuses.count("ok") == 1 and statuses.count("missing") == 5
    assert not any(row["chosen"] for row in table(tmp_path))
    later = Trainer(tmp_path)
    run(tmp_path, wanted, later)
    assert later.rounds == [5, 2]
    (tmp_path / "other").mkdir()
    run(tmp_path / "other", wanted, Trainer(tmp_path / "other"))
    assert table(tmp_path) == table(tmp_path / "other")


def test_trials_that_ran_before_an_exception_are_in_the_table(tmp_path, wanted):
    class Broken(Trainer):
        def __call__(self, number, jobs, finished):
            self.write(next(iter(jobs.values())), 0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, wanted, Broken(tmp_path))
    assert [row["status"] for row in table(tmp_path)].count("ok") == 1


def test_a_failed_trial_is_the_worst_and_recorded(tmp_path, wanted):
    trainer = Trainer(tmp_path, {0.001: 0.2, 0.01: None, 0.1: "error"})
    found, _ = run(tmp_path, wanted, trainer)
    assert found[0].points()["focal (default)"] == {"learning_rate": 0.001}
    failed = [(row["learning_rate"], row["status"], row["value"]) for row in table(tmp_path)]
    assert ("0.01", "nan", "") in failed and ("0.1", "error", "") in failed
    assert "trials failed and count as the worst" in tuning.told(found)[-1]


def test_where_all_trials_failed_the_usual_value_is_taken_and_this_is_said(tmp_path, wanted):
    class OnlyFocalFails(Trainer):
        def write(self, job, value):
            super().write(job, None if job.loss.name == "focal" else value)

    found, _ = run(tmp_path, wanted, OnlyFocalFails(tmp_path))
    assert found[0].points()["focal (default)"] == {"learning_rate": 0.001}
    (said,) = [line for line in tuning.told(found) if line.startswith("focal (default): all ")]
    assert said.endswith(" trials failed; its usual values are taken, learning_rate=0.001")
    assert not any(row["chosen"] for row in table(tmp_path) if row["loss"] == "focal")


def test_failures_run_again_when_asked_for_and_once(tmp_path, wanted):
    run(tmp_path, wanted, Trainer(tmp_path, {0.001: 0.2, 0.01: "killed", 0.1: 0.1}))
    kept = Trainer(tmp_path)
    run(tmp_path, wanted, kept)
    assert kept.rounds == []
    again = Trainer(tmp_path, {0.001: 0.2, 0.01: "killed", 0.1: 0.1})
    found, _ = run(tmp_path, wanted, again, ["killed"])
    assert again.rounds[0] == 2  # that of each loss, and no endless round
    assert found[0].points()["focal (default)"] == {"learning_rate": 0.001}


def test_a_damaged_result_is_done_again(tmp_path, wanted):
    run(tmp_path, wanted, Trainer(tmp_path))
    row = table(tmp_path)[0]
    (store.job_folder(tmp_path, row["job_id"]) / "result.json").write_text("{")
    again = Trainer(tmp_path)
    run(tmp_path, wanted, again)
    assert again.rounds == [1]


def test_another_folder_than_it_can_be_written_is_said(tmp_path, wanted):
    (tmp_path / "tuning.csv").mkdir()
    with pytest.raises(LossbenchError, match=r"tuning\.csv"):
        run(tmp_path, wanted, Trainer(tmp_path))


def test_a_search_without_optuna_names_the_extra(tmp_path, monkeypatch):
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "optuna" else real(name))
    (tmp_path / "e.yaml").write_text(BASE)
    runner.check(tmp_path / "e.yaml")  # a grid needs nothing
    with pytest.raises(ConfigError) as caught:
        runner.check(tmp_path / "e.yaml", ["tune.search=tpe"])
    (problem,) = caught.value.problems
    assert problem.where == "--set tune.search"
    assert problem.text == (
        "tpe needs optuna, which is not installed; grid needs nothing. "
        'Install it: pip install "lossbench[tune]"'
    )
    runner.check(tmp_path / "e.yaml", ["tune.search=tpe"], tune=False)


def test_what_is_ahead_is_known_from_what_earlier_runs_found(tmp_path, wanted):
    checked = runner.check(tmp_path / "e.yaml")
    folder = tmp_path / "e"
    before = runner.prospect(checked, tmp_path)
    assert len(before.trials) == 8
    assert [job.id for job in before.jobs] == [job.id for job in checked.plan.jobs]
    assert not folder.exists()
    folder.mkdir()
    run(folder, wanted, Trainer(folder))
    after = runner.prospect(checked, tmp_path)
    assert len(after.trials) == 8
    assert {job.optimizer.params["learning_rate"] for job in after.jobs} == {0.01}

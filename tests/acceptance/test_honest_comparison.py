"""What `compare` makes of real runs: the declared comparison, and the ones it refuses."""

import json
import shutil

from lossbench import comparison, store


def copy_of(undisturbed, lossbench):
    return shutil.copytree(undisturbed, lossbench.cwd / "runs" / "smoke")


def edit(folder, loss, seed, **changes):
    """Change the result of one job; returns the job's id."""
    run = next(
        run for run in store.read_experiment(folder).runs if (run.loss, run.seed) == (loss, seed)
    )
    path = store.job_folder(folder, run.job_id) / "result.json"
    result = json.loads(path.read_text())
    path.write_text(json.dumps(result | changes))
    return run.job_id


def test_real_runs_are_the_declared_comparison(undisturbed):
    (found,) = comparison.compare([store.read_experiment(undisturbed)])
    assert found.exploratory == found.unmatched == ()
    assert found.flags == ("LR_SHARED", "DEFAULT_DELTA")
    outcomes = {line.code: line.outcome for line in found.audit}
    passed = {"protocol", "selection", "budget", "results", "versions", "E02", "E03", "E07"}
    passed |= {"E13", "E15", "E19", "E20", "E24", "E25"}  # E18 is up to what else is running
    assert {code for code in passed if outcomes.get(code) != "pass"} == set()
    assert {code for code, outcome in outcomes.items() if outcome == "fail"} == {"seeds"}
    focal = next(row for row in found.rows if row.level == "focal")
    assert focal.params and focal.step_ms > 0 and focal.step_ratio > 0
    assert focal.completion_high == 1.0 and focal.failed == 0


def test_an_edited_starting_point_is_refused(undisturbed, lossbench):
    folder = copy_of(undisturbed, lossbench)
    job_id = edit(folder, "focal", 1, init_sha256="0" * 64)
    _, err = lossbench("compare", code=2)
    assert f"job {job_id} (focal, mnist_mini[subset=256], seed 1) differs" in err
    assert "in init_sha256: 000000000000... instead of" in err


def test_an_edited_number_is_refused_and_an_edited_plan_too(undisturbed, lossbench):
    folder = copy_of(undisturbed, lossbench)
    job_id = edit(folder, "focal", 0, n_test="many")
    _, err = lossbench("compare", code=2)
    assert job_id in err and "n_test" in err
    shutil.rmtree(folder)
    copy_of(undisturbed, lossbench)
    plan = folder / "plan.csv"
    plan.write_text(plan.read_text().replace(",3,32,", ",three,32,", 1))
    _, err = lossbench("compare", code=2)
    assert "plan.csv: epochs of job" in err and "is 'three'; accepted is a whole number" in err


def test_a_protocol_edited_after_the_results_is_exploratory(undisturbed, lossbench):
    folder = copy_of(undisturbed, lossbench)
    path = folder / "experiment.yaml"
    path.write_text(path.read_text().replace("alpha: 0.05", "alpha: 0.2"))
    (found,) = comparison.compare([store.read_experiment(folder)])
    assert "EXPLORATORY" in found.flags
    assert found.exploratory[0].startswith("4 of 4 runs were made under another protocol")

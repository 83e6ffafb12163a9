"""What `lossbench plan` says: the forecast's lines, 80 columns, JSON, and a real measurement."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from lossbench import runner, store
from lossbench.cli import plan as command
from lossbench.forecast import Forecast
from lossbench.reporting.plan import plan_text, size

CONFIG = "name: made\ndataset: mnist_mini\nmodel: seed_cnn\nlosses: [cross_entropy, focal]\n"
EARLIER = {
    "epochs_done": 3,
    "n_train": 4500,
    "seconds_total": 10.0,
    "seconds_train": 6.4,
    "seconds_compile": 1.0,
    "step_ms_median": 50.0,
    "memory_mib": 700.0,
}


def words(text):
    """Lines without the spaces that align them."""
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.fixture
def plan(tmp_path):
    """Runs `lossbench plan` on the config, with the runs folder of `make_runs`."""
    config = tmp_path / "made.yaml"
    config.write_text(CONFIG + "seeds: 2\ntrain: {epochs: 3}\n")

    app = typer.Typer()
    command.register(app)

    def call(*options):
        args = ["plan", str(config), "--runs-dir", str(tmp_path / "runs"), "--workers", "2"]
        done = CliRunner().invoke(app, [*args, *options])
        assert done.exit_code == 0, done.output
        assert max(map(len, done.output.splitlines())) <= 80 or "--json" in options
        return done.output

    return call


def test_without_earlier_jobs_it_says_how_to_know(plan):
    lines = words(plan())
    assert "time unknown; --measure times a few steps" in lines
    assert "finished 0 of 4" in lines
    assert not any(line.startswith(("memory", "disk")) for line in lines)
    told = json.loads(plan("--json"))["forecast"]
    assert told["wall_s"] is None and told["unknown"] == 4


def test_earlier_jobs_tell_time_memory_and_disk(plan, make_runs):
    make_runs({"cross_entropy": [EARLIER] * 2, "brier": [EARLIER]})
    lines = words(plan())
    # Four jobs, two graphs: 10 s with the trace, 9 s without; 19 s a worker and 4 s to start.
    assert "time about 23 s on 2 workers (from 3 earlier jobs)" in lines
    assert "memory about 1.4 GiB" in lines
    assert any(line.startswith("disk about 0.0") and line.endswith(" MiB") for line in lines)
    told = json.loads(plan("--json"))
    assert told["forecast"]["wall_s"] == pytest.approx(23.0)
    assert told["forecast"]["earlier_jobs"] == 3
    assert [job["seconds"] for job in told["jobs"]] == pytest.approx([10, 10, 9, 9])


def test_finished_jobs_are_counted_and_not_forecast(plan, make_runs, tmp_path):
    folder = make_runs({"cross_entropy": [EARLIER]})
    jobs = json.loads(plan("--json"))["jobs"]
    for count, job in enumerate(jobs, start=1):
        result = {"job_id": job["job_id"], "status": "ok", "threads": 1}
        store.write_json(store.job_folder(folder, job["job_id"]) / "result.json", result)
        assert f"finished {count} of 4" in words(plan())
    assert "time nothing left to train" in words(plan())
    assert all(job["finished"] for job in json.loads(plan("--json"))["jobs"])


def test_everything_stays_within_80_columns(tmp_path):
    config = tmp_path / "wide.yaml"
    losses = ", ".join(f"{{name: focal, gamma: {i / 7}}}" for i in range(1, 20))
    config.write_text(
        f"dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [cross_entropy, bce, {losses}]\nseeds: 40\n"
    )
    checked = runner.check(config)
    told = Forecast(
        jobs=5000,
        finished=1234,
        workers=64,
        threads=1,
        seconds={"a": 1e6, "b": None},
        wall_s=1e6,
        memory_mib=2e5,
        disk_mib=3e4,
        earlier_jobs=1234,
        measured=3,
    )
    text = plan_text(checked.experiment, checked.facts, checked.plan, told)
    assert max(map(len, text.splitlines())) <= 80
    assert "1 of 2 jobs unknown" in " ".join(text.split())


@pytest.mark.parametrize(
    ("mib", "text"), [(0.04, "0.04 MiB"), (5.2, "5.2 MiB"), (340, "340 MiB"), (1434, "1.4 GiB")]
)
def test_sizes(mib, text):
    assert size(mib) == text


def test_measuring_a_few_real_steps(tmp_path):
    config = tmp_path / "tiny.yaml"
    config.write_text(
        "dataset: {name: mnist_mini, subset: 256}\nmodel: tiny_cnn\n"
        "losses: [cross_entropy, focal]\nseeds: 2\ntrain: {epochs: 2, batch_size: 16}\n"
    )
    before = sorted(tmp_path.rglob("*"))
    args = [sys.executable, "-m", "lossbench", "plan", str(config), "--measure", "--json"]
    done = subprocess.run(
        [*args, "--workers", "2"], capture_output=True, text=True, cwd=tmp_path, timeout=240
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["forecast"]
    assert told["measured"] == 1 and told["unknown"] == 0
    assert 0 < told["wall_s"] < 600 and told["memory_mib"] > 100
    assert sorted(tmp_path.rglob("*")) == before, "measuring writes nothing"


def test_a_loss_that_fails_while_it_is_measured(tmp_path):
    (tmp_path / "mine.py").write_text("def fails(labels, outputs):\n    raise RuntimeError('no')\n")
    config = tmp_path / "own.yaml"
    config.write_text(
        "dataset: {name: mnist_mini, subset: 256}\nmodel: tiny_cnn\nlosses:\n"
        "  - {name: custom, target: 'mine.py:fails', task: multiclass}\n"
    )
    args = [sys.executable, "-m", "lossbench", "plan", str(config), "--measure"]
    done = subprocess.run(args, capture_output=True, text=True, cwd=tmp_path, timeout=240)
    assert done.returncode == 1
    assert "--measure: tiny_cnn on mnist_mini could not be measured" in done.stderr
    assert "RuntimeError: no" in done.stderr and "Traceback" not in done.stderr

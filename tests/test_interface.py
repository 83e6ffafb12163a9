"""lossbench from Python: the same answers and errors as the command line, shown in notebooks."""

import html
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import lossbench
from lossbench import config, runner
from lossbench.errors import ConfigError, LossbenchError, StoreError

EXPERIMENT = {
    "dataset": {"name": "synthetic_regression", "n": 60, "n_test": 30, "image_size": 10},
    "model": "tiny_cnn",
    "losses": ["mse", {"name": "huber", "delta": 2}],
    "seeds": 2,
    "train": {"epochs": 1, "batch_size": 32},
}

SCORES = {"cross_entropy": [0.90, 0.91, 0.92, 0.93], "focal": [0.94, 0.96, 0.95, 0.97]}


class Text(HTMLParser):
    """The text of a page, and the tags that were opened and not closed."""

    def __init__(self, page):
        super().__init__()
        self.text, self.open, self.scripts = "", [], 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.scripts += tag == "script"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_importing_lossbench_loads_nothing_heavy():
    code = (
        "import sys, lossbench\n"
        "assert set(lossbench.__all__) >= {'run', 'load', 'compare', 'report', 'loss'}\n"
        "heavy = {'numpy', 'pandas', 'tensorflow', 'matplotlib', 'rich', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "import lossbench.interface\n"
        "lossbench.compare, lossbench.load\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_experiment_given_as_a_mapping_is_that_of_the_same_file(tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text(
        "dataset: {name: synthetic_regression, n: 60, n_test: 30, image_size: 10}\n"
        "model: tiny_cnn\nlosses: [mse, {name: huber, delta: 2}]\nseeds: 2\n"
        "train: {epochs: 1, batch_size: 32}\n"
    )
    given, written = config.load(EXPERIMENT), config.load(path)
    assert given == written and given.experiment.name == "experiment"
    jobs = [[job.id for job in runner.check(one).plan.jobs] for one in (EXPERIMENT, path)]
    assert jobs[0] == jobs[1]


def test_mistakes_of_a_mapping_have_the_texts_of_a_file_without_its_lines(tmp_path):
    wrong = {**EXPERIMENT, "losses": ["mse", {"name": "huber", "detla": 2}], "seeds": 0}
    path = tmp_path / "experiment.yaml"
    path.write_text(config.dump(config.load(EXPERIMENT).experiment))
    with pytest.raises(ConfigError) as of_mapping:
        lossbench.run(wrong, runs_dir=tmp_path / "runs")
    with pytest.raises(ConfigError) as of_file:
        runner.check(path, ["losses.1={name: huber, detla: 2}", "seeds=0"])
    texts = [[one.text for one in error.value.problems] for error in (of_mapping, of_file)]
    assert sorted(texts[0]) == sorted(texts[1]) and len(texts[0]) == 2
    where = [one.where for one in of_mapping.value.problems]
    assert where == ["experiment: losses[1].detla", "experiment: seeds"]
    assert not (tmp_path / "runs").exists()


def test_values_that_no_file_can_hold_are_refused_with_advice(tmp_path):
    with pytest.raises(ConfigError) as error:
        lossbench.run({**EXPERIMENT, "losses": ["mse", lambda y, z: z], 3: "x"})
    first, second = sorted(map(str, error.value.problems))[:2]
    assert first.startswith("experiment: key 3 is not text")
    assert "losses[1]" in second and "target: my_losses.py:mine" in second
    assert len(error.value.problems) == 2, "nothing else is said of a value that was refused"


def test_tuples_paths_and_numbers_of_numpy_are_taken_for_the_like():
    import numpy as np

    loose = {**EXPERIMENT, "losses": ("mse", {"name": "huber", "delta": np.float64(2)})}
    assert config.load({**loose, "seeds": range(2)}) == config.load(EXPERIMENT)
    assert config.load({**loose, "seeds": np.arange(2)}) == config.load(EXPERIMENT)


def test_load_has_a_row_for_each_run_and_a_column_for_each_metric(make_runs):
    folder = make_runs({"cross_entropy": [0.9, 0.91], "focal": [float("nan"), None]})
    frame = lossbench.load(folder)
    assert list(frame["loss"]) == ["cross_entropy"] * 2 + ["focal"] * 2
    assert list(frame["seed"]) == [0, 1, 0, 1]
    assert list(frame["status"]) == ["ok", "ok", "nan", "missing"]
    assert list(frame["accuracy"][:2]) == [0.9, 0.91] and frame["accuracy"][2:].isna().all()
    assert frame.groupby("loss")["accuracy"].mean()["cross_entropy"] == pytest.approx(0.905)
    assert set(frame["experiment"]) == {"made"} and frame["job_id"].is_unique
    assert "accuracy" not in lossbench.load(folder, at="last")


def test_several_folders_and_folders_of_folders_can_be_read(make_runs):
    one = make_runs({"cross_entropy": [0.9] * 3, "focal": [0.8] * 3})
    other = make_runs({"cross_entropy": [0.9] * 3, "focal": [0.8] * 3}, name="o", dataset="mnist")
    assert len(lossbench.load([one, str(other)])) == len(lossbench.load(one.parent)) == 12
    assert len(lossbench.compare(one.parent)) == 2


def test_a_folder_without_runs_is_the_error_of_the_command_line(tmp_path):
    for what in (lossbench.load, lossbench.compare, lossbench.report):
        with pytest.raises(StoreError, match="is no run folder and holds none"):
            what(tmp_path)


def test_compare_gives_what_the_command_line_prints(make_runs):
    folder = make_runs(SCORES)
    results = lossbench.compare(folder)
    (result,) = results
    assert results[0] is result and len(results[:1]) == 1
    done = subprocess.run(
        [sys.executable, "-m", "lossbench", "compare", folder], capture_output=True, text=True
    )
    assert str(result) == repr(results) == done.stdout
    table = result.table
    assert table.loc["focal", "diff"] == pytest.approx(0.04)  # mean of .04, .05, .03, .04
    assert table.loc["cross_entropy", "verdict"] == "BASELINE"
    assert result.sentences and result.sentences[0] in " ".join(done.stdout.split())
    assert lossbench.compare(folder, baseline="focal")[0].comparison.baseline == "focal"
    with pytest.raises(StoreError, match="--metric: there is no metric"):
        lossbench.compare(folder, metric="acuracy")


def test_a_notebook_shows_table_and_sentences_with_names_escaped(make_runs):
    name = "<script>alert(1)</script> & co"
    shown = lossbench.compare(make_runs({**SCORES, name: [0.9, 0.8, 0.9, 0.8]}))._repr_html_()
    page = Text(shown)
    assert not page.open and not page.scripts
    assert name in page.text and "focal is better than cross_entropy" in page.text
    assert re.search(r"<th[^>]*>loss</th>", shown) and "<caption>" in shown


def test_pictures_are_svg_in_a_notebook_and_files_elsewhere(make_runs, tmp_path):
    (result,) = lossbench.compare(make_runs(SCORES))
    forest = result.picture("forest")
    assert forest._repr_svg_().startswith("<svg ") and forest in result.pictures
    assert "focal is better" in repr(forest)
    assert forest.figure.axes and list(forest.picture.table["level"][:1]) == ["focal"]
    assert forest.save(tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(LossbenchError, match=r"accepted: \.svg, \.pdf, \.png"):
        forest.save(tmp_path / "f.jpg")
    with pytest.raises(LossbenchError, match=r"there is no 'forst'.*accepted: forest"):
        result.picture("forst")


def test_report_returns_a_path_that_a_notebook_shows_in_a_frame(make_runs, tmp_path, monkeypatch):
    folder = make_runs(SCORES)
    page = lossbench.report(folder, tmp_path / "there" / "page.html")
    text = (tmp_path / "there" / "page.html").read_text("utf-8")
    assert os.fspath(page) == str(page) == str(tmp_path / "there" / "page.html")
    shown = page._repr_html_()
    inside = re.search(r'srcdoc="([^"]*)"', shown)[1]
    assert html.unescape(inside) == text and 'sandbox="allow-scripts"' in shown
    monkeypatch.chdir(tmp_path)
    assert str(lossbench.report(folder)) == "report.html" and (tmp_path / "report.html").is_file()


def test_a_large_report_is_a_link_alone(tmp_path):
    from lossbench.reporting.notebook import MOST_INSIDE, report_html

    assert "iframe" not in report_html("x" * (MOST_INSIDE + 1), "r.html")
    assert "iframe" in report_html("x" * MOST_INSIDE, "r.html")


def test_retry_takes_statuses_alone(tmp_path):
    with pytest.raises(LossbenchError, match="retry: 'nan' is no status; accepted: failed, error"):
        lossbench.run(EXPERIMENT, runs_dir=tmp_path, retry=["nan"])


def test_progress_in_a_notebook_is_one_line_that_changes(monkeypatch, capsys):
    from types import SimpleNamespace

    import lossbench.reporting.progress as progress

    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return Handle()

    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    watcher = progress.make_watcher(quiet=False)
    jobs = runner.check(EXPERIMENT).plan.jobs
    watcher.started(jobs, None, 0, [])
    watcher.finished(jobs[0], {"status": "ok", "metrics": [], "seconds_total": 1.0})
    failed = {"status": "nan", "message": "NaN at step 3", "metrics": []}
    watcher.finished(jobs[1], failed)
    assert len(shown) == 2 and shown[0].startswith("1/4 mse, seed 0: ok")
    printed = capsys.readouterr().out
    assert printed.startswith("4 jobs to train\n") and "NaN at step 3" in printed
    assert "ok in" not in printed


def run_script(tmp_path, text):
    """Runs a script without `if __name__ == "__main__"`; returns what it printed."""
    script = tmp_path / "script.py"
    script.write_text("with open('started', 'a') as file:\n    file.write('once ')\n" + text)
    path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "started").read_text() == "once "
    return done.stdout


def test_a_worker_does_not_run_the_script_that_started_it_and_others_still_can(tmp_path):
    usual = (
        "from multiprocessing import spawn\n"
        "assert 'init_main_from_path' in spawn.get_preparation_data('mine')\n"
    )
    worker = (
        "from lossbench.executors.local import _Processes\n"
        "process = _Processes().Process(target=print, args=('in the worker',))\n"
        "process.start()\nprocess.join()\nassert process.exitcode == 0\n"
    )
    assert run_script(tmp_path, usual + worker + usual) == "in the worker\n"


@pytest.mark.slow
def test_a_script_without_a_guard_runs_an_experiment_once(tmp_path):
    text = f"""
import lossbench

finished = lossbench.run({EXPERIMENT!r}, workers=2, progress=False)
assert (finished.trained, finished.reused, finished.failed) == (4, 0, ())
again = lossbench.run({EXPERIMENT!r}, workers=2)
assert (again.trained, again.reused) == (0, 4)
assert len(lossbench.load(again)) == 4
print(lossbench.report(finished))
"""
    printed = run_script(tmp_path, text).splitlines()
    assert printed == ["nothing to train: all 4 jobs are finished", "report.html"]
    assert (tmp_path / "runs" / "experiment" / "runs.csv").is_file()

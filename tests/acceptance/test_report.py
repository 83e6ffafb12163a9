"""`lossbench report` as typed, and the report that `lossbench run` leaves behind."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCORES = {"cross_entropy": [0.90, 0.91, 0.92, 0.93], "focal": [0.91, 0.93, 0.93, 0.95]}


def test_one_file_with_everything_and_equal_bytes_again(lossbench, make_runs):
    make_runs(SCORES)
    out, err = lossbench("report")
    assert (out, err) == ("Report: report.html\n", "")
    page = (lossbench.cwd / "report.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "focal is better than cross_entropy" in page
    assert str(lossbench.cwd) not in page, "mailed reports name no folders of this machine"
    lossbench("report", "runs/made", "-o", "deep/er/again.html")
    again = (lossbench.cwd / "deep/er/again.html").read_text("utf-8")
    assert again.count("<figure") == page.count("<figure") >= 1
    lossbench("report", "runs", "-o", "once-more.html")
    assert (lossbench.cwd / "once-more.html").read_text("utf-8") == page


def test_another_factor_baseline_and_metric(lossbench, make_runs):
    make_runs({"adam": SCORES["focal"], "sgd": SCORES["cross_entropy"]}, factor="optimizer")
    lossbench("report", "--factor", "optimizer", "--baseline", "sgd", "-o", "a.html")
    page = (lossbench.cwd / "a.html").read_text("utf-8")
    assert "adam is better than sgd" in page
    for option, value in (("--factor", "colour"), ("--baseline", "rmsprop"), ("--metric", "x")):
        _, err = lossbench("report", option, value, "-o", "b.html", code=2)
        assert value in err and not (lossbench.cwd / "b.html").exists()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("runs", "runs: is a folder; accepted: a file. Use -o runs/report.html."),
        ("runs/made/plan.csv/a.html", "is a file, no folder; accepted: a file in a folder."),
        ("/proc/a.html", "/proc/a.html: cannot be written: "),
    ],
    ids=["a folder", "below a file", "no permission"],
)
def test_a_place_that_cannot_be_written_is_one_clear_message(lossbench, make_runs, place, told):
    if place.startswith("/proc") and not Path("/proc").is_dir():
        pytest.skip("this system has no /proc, where nobody may write")
    make_runs(SCORES)
    out, err = lossbench("report", "-o", place, code=2)
    assert out == "" and told in err and err.count("\n") == 1
    assert "-o" in err and "--runs-dir" not in err


def test_no_runs_no_page(lossbench):
    _, err = lossbench("report", code=2)
    assert "runs: there is no such folder" in err
    assert not list(lossbench.cwd.iterdir())


def test_run_writes_the_report_into_its_folder(undisturbed):
    page = (undisturbed / "report.html").read_text("utf-8")
    assert "<h1>smoke</h1>" in page
    job = next((undisturbed / "jobs").iterdir()).name
    assert job[:12] in page and str(undisturbed) not in page


def test_run_says_where_the_report_is_except_where_machines_read(lossbench, undisturbed, tmp_path):
    shutil.copytree(undisturbed.parent, tmp_path / "runs")
    folder, path = tmp_path / "runs/smoke", tmp_path / "runs/smoke/report.html"
    before = path.read_bytes()
    path.unlink()
    out, _ = lossbench("run", folder / "experiment.yaml")
    assert out.splitlines()[-1] == "Report: runs/smoke/report.html", "a plain path in a pipe"
    assert path.read_bytes() == before
    path.unlink()
    out, err = lossbench("run", folder / "experiment.yaml", "--json")
    assert json.loads(out)["comparisons"] and "report.html" not in err
    assert path.read_bytes() == before


def test_a_report_that_cannot_be_written_loses_nothing(lossbench, undisturbed, tmp_path):
    shutil.copytree(undisturbed.parent, tmp_path / "runs")
    folder = tmp_path / "runs/smoke"
    (folder / "report.html").unlink()
    (folder / "report.html").mkdir()
    out, err = lossbench("run", folder / "experiment.yaml", code=0)
    (line,) = [line for line in err.splitlines() if "report" in line]
    assert line.startswith("warning: no report was written: ")
    assert line.endswith("All results are kept; try: lossbench report runs/smoke -o report.html")
    assert "0 trained now, 4 were finished before." in out and "Report:" not in out


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_on_a_terminal_the_path_is_a_link(undisturbed, tmp_path):
    shutil.copytree(undisturbed.parent, tmp_path / "runs")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lossbench", "run", "runs/smoke/experiment.yaml"],
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    printed = b""
    try:
        while part := os.read(ours, 4096):
            printed += part
    except OSError:  # the other end is closed
        pass
    assert process.wait() == 0
    target = (tmp_path / "runs/smoke/report.html").as_uri()
    assert re.search(f"\033]8;[^;]*;{re.escape(target)}\033\\\\", printed.decode())

"""Every run: its score as it is compared, its folder as a relative link, failures included."""

import json
import math
from pathlib import Path
from urllib.parse import unquote

import pytest

from lossbench.reporting.page import report_of
from lossbench.reporting.page.runs import MOST_RUNS, relative, runs
from tests.reporting.page.parts import STRANGE, classed, report, root_of, tables, text_of


def test_every_run_is_there(make_runs):
    broken = {
        "status": "crashed",
        "message": "<b>no</b> memory & more",
        "metrics": [],
        "seconds_total": 3.25,
    }
    folder = make_runs(
        {
            "cross_entropy": [{"selected_epoch": 2, "seconds_total": 1234.56}, 0.8123],
            "focal": [broken, None],
        }
    )
    found = runs(report_of([folder], "0.1.0", folder.parent.parent))
    (table,) = tables(found)
    assert table.columns == [
        *("loss", "seed", "status", "accuracy", "epoch", "seconds", "message", "folder")
    ]
    first = ["cross_entropy", "0", "ok", "90.00", "2", "1,234.6", ""]
    assert table.rows[0] == [*first, "made-mnist_mini-cross_entropy-0"]
    assert table.rows[1][3] == "81.23"
    assert table.rows[2][2:7] == ["✗ crashed", "–", "–", "3.2", "<b>no</b> memory & more"]
    assert table.rows[3][2:6] == ["missing", "–", "–", "–"]
    assert table.sorted_by("accuracy") == ["0.9", "0.8123", None, None]
    assert "4 runs: 1 crashed, 1 missing, 2 ok." in text_of(found)


def test_links_are_relative_and_lead_to_the_folder(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "50% <wide>?#": [0.9]}, name="my runs")
    start = folder.parent.parent / "reports"
    found = runs(report_of([folder], "0.1.0", start))
    links = [one.get("href") for one in root_of(found).iter("a")]
    assert len(links) == 2
    for link in links:
        assert link.startswith("../runs/my%20runs/jobs/") and not set(link) & set(' <>?#"')
        assert (start / unquote(link)).resolve().is_dir()
    assert str(folder) not in str(found)


def test_without_a_folder_there_are_no_links(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "focal": [0.8]})
    assert not list(root_of(runs(report_of([folder], "0.1.0"))).iter("a"))


@pytest.mark.parametrize(
    ("target", "start", "way"),
    [
        ("/a/b/c", "/a/b", "c/"),
        ("/a/b/c", "/a/x/y", "../../b/c/"),
        ("/a/b", "/c/d", None),
        ("/a/ä b", "/a", "%C3%A4%20b/"),
    ],
)
def test_ways(target, start, way):
    assert relative(Path(target), Path(start)) == way


def test_only_failed_runs(make_runs):
    folder = make_runs({"cross_entropy": [math.nan] * 2, "focal": [math.nan] * 2})
    found = runs(report_of([folder], "0.1.0"))
    assert classed(found, "failed") == ["✗ nan"] * 4
    assert "4 runs: 4 nan." in text_of(found)


def test_of_many_the_first_and_the_failed_are_listed(make_runs, monkeypatch):
    monkeypatch.setattr("lossbench.reporting.page.runs.MOST_RUNS", 4)
    folder = make_runs({"cross_entropy": [0.9] * 5, "focal": [0.8, math.nan, 0.8, 0.8, 0.8]})
    found = runs(report_of([folder], "0.1.0"))
    (table,) = tables(found)
    assert [(row[0], row[1]) for row in table.rows] == [
        *(("cross_entropy", str(i)) for i in range(4)),
        ("focal", "1"),
    ]
    assert "5 of them are left out below, which has the first 4 and those that failed" in (
        text_of(found)
    )
    assert MOST_RUNS == 300


def test_messages_have_no_absolute_path_and_no_end(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "focal": [0.9]})
    path = next((folder / "jobs").glob("*focal*")) / "result.json"
    about = json.loads(path.read_text())
    about |= {"status": "crashed", "message": f"{folder}/x.npz: " + "no " * 500, "metrics": []}
    path.write_text(json.dumps(about))
    (table,) = tables(runs(report_of([folder], "0.1.0")))
    (message,) = [text for text in table.column("message") if len(text) > 1]
    assert message.startswith("made/x.npz: no no") and len(message) < 310


def test_what_does_not_fit_is_named(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "focal": [0.8]})
    plan = folder / "plan.csv"
    header = plan.read_text().splitlines()[0].split(",")
    skip = {"loss": "dice", "dataset": "mnist_mini", "planned": "no", "reason": "needs <masks>"}
    plan.write_text(plan.read_text() + ",".join(skip.get(name, "") for name in header) + "\n")
    found = tables(runs(report_of([folder], "0.1.0")))
    assert found[-1].rows == [["dice", "mnist_mini", "", "needs <masks>"]]


@pytest.mark.parametrize("name", STRANGE[:2])
def test_names_are_shown_as_they_are(make_runs, name):
    folder = make_runs({"cross_entropy": [0.9, 0.8], "focal": [0.9, 0.8]}, dataset="d", name="x")
    text = (
        (folder / "plan.csv").read_text().replace(",focal,", ',"' + name.replace('"', '""') + '",')
    )
    (folder / "plan.csv").write_text(text)
    (table,) = tables(runs(report_of([folder], "0.1.0")))
    assert name in table.column("loss")


def test_nothing_planned():
    assert str(runs(report())) == ""

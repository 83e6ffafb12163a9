"""An export as a folder: whole files in one place, or one clear message."""

import json
import math

import pytest

from lossbench.errors import StoreError
from lossbench.reporting.exports import Choice, check_folder, export, printed
from lossbench.reporting.page.report import report_of

SCORES = {"cross_entropy": [0.9, 0.91, 0.92], "focal": [0.93, 0.95, 0.94]}
TEXTS = Choice(("csv", "json", "markdown", "latex"), (), claim=True, references=True)


@pytest.fixture
def report(make_runs):
    return report_of([make_runs(SCORES)], "0.1.0")


def test_a_folder_holds_what_was_chosen(report, tmp_path):
    written = export(report, tmp_path / "new" / "paper", TEXTS)
    names = {path.name for path in (tmp_path / "new" / "paper").iterdir()}
    assert names == {path.name for path in written}
    assert names >= {"runs.csv", "comparisons.csv", "comparisons.json", "tables.md", "table.tex"}
    assert names >= {"claims.txt", "references.bib", "references.md"}
    only = export(report, tmp_path / "one", Choice(("latex",)))
    assert [path.name for path in only] == ["table.tex"]


def test_an_export_made_again_has_the_same_bytes_and_leaves_other_files_alone(report, tmp_path):
    choice = Choice(TEXTS.formats, ("svg", "pdf"), claim=True, references=True)
    first = {path: path.read_bytes() for path in export(report, tmp_path / "x", choice)}
    (tmp_path / "x" / "mine.txt").write_text("mine")
    again = {path: path.read_bytes() for path in export(report, tmp_path / "x", choice)}
    assert first == again and (tmp_path / "x" / "mine.txt").read_text() == "mine"
    assert str(tmp_path).encode() not in b"".join(again.values())


def test_several_comparisons_have_a_table_each(make_runs, tmp_path):
    folders = [make_runs(SCORES, name=name, dataset=name) for name in ("a", "b")]
    written = export(report_of(folders, "0.1.0"), tmp_path / "x", Choice(("latex",)))
    assert [path.name for path in written] == ["1-table.tex", "2-table.tex"]
    assert r"\label{tab:lossbench-2}" in written[1].read_text()


def test_nothing_is_written_elsewhere_whatever_an_experiment_is_called(make_runs, tmp_path):
    folder = make_runs(SCORES)
    about = json.loads((folder / "experiment.yaml").read_text())
    (folder / "experiment.yaml").write_text(json.dumps(about | {"name": "../../../../escaped"}))
    before = set(tmp_path.rglob("*"))
    export(
        report_of([folder], "0.1.0"), tmp_path / "x", Choice(TEXTS.formats, ("svg",), True, True)
    )
    new = set(tmp_path.rglob("*")) - before
    assert new and all(path.is_relative_to(tmp_path / "x") for path in new)


def test_only_failed_runs_still_have_all_tables(make_runs, tmp_path):
    folder = make_runs({"cross_entropy": [math.nan] * 3, "focal": [math.nan] * 3})
    written = export(report_of([folder], "0.1.0"), tmp_path / "x", TEXTS)
    found = {path.name: path.read_text() for path in written}
    assert found["runs.csv"].count(",nan,NaN,") == 6
    assert "No verdict on" in found["claims.txt"]
    assert "not testable" in found["table.tex"] and "not testable" in found["tables.md"]


def test_what_is_printed_is_what_is_written(report, tmp_path):
    found = {path.name: path.read_text() for path in export(report, tmp_path / "x", TEXTS)}
    for what, name in {
        "csv": "comparisons.csv",
        "json": "comparisons.json",
        "markdown": "tables.md",
        "latex": "table.tex",
        "claim": "claims.txt",
        "references": "references.bib",
    }.items():
        assert printed(report, what) == found[name]


def test_a_folder_that_cannot_take_an_export_is_refused(make_runs, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(
            StoreError, match=r"no folder can be made here: .*Give another one with -o"
        ):
            check_folder(path)
    with pytest.raises(StoreError, match="is a file; accepted"):
        check_folder(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    runs = make_runs(SCORES)
    with pytest.raises(StoreError, match="is a run folder, whose own tables"):
        check_folder(runs)
    check_folder(runs / "export")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(StoreError, match="cannot be written: permission denied"):
        check_folder(tmp_path)

"""Pictures as files: their names, their numbers beside them, their captions."""

import csv
import io

import pandas as pd
import pytest

from lossbench.reporting.exports import figures
from lossbench.reporting.exports.figures import figure_files, file_stem
from lossbench.reporting.figures import Picture
from lossbench.reporting.page.report import report_of

STARTS = {"pdf": b"%PDF-", "svg": b"<?xml", "png": b"\x89PNG"}


def picture(name="curve", variant="", draw=None):
    return Picture(
        name=name,
        section="learn",
        title="A <title>",
        table=pd.DataFrame({"level": ["a,b"], "value": [0.1 + 0.2]}),
        draw=draw or (lambda: None),
        caption="n = 3 | pointwise",
        description="It rises.",
        variant=variant,
    )


@pytest.fixture
def report(make_runs):
    scores = {"cross_entropy": [0.9, 0.91, 0.92], "focal": [0.93, 0.95, 0.94]}
    return report_of([make_runs(scores)], "0.1.0")


def test_real_pictures_come_in_every_format_with_their_numbers(report):
    found = dict(figure_files(report, ["svg", "pdf", "png"]))
    for form, start in STARTS.items():
        assert found[f"forest.{form}"].startswith(start)
    rows = list(csv.DictReader(io.StringIO(found["forest.csv"].decode())))
    assert rows[0]["level"] == "focal" and float(rows[0]["diff"]) == pytest.approx(3.0)
    assert found == dict(figure_files(report, ["svg", "pdf", "png"])), "the same bytes again"


def test_captions_can_be_pasted_from_one_file(report, monkeypatch):
    monkeypatch.setattr(figures, "pictures_of", lambda material: [picture(variant="by epochs")])
    monkeypatch.setattr(figures, "file_bytes", lambda drawn, form: form.encode())
    found = dict(figure_files(report, ["pdf"]))
    assert list(found) == ["curve-by-epochs.pdf", "curve-by-epochs.csv", "captions.md"]
    assert found["curve-by-epochs.csv"] == b'level,value\n"a,b",0.30000000000000004\n'
    text = found["captions.md"].decode()
    assert "### A &lt;title&gt;\n\n[curve-by-epochs.pdf](curve-by-epochs.pdf), " in text
    assert "n = 3 \\| pointwise\n\nIt rises.\n" in text


def test_a_picture_is_drawn_once_for_all_formats(report, monkeypatch):
    drawn = []
    one = picture(draw=lambda: drawn.append("drawn"))
    monkeypatch.setattr(figures, "pictures_of", lambda material: [one])
    monkeypatch.setattr(figures, "file_bytes", lambda given, form: str(given.draw()).encode())
    list(figure_files(report, ["pdf", "svg", "png"]))
    assert drawn == ["drawn"]


def test_names_of_files_stay_in_their_folder_and_apart():
    assert file_stem(picture("../../etc/x y"), None) == "etc-x-y"
    assert file_stem(picture("curve", "by epochs"), 3) == "3-curve-by-epochs"
    assert file_stem(picture("curve"), None) == "curve"
    assert file_stem(picture("", "🔥"), 2) == "2"


def test_several_comparisons_are_told_apart_by_number(make_runs):
    scores = {"cross_entropy": [0.9, 0.91, 0.92], "focal": [0.93, 0.95, 0.94]}
    folders = [make_runs(scores, name=name, dataset=name) for name in ("a", "b")]
    found = dict(figure_files(report_of(folders, "0.1.0"), ["svg"]))
    assert {"1-forest.svg", "2-forest.svg", "1-forest.csv", "captions.md"} <= found.keys()
    text = found["captions.md"].decode()
    assert "## a / seed_cnn / adam, 3 epochs" in text and "## b / " in text


def test_one_loss_has_no_forest_but_an_index(make_runs):
    report = report_of([make_runs({"cross_entropy": [0.9, 0.8]})], "0.1.0")
    found = dict(figure_files(report, ["svg"]))
    assert "captions.md" in found and "forest.svg" not in found

import json

import pytest
from scipy import stats

from lossbench import store
from lossbench.reporting.figures import sweeps, sweeps_table
from lossbench.reporting.figures.style import PAPER
from lossbench.reporting.figures.sweeps import flat, pictures, sweeps_of
from lossbench.reporting.page.report import report_of
from tests.reporting.figures.made_values import compared

CE, GCE = [0.9, 0.88, 0.92], [0.8, 0.81, 0.82]


def _entry(**params):
    return flat({"name": "mnist", "params": {"subset": None} | params})


def _noise(rate, kind="symmetric"):
    return {"label_noise": {"type": kind, "rate": rate}}


def _sweeps(*params):
    some = [compared({"ce": CE, "gce": GCE}, dataset=f"d{k}") for k in range(len(params))]
    found = sweeps_of(some, [None if one is None else _entry(**one) for one in params])
    return {one.name + one.beside: [(v, some.index(c)) for v, c in one.points] for one in found}


def test_data_sets_that_differ_in_one_number_are_a_sweep_with_the_clean_one_as_zero():
    assert _sweeps(_noise(0.4), {}, _noise(0.2)) == {
        "label noise rate (type symmetric)": [(0.0, 1), (0.2, 2), (0.4, 0)]
    }
    ratio = {"imbalance": {"type": "step", "ratio": 10}}
    assert _sweeps({}, ratio) == {"imbalance ratio (type step)": [(1.0, 0), (10.0, 1)]}
    assert _sweeps({"subset": 1000}, {"subset": 2000}) == {"subset": [(1000.0, 0), (2000.0, 1)]}


def test_what_differs_in_more_or_in_no_number_is_no_sweep():
    assert _sweeps(_noise(0.4), _noise(0.2, "pair")) == {}
    assert _sweeps(_noise(0.4), {"subset": 1000}) == {}  # the clean one has another size
    assert _sweeps(_noise(0.4), _noise(0.4)) == {}
    assert _sweeps(_noise(0.4), None) == {}
    assert _sweeps({"flag": True}, {"flag": False}) == {}


def test_of_two_numbers_each_has_its_own_sweep():
    outliers = [{"rate": r, "size": s, "sides": "one"} for r, s in ((0.1, 8), (0.2, 8), (0.1, 4))]
    assert _sweeps(*({"outliers": one} for one in outliers), {}) == {
        "outliers rate (size 8, sides one)": [(0.0, 3), (0.1, 0), (0.2, 1)],
        "outliers rate (size 4, sides one)": [(0.0, 3), (0.1, 2)],
        "outliers size (rate 0.1, sides one)": [(4.0, 2), (8.0, 0)],
    }


def _points():
    clean = compared({"ce": CE, "gce": GCE}, {"gce": "CLEARLY_WORSE"})
    noisy = compared({"ce": GCE, "gce": CE}, {"gce": "INCONCLUSIVE"})
    return [(0.0, clean), (0.4, noisy)]


def test_means_have_their_own_interval_in_percent():
    table = sweeps_table(_points())
    row = table[(table["value"] == 0) & (table["level"] == "ce")].iloc[0]
    percent = [100 * value for value in CE]
    low, high = stats.t.interval(0.95, 2, 90, stats.sem(percent))
    assert row[["mean", "ci_low", "ci_high"]].tolist() == pytest.approx([90, low, high])
    assert row["n"] == 3


def test_markers_are_open_where_no_difference_is_shown():
    (axes,) = sweeps(sweeps_table(_points()), baseline="ce").axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.4"]
    (open_,) = [line for line in axes.lines if line.get_markerfacecolor() == PAPER]
    assert list(open_.get_xdata()) == [0.4]
    assert list(open_.get_ydata()) == pytest.approx([90])
    assert len(axes.collections) == 2  # a band for each level


def _written(make_runs, rates):
    paths = []
    for rate in rates:
        name = f"mnist[rate={rate}]"
        lifted = [one + rate for one in (0.5, 0.51, 0.49, 0.5)]
        scores = {"cross_entropy": [0.5, 0.51, 0.49, 0.5], "gce": lifted}
        folder = make_runs(scores, name=f"n{rate}", dataset=name)
        params = {"label_noise": {"type": "symmetric", "rate": rate} if rate else None}
        for job in (folder / "jobs").iterdir():
            text = json.dumps({"dataset": {"name": "mnist", "params": params}})
            (store.job_folder(folder, job.name) / "job.json").write_text(text)
        paths.append(folder)
    return paths


def test_runs_give_one_picture_which_says_from_where_on_a_loss_pays(make_runs):
    report = report_of(_written(make_runs, (0.0, 0.2, 0.4)), "0")
    found = [picture for material in report.materials for picture in pictures(material)]
    (picture,) = found
    assert picture.name == "sweep-label-noise-rate"
    assert picture.section == "across"
    assert "Label noise rate 0, 0.2, 0.4." in picture.description
    assert "gce from 0.2 on" in picture.description
    assert picture.table["label noise rate"].tolist() == [0, 0, 0.2, 0.2, 0.4, 0.4]


def test_runs_without_a_description_of_their_data_have_no_picture(make_runs):
    paths = _written(make_runs, (0.0, 0.2))
    for file in paths[1].glob("jobs/*/job.json"):
        file.write_text("{")
    report = report_of(paths, "0")
    assert not [picture for material in report.materials for picture in pictures(material)]


def test_a_loss_that_pays_at_small_values_alone_is_said_to(make_runs):
    paths = _written(make_runs, (0.0, 0.2, 0.4))
    for file in paths[2].glob("jobs/*-gce-*/result.json"):  # at 0.4 as good as the baseline
        text = json.loads(file.read_text())
        text["metrics"][0]["value"] -= 0.4
        file.write_text(json.dumps(text))
    report = report_of(paths, "0")
    (picture,) = [one for material in report.materials for one in pictures(material)]
    assert "gce at 0.2 alone" in picture.description

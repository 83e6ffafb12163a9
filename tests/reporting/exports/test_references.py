"""Whom to cite for what ran."""

import json
import re
import shutil
import subprocess

import pytest

from lossbench import store
from lossbench.reporting.exports.references import (
    loss_sources,
    method_sources,
    references_bib,
    references_markdown,
)
from lossbench.reporting.page.report import report_of

SCORES = [0.90, 0.91, 0.89, 0.92]
BETTER = [0.92, 0.93, 0.92, 0.93]


@pytest.fixture
def report_on(make_runs):
    """A report of losses, some of them described as their jobs have it."""

    def make(specs, **changes):
        folder = make_runs({level: [s + 0.01 * i for s in SCORES] for i, level in enumerate(specs)})
        for level, spec in specs.items():
            if spec:
                job = f"made-mnist_mini-{level}-0"
                place = store.job_folder(folder, job)
                (place / "job.json").write_text(json.dumps({"job_id": job, "loss": spec}))
        return report_of([folder], "0.1.0", **changes)

    return make


def loss(name, **params):
    return {"name": name, "params": params}


def test_parts_of_losses_are_named_with_what_they_ran_in(report_on):
    report = report_on(
        {
            "cross_entropy": loss("cross_entropy"),
            "balanced": loss("class_balanced", base=loss("focal", gamma=2.0), beta=0.99),
            "both": loss("sum", terms=[{"loss": loss("dice"), "weight": 1.0}]),
        }
    )
    found = {one.name: one for one in loss_sources(report)}
    assert list(found) == ["cross_entropy", "class_balanced", "focal", "sum", "dice"]
    assert found["focal"].levels == ("balanced",)
    assert found["focal"].text == "Lin et al. 2017, arXiv:1708.02002, eq. 5."
    text = references_markdown(report)
    assert "- **focal (balanced)**: Lin et al. 2017, arXiv:1708.02002, eq. 5. \\[lin2017\\]" in text
    assert "Departures: the paper is binary" in text


def test_a_loss_of_ones_own_and_one_that_nobody_knows(report_on):
    hidden = loss("custom", target="a.py:f", params={"name": "huber", "params": {}})
    report = report_on({"cross_entropy": None, "mine@{article{x,": hidden, "gone[a=1]": None})
    found = {one.name: one for one in loss_sources(report)}
    assert list(found) == ["cross_entropy", "custom", "gone"], "its arguments are no losses"
    assert "- **custom (mine@{article{x,)**: your own: cite what" in references_markdown(report)
    bib = references_bib(report)
    assert "% gone (gone[a=1]): no source is known" in bib
    outside = re.sub(r"^@misc\{[\s\S]*?^\}$", "", bib, flags=re.M)
    assert "@" not in outside and "(at){article" in outside


def test_statistics_are_those_that_the_report_rests_on(report_on, make_runs):
    two = report_on({"cross_entropy": None, "focal": None})
    names = {one.name: one.text for one in method_sources(two)}
    assert "Student 1908" in names["paired t-test and its interval"]
    assert "Lakens 2017" in names["equivalence"]
    assert "adjustment for several levels" not in names, "one loss beside the baseline"
    three = report_on({"cross_entropy": None, "focal": None, "brier": None})
    assert "adjustment for several levels" in {one.name for one in method_sources(three)}
    assert all(one.text for one in method_sources(three))
    alone = report_of([make_runs({"cross_entropy": SCORES}, name="alone")], "0.1.0")
    assert method_sources(alone) == []
    folders = [
        make_runs({"cross_entropy": SCORES, "focal": BETTER}, name=f"d{i}", dataset=f"d{i}")
        for i in range(2)
    ]
    across = {one.name: one.text for one in method_sources(report_of(folders, "0.1.0"))}
    assert "Satterthwaite 1946" in across["summary over data sets"]


def test_every_key_in_the_text_is_an_entry_and_lossbench_is_one(report_on):
    report = report_on({"cross_entropy": None, "focal": None, "gce": None})
    bib = references_bib(report)
    keys = set(re.findall(r"^@misc\{(.*),$", bib, re.M))
    cited = re.findall(r"\\\[(.+?)\\\]", references_markdown(report))
    assert {key for group in cited for key in group.split(", ")} == keys
    assert {"lin2017", "zhang2018", "holm1979", "lossbench"} <= keys
    assert "note = {Version 0.1.0}" in bib
    assert bib == references_bib(report)


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="bibtex is not installed")
def test_bibtex_reads_it_without_a_complaint(report_on, tmp_path):
    bib = references_bib(report_on({"cross_entropy": None, "soft_f1": None, "w@{": loss("custom")}))
    (tmp_path / "r.bib").write_text(bib)
    (tmp_path / "p.aux").write_text("\\citation{*}\n\\bibstyle{unsrt}\n\\bibdata{r}\n")
    done = subprocess.run(["bibtex", "p"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout
    shown = (tmp_path / "p.bbl").read_text()
    assert "arXiv:2108.10566" in shown and "Holm" in shown

"""Section 10: what was computed, with which versions, from which file, and what terms mean."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench import stats
from lossbench.catalog.axes import plural, title
from lossbench.comparison import Comparison
from lossbench.reporting.page.cells import NOTHING
from lossbench.reporting.page.glossary import references, terms
from lossbench.reporting.page.markup import Markup, bullets, element, joined, table
from lossbench.reporting.page.report import Report
from lossbench.reporting.sentences import ci_name, delta_text, level_of_tests
from lossbench.store import Stored

HASHES = (
    "runs.csv in each run folder has the hashes of every run: of its first weights, the order of "
    "its images, its split and its labels. Those of a pair have to agree; the audit checks it."
)
SETTINGS = {
    "device": "device",
    "threads for each job": "threads",
    "precision": "dtype_policy",
}
"""What beside versions decides the last bits, by its name here: a key of results."""


def method(report: Report) -> Markup:
    """Return the method in plain words, the environment, the files, and the terms."""
    comparisons = [material.comparison for material in report.materials]
    ranked = any(one.pairs for one in report.across)
    glossary = (
        part for term, text in terms() for part in (element("dt", term), element("dd", text))
    )
    return joined(
        element("h3", "What was computed"),
        bullets([*_computed(comparisons)]),
        element("h3", "Environment"),
        _environment(report),
        element("h3", "Protocol and files"),
        _protocols(report),
        *(_config(one) for one in report.stored),
        element("h3", "Do it again"),
        *_again(report),
        element("h3", "Cite"),
        element("pre", citation(report.version)),
        element("h3", "Terms"),
        element("dl", *glossary),
        element("h3", "References of the statistics"),
        bullets(references(comparisons, ranked=ranked)),
    )


def _computed(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield how verdicts come about, with the numbers of this report."""
    if not comparisons:
        return
    first = comparisons[0]
    what = title(first.factor)
    yield (
        f"Every {what} is trained with the same seeds. In each seed, runs share data, split, first "
        f"weights and order of the images, so that a difference is that of the {what}."
    )
    for epoch in dict.fromkeys(one.at for one in comparisons):
        yield _epoch_text(epoch)
    cis = ", ".join(dict.fromkeys(map(ci_name, comparisons)))
    yield (
        f"diff is the mean of the paired differences to the baseline; its interval ({cis}) is that "
        "of the paired t-test. Intervals are not adjusted, p-values are."
    )
    alphas = ", ".join(dict.fromkeys(f"{level_of_tests(one):.4g}" for one in comparisons))
    deltas = ", ".join(dict.fromkeys(map(delta_text, comparisons)))
    yield (
        f"Three questions are tested for each {what}, each with Holm's correction over all "
        f"{plural(first.factor)}, at alpha {alphas}: is there a difference (paired t-test), is it "
        f"smaller than delta (TOST), is it larger than delta? Delta: {deltas}."
    )
    yield (
        "The verdict follows from the three p-values by fixed rules, which the terms below state; "
        f"fewer than {stats.FEWEST_BLOCKS} pairs are never tested."
    )
    yield (
        "An exact sign-flip test, another choice of the epoch, and leaving out one seed check the "
        "verdict; where they disagree, a flag says so."
    )
    yield (
        "Failed runs are counted and never replaced: differences are over the seeds in which both "
        "worked, wins and PI over all of them."
    )
    if any(row.bold for one in comparisons for row in one.rows):
        yield "Bold: the best mean, and every level that cannot be told from it (Holm)."


def _epoch_text(at: str) -> str:
    if at == "selected":
        return (
            "The epoch is chosen on validation by the metric that judges; test is evaluated then."
        )
    return "The last epoch is compared."


def _environment(report: Report) -> Markup:
    """Return versions, devices and threads, each value with the number of runs that had it."""
    results = [run.result for one in report.stored for run in one.runs if run.result is not None]
    rows = [("lossbench that wrote this report", report.version)]
    names = dict.fromkeys(name for one in results for name in _versions(one))
    rows += [(name, _told([_versions(one).get(name) for one in results])) for name in names]
    rows += [
        (name, told)
        for name, key in SETTINGS.items()
        if (told := _told([one.get(key) for one in results]))
    ]
    columns = ("what", "value")
    return table("What trained the runs", columns, rows, words=columns)


def _versions(result: Mapping[str, Any]) -> Mapping[str, Any]:
    found = result.get("versions")
    return found if isinstance(found, Mapping) else {}


def _told(values: Sequence[Any]) -> str:
    """Return the values that runs have, with their numbers where there are several."""
    known = [str(value) for value in values if value is not None]
    different = sorted(set(known))
    if len(different) == 1:
        return different[0]
    return ", ".join(f"{value} ({known.count(value)} runs)" for value in different)


def _protocols(report: Report) -> Markup:
    """Return what each experiment declared before, and its hash."""
    rows = [
        (
            one.name,
            element("code", one.protocol_sha256) if one.protocol_sha256 else NOTHING,
            ", ".join(f"{key} {value}" for key, value in one.protocol.items()) or NOTHING,
        )
        for one in report.stored
    ]
    columns = ("experiment", "hash of all that is declared (SHA-256)", "declared to judge by")
    return joined(
        table("Protocol", columns, rows, words=columns),
        element("p", HASHES),
    )


def _config(one: Stored) -> Markup:
    """Return the experiment's file behind a click."""
    try:
        text = (one.folder / "experiment.yaml").read_text("utf-8", errors="replace")
    except OSError:
        return element("p", f"{one.name}: experiment.yaml cannot be read.")
    summary = element("summary", f"experiment.yaml of {one.name}")
    return element("details", summary, element("pre", element("code", text)))


def _again(report: Report) -> Iterator[Markup]:
    """Yield how to run the experiments again and make this report of them."""
    folders = " ".join(shlex.quote(f"runs/{one.name}") for one in report.stored)
    if not folders:
        return
    yield element(
        "p",
        "Save the file above as experiment.yaml, one after the other where there are several. With "
        "the versions above, on the same kind of device and with as many threads, runs repeat to "
        "the last bit.",
    )
    commands = [
        "lossbench run experiment.yaml",
        f"lossbench report {folders}",
    ]
    yield element("pre", element("code", "\n".join(commands)))


def citation(version: str) -> str:
    """Return how to cite lossbench, in BibTeX."""
    return (
        "@software{lossbench,\n"
        "  author  = {{The lossbench authors}},\n"
        "  title   = {lossbench: which loss function should a CNN be trained with, and is the "
        "difference real?},\n"
        f"  version = {{{version}}}\n"
        "}"
    )

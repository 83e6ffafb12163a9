"""The method: versions, hashes and files of the runs, and every term of the page."""

import math
from dataclasses import replace

from lossbench.comparison.results import OneSeed
from lossbench.reporting.captions import MEANING
from lossbench.reporting.columns import WORDS
from lossbench.reporting.page import report_of
from lossbench.reporting.page.glossary import VERDICTS, references
from lossbench.reporting.page.method import method
from tests.reporting.made_comparisons import SPECIFIED
from tests.reporting.page.parts import report, root_of, tables, text_of, words


def test_versions_hashes_and_the_file(make_runs):
    old = {"versions": {"keras": "3.10", "tensorflow": "2.21"}}
    new = {"versions": {"keras": "3.15", "tensorflow": "2.21"}, "threads": 2}
    folder = make_runs({"cross_entropy": [old, new], "focal": [new, math.nan]})
    (folder / "experiment.yaml").write_text("name: '<made>'\nprotocol: {metric: accuracy}\n")
    made = report_of([folder], "9.9")
    found = method(made)
    environment, protocol = tables(found)
    assert dict(environment.rows) == {
        "lossbench that wrote this report": "9.9",
        "keras": "3.10 (1 runs), 3.15 (2 runs)",
        "tensorflow": "2.21",
        "device": "CPU",
        "threads for each job": "1 (2 runs), 2 (2 runs)",
    }
    assert protocol.rows == [["<made>", made.stored[0].protocol_sha256, "metric accuracy"]]
    assert "name: '<made>'" in text_of(found)
    assert "lossbench report 'runs/<made>'" in text_of(found)
    assert str(folder) not in str(found)


def test_a_file_that_is_gone(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "focal": [0.8]})
    made = report_of([folder], "9.9")
    (folder / "experiment.yaml").unlink()
    assert "experiment.yaml cannot be read" in text_of(method(made))


def test_every_verdict_and_flag_is_a_term():
    assert VERDICTS.keys() == WORDS.keys()
    terms = [words(one) for one in root_of(method(report(SPECIFIED))).iter("dt")]
    assert set(terms) >= {*WORDS.values(), *MEANING}
    assert len(terms) == len(set(terms)) == len(list(root_of(method(report())).iter("dd")))


def test_what_was_computed_has_the_numbers_of_the_report():
    text = text_of(method(report(SPECIFIED, replace(SPECIFIED, alpha=0.1, at="last"))))
    assert "its interval (95% CI, 90% CI)" in text
    assert "at alpha 0.05, 0.1:" in text and "Delta: 0.20 points." in text
    assert "The last epoch is compared." in text and "The epoch is chosen on validation" in text


def test_references_are_those_of_what_was_used():
    plain = " ".join(references([SPECIFIED], ranked=False))
    assert "Holm 1979" in plain and "Wilcoxon" not in plain and "McNemar" not in plain
    two = OneSeed("focal", 0, 100, 0.1, 0.0, 0.2, 5, 3, 0.7, 0.6, 0.7, 1000)
    rows = (replace(SPECIFIED.rows[0], trials=9),)
    used = replace(SPECIFIED, overlap=0.2, one_seed=(two,), rows=rows)
    more = " ".join(references([used], ranked=True))
    for name in ("Wilcoxon 1945", "McNemar 1947", "Nadeau & Bengio", "Tang et al. 2020"):
        assert name in more


def test_citation():
    assert "@software{lossbench," in text_of(method(report(SPECIFIED)))

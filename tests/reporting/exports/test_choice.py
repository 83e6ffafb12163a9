"""What words on the command line mean."""

import pytest

from lossbench.errors import ConfigError
from lossbench.reporting.exports import choice, tables
from lossbench.reporting.exports.choice import Choice, choice_of


def chosen(formats=(), figures=(), claim=False, references=False):
    return choice_of(formats, figures, claim=claim, references=references)


def test_nothing_named_is_everything(monkeypatch):
    monkeypatch.setattr(choice, "has_parquet", lambda: True)
    every = ("csv", "json", "parquet", "markdown", "latex")
    assert chosen() == Choice(every, ("pdf", "svg"), claim=True, references=True)
    monkeypatch.setattr(choice, "has_parquet", lambda: False)
    assert chosen().formats == ("csv", "json", "markdown", "latex")


def test_something_named_is_that_alone():
    assert chosen(["csv"]) == Choice(("csv",))
    assert chosen(["LaTeX,md", "csv", "csv"]) == Choice(("latex", "markdown", "csv"))
    assert chosen(figures=["png,svg"]) == Choice(figures=("svg", "png"))
    assert chosen(claim=True) == Choice(claim=True)


def test_one_text_alone_can_be_printed():
    for name in ("csv", "json", "markdown", "latex"):
        assert chosen([name]).alone == name
    assert chosen(claim=True).alone == "claim" and chosen(references=True).alone == "references"
    assert chosen(["tex"]).alone == "latex"
    for several in (
        chosen(),
        chosen(["csv", "json"]),
        chosen(["latex"], claim=True),
        chosen(["latex"], ["pdf"]),
        chosen(figures=["svg"]),
        chosen(["parquet"]),
    ):
        assert several.alone == ""


def test_unknown_words_are_all_told_with_the_nearest():
    with pytest.raises(ConfigError) as found:
        chosen(["latx", "cvs"], ["jpg", "pmg"])
    text = str(found.value)
    assert (
        "--format: there is no 'latx'; accepted: csv, json, parquet, markdown, latex. "
        "Did you mean 'latex'?" in text
    )
    assert "--figures: there is no 'jpg'; accepted: svg, pdf, png." in text
    assert "Did you mean 'png'?" in text and len(found.value.problems) == 4
    with pytest.raises(ConfigError):
        chosen([""])


def test_parquet_that_is_asked_for_needs_pyarrow(monkeypatch):
    monkeypatch.setattr(tables, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="--format parquet: needs pyarrow"):
        chosen(["parquet"])

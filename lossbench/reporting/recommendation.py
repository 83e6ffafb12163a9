"""Recommended losses as text at 80 columns, as a block to paste, and as JSON."""

import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from lossbench.catalog import LOSSES
from lossbench.config.dumping import flow
from lossbench.recommend import Recommendation, Suggestion
from lossbench.reporting.docstrings import loss_text

WIDTH = 80
_WHOLE: Any = {"break_long_words": False, "break_on_hyphens": False}


def recommendation_json(name: str, found: Recommendation) -> dict[str, Any]:
    """Return a recommendation as plain data."""
    return {
        "dataset": name,
        "metric": found.metric,
        "metric_reason": found.metric_reason,
        "baseline": found.baseline,
        "delta": found.delta,
        "losses": [
            {"loss": one.loss, "reason": one.reason, **_about(one.name)} for one in found.losses
        ],
        "measured": list(found.measured),
        "unmeasured": list(found.unmeasured),
        "yaml": block(found),
    }


def _about(name: str) -> dict[str, str]:
    row = LOSSES[name]
    text = loss_text(row)
    return {"use_when": text.use_when, "avoid_when": text.avoid_when, "source": row.source}


def recommendation_text(name: str, found: Recommendation) -> str:
    """Return a recommendation for people; the last lines are a block for the experiment file."""
    lines = [name]
    delta = "" if found.delta is None else f"; a difference of {found.delta:g} may matter"
    judged = f"{found.metric}: {found.metric_reason}{delta}"
    lines += _wrapped(f"  judge by   {judged}", 13)
    lines += _wrapped(f"  baseline   {found.baseline}", 13)
    for reason, group in groupby(found.losses, lambda one: one.reason):
        lines += ["", *_wrapped(_sentence(reason) + ":", 0)]
        told: set[str] = set()
        for one in group:
            lines += _loss(one, one.name in told)
            told.add(one.name)
    for title, texts in (("Measured besides:", found.measured), ("Not known:", found.unmeasured)):
        if texts:
            lines += ["", title]
        for text in texts:
            lines += _wrapped(f"  - {text}", 4)
    lines += ["", "For the experiment file:", "", block(found)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _loss(one: Suggestion, told: bool) -> Iterator[str]:
    label = one.loss.get("label") if isinstance(one.loss, Mapping) else None
    yield f"  {one.name}" + (f" ({label})" if label else "")
    if told:
        return
    about = _about(one.name)
    for title, text in (
        ("use when", about["use_when"]),
        ("avoid when", about["avoid_when"]),
        ("source", about["source"]),
    ):
        if text:
            yield from _wrapped(f"    {title:<12}{text}", 16)


def block(found: Recommendation) -> str:
    """Return `losses:` and `protocol:` as an experiment file has them, reasons as comments."""
    delta = {} if found.delta is None else {"delta": found.delta}
    protocol = {"metric": found.metric, "baseline": found.baseline, **delta}
    return "\n".join([*losses_block(found), f"protocol: {flow(protocol)}"])


def losses_block(found: Recommendation) -> list[str]:
    """Return the lines of `losses:`, reasons as comments."""
    lines = ["losses:"]
    for reason, group in groupby(found.losses, lambda one: one.reason):
        lines += comment(reason, "  ")
        for one in group:
            lines += _item(one.loss)
    return lines


def _item(loss: str | Mapping[str, Any]) -> list[str]:
    """Return an entry of a list, on one line where it fits."""
    line = f"  - {flow(loss)}"
    if len(line) <= WIDTH or isinstance(loss, str):
        return [line]
    pairs = [f"{key}: {flow(value)}" for key, value in loss.items()]
    return [f"  {'-' if i == 0 else ' '} {pair}" for i, pair in enumerate(pairs)]


def comment(text: str, indent: str = "", hanging: str = "") -> list[str]:
    """Return text as comment lines of at most 80 columns; no character of it ends a line.

    Args:
        text: what they say.
        indent: what stands before each.
        hanging: what stands before the text of each but the first.
    """
    clean = "".join(char if char.isprintable() else " " for char in text)
    return textwrap.wrap(
        clean,
        WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# {hanging}",
        **_WHOLE,
    )


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, **_WHOLE)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]

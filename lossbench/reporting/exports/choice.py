"""What an export consists of, as named on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from lossbench.config.wording import did_you_mean
from lossbench.errors import ConfigError, Problem
from lossbench.reporting.exports.tables import check_parquet, has_parquet
from lossbench.reporting.figures.files import Format as FigureFormat

FORMATS = ("csv", "json", "parquet", "markdown", "latex")
FIGURES: tuple[FigureFormat, ...] = get_args(FigureFormat)
USUAL_FIGURES: tuple[FigureFormat, ...] = ("pdf", "svg")
ALIASES = {"md": "markdown", "tex": "latex", "booktabs": "latex"}


@dataclass(frozen=True)
class Choice:
    """What is exported.

    Attributes:
        formats: of the tables, names of `FORMATS`.
        figures: of the pictures.
        claim: whether the verdicts as sentences.
        references: whether the sources.
    """

    formats: tuple[str, ...] = ()
    figures: tuple[FigureFormat, ...] = ()
    claim: bool = False
    references: bool = False

    @property
    def alone(self) -> str:
        """The only thing that is exported where it is a single text, which can be printed."""
        things = (*self.formats, *(["claim"] * self.claim), *(["references"] * self.references))
        text = len(things) == 1 and not self.figures and things[0] != "parquet"
        return things[0] if text else ""


def choice_of(
    formats: Sequence[str], figures: Sequence[str], *, claim: bool, references: bool
) -> Choice:
    """Return what words on the command line name; nothing named means all of it.

    Parquet is part of all only where pyarrow is installed.

    Raises:
        ConfigError: there is no such format, with the most similar one; or Parquet is named and
            pyarrow is not installed.
    """
    problems: list[Problem] = []
    tables = _words("--format", formats, FORMATS, problems)
    pictures = _words("--figures", figures, FIGURES, problems)
    if problems:
        raise ConfigError(problems)
    if "parquet" in tables:
        check_parquet()
    if not (tables or pictures or claim or references):
        every = tuple(name for name in FORMATS if name != "parquet" or has_parquet())
        return Choice(every, USUAL_FIGURES, claim=True, references=True)
    return Choice(tables, tuple(name for name in FIGURES if name in pictures), claim, references)


def _words(
    option: str, words: Sequence[str], known: Sequence[str], problems: list[Problem]
) -> tuple[str, ...]:
    """Return the names that words mean, each once; several may stand in one, with commas."""
    found: dict[str, None] = {}
    for word in (part.strip() for text in words for part in text.split(",")):
        name = ALIASES.get(word.lower(), word.lower())
        if name in known:
            found[name] = None
        else:
            accepted = f"there is no {word!r}; accepted: {', '.join(known)}."
            problems.append(Problem(option, accepted + did_you_mean(name, known)))
    return tuple(found)

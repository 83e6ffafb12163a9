"""Docstrings of the catalogue's functions, read from source text so that no framework is needed."""

import ast
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from lossbench.catalog import Row
from lossbench.config.sources import module_file

_SECTIONS = ("Args", "Returns", "Raises", "Use when", "Avoid when", "Traps", "Source")
_UNITS = re.compile(
    r"\bin ((?:nats|percent|units of the [a-z]+|(?:squared )?target units)(?: squared)?)\b"
)


@functools.cache
def _docstrings(package: str, module: str) -> dict[str, str]:
    """Return the docstrings of a module's functions and classes; none where there is no source."""
    try:
        source = _source(package, module)
    except (OSError, UnicodeDecodeError):
        return {}
    named = (n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef))
    return {node.name: ast.get_docstring(node) or "" for node in named}


def _source(package: str, module: str) -> str:
    if "." in module:  # of another package, which is not imported for that
        return Path(module_file(module)).read_text("utf-8")
    return files(f"lossbench.{package}").joinpath(f"{module}.py").read_text("utf-8")


def docstring(package: str, row: Row) -> str:
    """Return the docstring of the function that a row names.

    Args:
        package: the package inside lossbench that implements the row's table.
        row: the row.
    """
    return docstring_at(package, row.target)


def docstring_at(package: str, target: str) -> str:
    """Return the docstring of `module:function` inside a package of lossbench; "" without one."""
    module, function = target.split(":")
    return _docstrings(package, module).get(function, "")


@dataclass(frozen=True)
class LossText:
    """What a loss's docstring says, each text without line breaks; empty where it says nothing.

    Attributes:
        meaning: what the loss measures, one sentence.
        formula: the formula, starting with `loss =`; its lines as the docstring breaks them.
        explanation: paragraphs between the formula and the arguments.
        args: what the function takes, by name.
        returns: range and unit of the value.
        use_when: where it suits.
        avoid_when: where it does not.
        traps: what goes wrong in practice.
        source: the publication with the equation.
        departures: how the implementation differs from it.
    """

    meaning: str
    formula: tuple[str, ...]
    explanation: tuple[str, ...]
    args: Mapping[str, str]
    returns: str
    use_when: str
    avoid_when: str
    traps: str
    source: str
    departures: str

    @property
    def unit(self) -> str:
        """The unit of the value, such as "nats"; empty where it has none."""
        found = _UNITS.search(self.returns)
        return found.group(1) if found else ""


def loss_text(row: Row) -> LossText:
    """Return what the docstring of a loss's function says."""
    return parsed(docstring("losses", row))


def parsed(text: str) -> LossText:
    """Take a loss's docstring apart."""
    sections = _sections(text)
    paragraphs = [p for p in sections.pop("").split("\n\n")[1:] if p.strip()]
    formula = next((p for p in paragraphs if p.startswith("loss =")), "")
    source, _, departures = _joined(sections.get("Source", "")).partition("Departures:")
    return LossText(
        meaning=text.partition("\n")[0],
        formula=tuple(" ".join(line.split()) for line in formula.splitlines()),
        explanation=tuple(_joined(p) for p in paragraphs if p != formula),
        args=_named(sections.get("Args", "")),
        returns=_joined(sections.get("Returns", "")),
        use_when=_joined(sections.get("Use when", "")),
        avoid_when=_joined(sections.get("Avoid when", "")),
        traps=_joined(sections.get("Traps", "")),
        source=source.strip(),
        departures=departures.strip(),
    )


def _sections(text: str) -> dict[str, str]:
    """Return the text under each heading; what precedes the first stands under ""."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in text.splitlines():
        if line.endswith(":") and line[:-1] in _SECTIONS:
            current = line[:-1]
            found[current] = []
        else:
            found[current].append(line)
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def _named(section: str) -> dict[str, str]:
    """Return the entries `name: text` of a section; further lines of a text are indented more."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in section.splitlines():
        entry = re.match(r" {4}(\w+): (.*)", line)
        if entry:
            name = entry.group(1)
            found[name] = [entry.group(2)]
        elif name:
            found[name].append(line)
    return {key: _joined("\n".join(lines)) for key, lines in found.items()}


def _joined(text: str) -> str:
    return " ".join(text.split())

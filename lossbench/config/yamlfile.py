"""YAML text to plain data with the position of every key and value.

Scalars follow the core schema of YAML 1.2: `1e-4` is a number, `no` and `12:30:00` are text. PyYAML
alone follows YAML 1.1, takes the last of two equal keys, and constructs objects from tags.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lossbench.config.positions import Place, Positions, Problems, Spot
from lossbench.config.wording import KeyPath, shown
from lossbench.errors import ConfigError, Problem

MOST_VALUES = 100_000
DEEPEST = 50

_TAG = "tag:yaml.org,2002:"
CORE_SCHEMA: dict[str, tuple[str, str]] = {
    "null": (r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    "bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    "int": (r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    "float": (
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
    "merge": (r"^(?:<<)$", "<"),
}
"""Pattern and possible first characters of each kind of plain scalar, in order of precedence."""


class _Loader(yaml.SafeLoader):
    """Composes nodes, resolving scalars by the core schema and remembering explicit tags."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  the base class keeps its own in the same place

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tagged: dict[int, str] = {}

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        tag = getattr(self.peek_event(), "tag", None)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if tag is not None:
            self.tagged[id(node)] = tag.replace(_TAG, "!!")
        return node


def add_core_schema(kind: Any) -> None:
    """Make a PyYAML loader or dumper class recognise plain scalars by the core schema."""
    for name, (pattern, first) in CORE_SCHEMA.items():
        firsts = ["" if char == "\0" else char for char in first]
        kind.add_implicit_resolver(_TAG + name, re.compile(pattern), firsts)


add_core_schema(_Loader)


@dataclass
class Document:
    """An experiment file as read.

    Attributes:
        data: mappings, lists, text, numbers, booleans and None.
        positions: where each of them was written.
        problems: what is already known to be wrong.
    """

    data: Any
    positions: Positions
    problems: Problems


def parse(text: str, file: str) -> Document:
    """Parse the text of one YAML document.

    Args:
        text: the document.
        file: the file's path as the user gave it, for messages.

    Raises:
        ConfigError: the text is not YAML, or too large or too deep once aliases are expanded.
    """
    positions = Positions(file)
    document = Document(None, positions, Problems(positions))
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            builder = _Builder(document.positions, document.problems, loader.tagged)
            document.data = builder.value(node, ())
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        spot = (before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        message = f"character {chr(error.character)!r} is not allowed in YAML; remove it"
        raise _refusal(positions, spot, message) from None
    except yaml.MarkedYAMLError as error:
        raise _refusal(positions, *_syntax(error)) from None
    except RecursionError:
        raise _refusal(positions, (1, 1), _too_deep()) from None
    return document


def _refusal(positions: Positions, spot: Spot, text: str) -> ConfigError:
    return ConfigError([Problem(positions.at(spot, ()), text)])


def _too_deep() -> str:
    return f"nested too deeply; at most {DEEPEST} levels"


def _syntax(error: yaml.MarkedYAMLError) -> tuple[Spot, str]:
    mark = error.problem_mark or error.context_mark
    spot = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = error.problem or error.context or "cannot be read"
    if "another document" in problem:
        return spot, "a second document starts here; a file holds one experiment"
    if "'\\t'" in problem:
        return spot, "a tab cannot start a value in YAML; indent with spaces"
    context = f" ({error.context})" if error.context and error.problem else ""
    return spot, f"not valid YAML: {problem}{context}"


def _spot(node: Node) -> Spot:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


@dataclass
class _Builder:
    """Turns nodes into plain data; aliased nodes are expanded."""

    positions: Positions
    problems: Problems
    tagged: dict[int, str]
    count: int = 0
    open: list[int] = field(default_factory=list)

    def value(self, node: Node, path: KeyPath, key: Node | None = None, merged: int = 0) -> Any:
        """Return the data of `node`; `merged` is above 0 inside a merge key, where no place is."""
        self.count += 1
        if self.count > MOST_VALUES:
            text = f"more than {MOST_VALUES:,} values with aliases expanded; repeat less"
            raise _refusal(self.positions, _spot(node), text)
        if id(node) in self.open:
            text = "an alias stands inside the value that it repeats; write the value out"
            raise _refusal(self.positions, _spot(node), text)
        if len(self.open) >= DEEPEST:
            raise _refusal(self.positions, _spot(node), _too_deep())
        if not merged:
            self.positions.places[path] = Place(_spot(node), _spot(key or node))
        if id(node) in self.tagged:
            return self._tagged(node, path)
        self.open.append(id(node))
        try:
            return self._plain(node, path, merged)
        finally:
            self.open.pop()

    def _plain(self, node: Node, path: KeyPath, merged: int) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node, path, merged)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, i), None, merged) for i, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        try:
            return scalar(node.tag.removeprefix(_TAG), node.value)
        except ValueError:
            self.problems.add(path, f"{shown(node.value)} has too many digits for a number")
            self.problems.refuse(path)

    def _tagged(self, node: Node, path: KeyPath) -> None:
        tag = self.tagged[id(node)]
        self.problems.add(path, f"tag {shown(tag)} is not allowed; write the value without a tag")
        self.problems.refuse(path)

    def _mapping(self, node: MappingNode, path: KeyPath, merged: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        base: dict[str, Any] = {}
        first: dict[str, Spot] = {}
        for key, item in node.value:
            spot = _spot(key)
            if not self._is_key(key):
                text = f"key {_source(key)} is not text; write it in quotes"
                self.problems.add_at(spot, path, text)
                continue
            name = key.value
            if name in first:
                line, column = first[name]
                text = f"key {name!r} is given twice; first at line {line}, column {column}"
                self.problems.add_at(spot, (*path, name), text)
                continue
            first[name] = spot
            if key.tag == f"{_TAG}merge":
                base = self._merge(item, path)
            else:
                own[name] = self.value(item, (*path, name), key, merged)
        return {**base, **own}

    def _is_key(self, key: Node) -> bool:
        kinds = (f"{_TAG}str", f"{_TAG}merge")
        return isinstance(key, ScalarNode) and key.tag in kinds and id(key) not in self.tagged

    def _merge(self, node: Node, path: KeyPath) -> dict[str, Any]:
        """Return what `<<` brings in; of several mappings the first has precedence."""
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        result: dict[str, Any] = {}
        for item in nodes:
            if not isinstance(item, MappingNode):
                text = "'<<' takes the alias of a mapping, or a list of them"
                self.problems.add_at(_spot(node), path, text)
                continue
            result = {**self.value(item, path, None, merged=1), **result}
        return result


def _source(key: Node) -> str:
    if isinstance(key, ScalarNode):
        return shown(key.value)
    return "that is a mapping" if isinstance(key, MappingNode) else "that is a list"


def scalar(kind: str, text: str) -> str | int | float | bool | None:
    """Return the value of a scalar of a kind of the core schema.

    Args:
        kind: "null", "bool", "int", "float"; anything else is text.
        text: the scalar as written.

    Raises:
        ValueError: an integer of more digits than Python converts.
    """
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:], base) if base != 10 else int(text)
    if kind == "float":
        return float(re.sub(r"\.(?=[inIN])", "", text))
    return text

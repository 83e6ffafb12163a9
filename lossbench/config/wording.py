"""How values, names and key paths read in messages, tables and `--set`."""

import difflib
from collections.abc import Iterable
from typing import Any

KeyPath = tuple[str | int, ...]
"""Where a value stands in an experiment file: `("losses", 1, "gamma")`."""

LONGEST = 60
"""Characters of a value that a message shows."""


def shown(value: object) -> str:
    """Return the value's repr, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def key_text(path: KeyPath) -> str:
    """Return a key path as messages show it: `losses[1].gamma`."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return "".join(parts).removeprefix(".")


def is_index(segment: str) -> bool:
    """Return whether a segment of a dotted key is an index of a list."""
    return segment.isascii() and segment.isdecimal() and len(segment) < 10


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Return the option most similar to `word` in any case, or None where nothing is similar."""
    by_folded = {option.casefold(): option for option in options}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the option most similar to `word`, or nothing."""
    found = nearest(word, options)
    return f" Did you mean {found!r}?" if found else ""


def brief(value: Any) -> str:
    """Return a value in the short form of display names: `2.0` is `2`, `None` is `null`."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        return value if value.isprintable() else repr(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(brief, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}={brief(item)}' for key, item in value.items())}}}"
    return str(value)

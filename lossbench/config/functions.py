"""Static checks of a loss function of the user's own: its file is parsed and never executed."""

import ast
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lossbench.config.wording import KeyPath, did_you_mean, shown

SUPPLIED = frozenset({"class_counts"})
"""Parameters that the runner fills in from the training data."""


@dataclass(frozen=True)
class _Signature:
    """A function's parameters after the first two, as far as keywords can give them."""

    leading: int
    taken: frozenset[str]
    keywords: tuple[str, ...]
    required: frozenset[str]
    unreachable: tuple[str, ...]
    open: bool


def split_target(target: str) -> tuple[str, str] | None:
    """Return the file and the function of `FILE.py:FUNCTION`, or None if it is something else."""
    file, _, function = target.rpartition(":")
    return (file, function) if file.endswith(".py") and function.isidentifier() else None


def check_function(
    target: str, params: Mapping[str, Any], written: str
) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with a custom loss, as key paths inside its entry with texts.

    Args:
        target: `FILE.py:FUNCTION`, the file as an absolute path.
        params: what the experiment file gives as the function's arguments.
        written: the target as the experiment file has it, for messages.
    """
    parts = split_target(target)
    if parts is None:
        text = f"{shown(written)} is not allowed; 'file.py:function', the file relative to this one"
        return [(("target",), text)]
    file, name = parts
    try:
        stat = os.stat(file)
        functions = _functions(file, stat.st_mtime_ns, stat.st_size)
    except _Unparsable as error:
        return [(("target",), f"{written.rpartition(':')[0]!r} is not valid Python: {error}")]
    except (OSError, ValueError):
        return [(("target",), _missing(written.rpartition(":")[0], Path(file)))]
    if name not in functions:
        found = ", ".join(sorted(functions)) or "none"
        text = f"no function {name!r} at the top level of {Path(file).name}; its functions: {found}"
        hint = did_you_mean(name, functions)
        return [(("target",), f"{text}.{hint}" if hint else text)]
    return _check_call(name, functions[name], params)


class _Unparsable(Exception):
    """The file is no Python source; the message says where."""


@lru_cache(maxsize=32)
def _functions(file: str, mtime: int, size: int) -> Mapping[str, _Signature]:
    """Return the functions at the top level of a file; a changed file is read anew."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(Path(file).read_bytes(), file)
    except SyntaxError as error:
        raise _Unparsable(f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _Unparsable(str(error)) from None
    return {node.name: _signature(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def _signature(function: ast.FunctionDef) -> _Signature:
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    first_default = len(positional) - len(args.defaults)
    by_keyword = [arg.arg for arg in args.args[max(0, 2 - len(args.posonlyargs)) :]]
    only = [arg.arg for arg in args.kwonlyargs]
    required = {
        *(arg.arg for arg in positional[2:first_default]),
        *(arg.arg for arg, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None),
    }
    beyond = [arg.arg for arg in args.posonlyargs[2:]]
    return _Signature(
        leading=2 if args.vararg else min(2, len(positional)),
        taken=frozenset(arg.arg for arg in positional[len(args.posonlyargs) : 2]),
        keywords=(*by_keyword, *only),
        required=frozenset(required - set(beyond)),
        unreachable=tuple(name for name in beyond if name in required),
        open=args.kwarg is not None,
    )


def _check_call(
    name: str, signature: _Signature, params: Mapping[str, Any]
) -> list[tuple[KeyPath, str]]:
    if signature.leading < 2:
        text = f"{name} has no two positional parameters; it is called as {name}(labels, outputs)"
        return [(("target",), text)]
    found: list[tuple[KeyPath, str]] = [
        (("target",), f"parameter {key!r} of {name} is positional only; it is given by keyword")
        for key in signature.unreachable
    ]
    takes = ", ".join(signature.keywords) or "none after the first two"
    for key in params:
        if key in signature.taken or not (key in signature.keywords or signature.open):
            text = f"{name} takes no {key!r} from the file; it takes {takes}"
            hint = did_you_mean(key, signature.keywords)
            found.append((("params", key), f"{text}.{hint}" if hint else text))
    for key in signature.keywords:
        if key in signature.required and key not in params and key not in SUPPLIED:
            text = f"{name} needs {key!r}, which has no default; give it beside the others"
            found.append((("params",), text))
    return found


def _missing(written: str, path: Path) -> str:
    try:
        options = sorted(p.name for p in path.parent.iterdir() if p.suffix == ".py")
    except OSError:
        return f"no such file {written!r}; the path is relative to the experiment file"
    hint = did_you_mean(path.name, options)
    text = f"no such file {written!r} beside the experiment file"
    return f"{text}.{hint}" if hint else f"{text}; the path is relative to it"

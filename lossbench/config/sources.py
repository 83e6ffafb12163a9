"""Where a function of the user's own is written, and how it is called; nothing is executed."""

import ast
import importlib.util
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

_MOST_HOPS = 5
"""How often a name that a module only imports is looked up in another one."""

_Function = ast.FunctionDef
_Node = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Signature:
    """A function's parameters after those given by position, as far as keywords can give them."""

    leading: int
    taken: frozenset[str]
    keywords: tuple[str, ...]
    required: frozenset[str]
    unreachable: tuple[str, ...]
    open: bool


@dataclass(frozen=True)
class Found:
    """A function or a class; a signature that cannot be known is None.

    Attributes:
        call: how the function, or an object of the class, is called with (labels, outputs).
        make: how an object is made, or the function called with nothing given by position.
        is_class: whether it is a class.
        callable: whether it, or an object of it, may be callable.
    """

    call: Signature | None
    make: Signature | None = None
    is_class: bool = False
    callable: bool = True


_UNKNOWN = Found(None)
_NO_PARAMETERS = Signature(0, frozenset(), (), frozenset(), (), False)


def split_target(target: str) -> tuple[str, str] | None:
    """Return place and name of `FILE.py:NAME` or `PACKAGE.MODULE:NAME`; None for anything else."""
    place, _, name = target.rpartition(":")
    is_place = place.endswith(".py") or all(map(str.isidentifier, place.split(".")))
    return (place, name) if is_place and name.isidentifier() else None


def in_file(target: str) -> bool:
    """Return whether a target names a file and not an installed module."""
    return target.rpartition(":")[0].endswith(".py")


def source_file(target: str) -> str | None:
    """Return the file that a custom loss is written in, or None where that cannot be found."""
    parts = split_target(target)
    if parts is None:
        return None
    place, name = parts
    if in_file(target):
        return place
    try:
        return _in_module(place, name)[0]
    except (Unparsable, OSError):
        return None


class Unparsable(Exception):
    """The file is no Python source; the message says where."""


def find(place: str, name: str) -> Found | None:
    """Return what a target names, or None where the place lacks it.

    Raises:
        Unparsable: the file is no Python source.
        OSError: there is no such file or module.
    """
    if place.endswith(".py"):
        return definitions(place).get(name)
    return _in_module(place, name)[1]


def _in_module(module: str, name: str) -> tuple[str, Found | None]:
    """Return the file where a module's function or class is written, and what it is.

    What a module gets from elsewhere in a way that cannot be followed may be anything.
    """
    first = file = module_file(module)
    for _ in range(_MOST_HOPS):
        if not file.endswith(".py"):
            return file, _UNKNOWN
        found = definitions(file).get(name)
        if found is not None:
            return file, found
        origin = _imported(file, module, name)
        if origin is None:
            return (first, _UNKNOWN) if _may_have(file, name) else (file, None)
        module, name = origin
        try:
            file = module_file(module)
        except OSError:
            return first, _UNKNOWN
    return first, _UNKNOWN


def module_file(module: str) -> str:
    """Return the file of an installed module without importing it or its packages.

    Raises:
        OSError: there is no such module.
    """
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
        name = first
        for part in rest:
            name = f"{name}.{part}"
            inside = spec.submodule_search_locations if spec else None
            spec = PathFinder.find_spec(name, list(inside)) if inside else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin or not os.path.isfile(spec.origin):
        raise OSError(module)
    return spec.origin


def _tree(file: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(Path(file).read_bytes(), file)
    except SyntaxError as error:
        raise Unparsable(f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(str(error)) from None


def definitions(file: str) -> Mapping[str, Found]:
    """Return functions and classes at the top level of a file; a changed file is read anew."""
    stat = os.stat(file)
    return _parsed(file, stat.st_mtime_ns, stat.st_size)[0]


@lru_cache(maxsize=32)
def _parsed(file: str, mtime: int, size: int) -> tuple[Mapping[str, Found], tuple[ast.stmt, ...]]:
    """Return functions and classes at the top level of a file, and its other statements."""
    body = _tree(file).body
    found = {
        node.name: _function(node) if isinstance(node, _Function) else _class(node)
        for node in body
        if isinstance(node, _Node)
    }
    return found, tuple(node for node in body if not isinstance(node, _Node))


def _statements(file: str) -> Iterator[ast.stmt]:
    """Yield what else stands at the top level of a file, inside `if` and `try` too."""
    stat = os.stat(file)
    for statement in _parsed(file, stat.st_mtime_ns, stat.st_size)[1]:
        yield from (node for node in ast.walk(statement) if isinstance(node, ast.stmt))


def _imported(file: str, module: str, name: str) -> tuple[str, str] | None:
    """Return the module and the name behind a name that a file imports from elsewhere."""
    package = module if Path(file).name == "__init__.py" else module.rpartition(".")[0]
    for node in _statements(file):
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            if isinstance(node, ast.ImportFrom) and (alias.asname or alias.name) == name:
                parents = package.split(".")
                above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
                return ".".join(filter(None, (above, node.module))), alias.name
    return None


def _may_have(file: str, name: str) -> bool:
    """Return whether a file may get a name in a way that is not followed."""
    for node in _statements(file):
        if isinstance(node, ast.ImportFrom | ast.Import):
            if any((a.asname or a.name.partition(".")[0]) in (name, "*") for a in node.names):
                return True
        elif isinstance(node, _Node) and node.name == name:
            return True
        elif any(isinstance(n, ast.Name) and n.id == name for n in _targets(node)):
            return True
    return "__getattr__" in definitions(file)


def _targets(node: ast.stmt) -> Sequence[ast.AST]:
    if isinstance(node, ast.Assign):
        return [inner for target in node.targets for inner in ast.walk(target)]
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _function(node: _Function) -> Found:
    return Found(_signature(node, given=2), _signature(node, given=0))


def _class(node: ast.ClassDef) -> Found:
    inherits = any(not (isinstance(b, ast.Name) and b.id == "object") for b in node.bases)
    unknown = inherits or bool(node.decorator_list) or bool(node.keywords)
    methods = {n.name: n for n in node.body if isinstance(n, _Function)}
    make = call = None
    if "__init__" in methods:
        make = _signature(methods["__init__"], given=0, own=1)
    elif "__new__" not in methods and not unknown:
        make = _NO_PARAMETERS
    called = methods.get("__call__")
    if called is not None and not called.decorator_list:
        call = _signature(called, given=2, own=1)
    return Found(call, make, is_class=True, callable=called is not None or unknown)


def _signature(function: _Function, *, given: int, own: int = 0) -> Signature:
    """Return a signature of which `given` parameters, after `own` ones like self, get values."""
    args = function.args
    every = [*args.posonlyargs, *args.args]
    first_default = len(every) - len(args.defaults)
    before = own + given
    by_keyword = [arg.arg for arg in args.args[max(0, before - len(args.posonlyargs)) :]]
    only = [arg.arg for arg in args.kwonlyargs]
    required = {
        *(arg.arg for arg in every[before:first_default]),
        *(arg.arg for arg, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is None),
    }
    beyond = [arg.arg for arg in args.posonlyargs[before:]]
    return Signature(
        leading=given if args.vararg else min(given, len(every) - own),
        taken=frozenset(arg.arg for arg in every[len(args.posonlyargs) : before]),
        keywords=(*by_keyword, *only),
        required=frozenset(required - set(beyond)),
        unreachable=tuple(name for name in beyond if name in required),
        open=args.kwarg is not None,
    )

"""`lossbench doctor`: versions, processors, where data are looked for, what is missing."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from lossbench import __version__

PACKAGES = ("keras", "numpy", "scipy", "scikit-learn", "pandas", "pydantic", "pebble")


def doctor() -> None:
    """Show versions, processors and where data sets are found; exit 1 if something is missing.

    Example:

      lossbench doctor
    """
    from lossbench import caching, datasets
    from lossbench.catalog import DATASETS
    from lossbench.catalog.backends import BACKENDS
    from lossbench.executors import cpu_count
    from lossbench.reporting.cache import file_size

    lines = [
        ("lossbench", __version__),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.machine()}, {cpu_count()} CPUs"),
    ]
    missing = []
    for name in PACKAGES:
        try:
            lines.append((name, version(name)))
        except PackageNotFoundError:
            missing.append(name)
            lines.append((name, "missing: pip install lossbench"))
    for name, row in BACKENDS.items():
        found = _version(row.packages)
        missing += [name] if row.extra is None and not found else []
        lines.append((f"backend {name}", found or f"not installed: {row.install}"))
    lines.append(("LOSSBENCH_DATA", os.environ.get("LOSSBENCH_DATA", "not set")))
    lines += [(row.name, _place(datasets.locate(row.name))) for row in DATASETS if row.file]
    lines.append(("cache", f"{caching.root()}: {file_size(caching.size_of(caching.root()))}"))
    for name, value in lines:
        typer.echo(f"{name:20}{value}")
    if missing:
        raise typer.Exit(1)


def _version(packages: tuple[str, ...]) -> str | None:
    """Return the version of the first of some packages; None where one is not installed."""
    try:
        found = {package: version(package) for package in packages}
    except PackageNotFoundError:
        return None
    return found[packages[0]]


def _place(found: Path | None) -> str:
    return str(found) if found else "not on this machine; fetched when first used"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)

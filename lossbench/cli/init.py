"""`lossbench init`: a commented first experiment file for a task or for the user's own data."""

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lossbench.catalog import Facts
    from lossbench.cli.looking import Look
    from lossbench.config import Entry
    from lossbench.errors import ConfigError
    from lossbench.recommend import Recommendation

_EXAMPLES: Mapping[str, str] = {
    "multiclass": "mnist_mini",
    "binary": "synthetic_imbalanced",
    "multilabel": "synthetic_multilabel",
    "regression": "synthetic_regression",
    "count": "synthetic_regression[target=count]",
    "ordinal": "synthetic_ordinal",
    "multioutput": "digit_position",
    "retrieval": "mnist_mini[retrieval={held_out_classes=3}]",
}
"""Data to begin with, where the user names none; tasks that are not here have the first data set
of the catalogue that is for them and needs no file."""
_MEANS: Mapping[str, str] = {"count": "regression", "ordinal": "multiclass"}
"""Tasks that have a name of their own here, and what the data must pose."""
_FIRST_MODEL = "seed_cnn"


def init(
    task: Annotated[
        str | None,
        typer.Option(
            help="multiclass, binary, multilabel, regression, count, ordinal, multioutput, ...; "
            "without --data an example of it is taken."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="The data: a name of `lossbench list datasets`, a .npz file, a folder or a .csv."
        ),
    ] = None,
    params: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A parameter of the data: --set ordered=true."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")] = Path(
        "experiment.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a first experiment file that runs: looks at the data, explains every choice in it.

    Asks what it is not told, where it can. Trains nothing.

    Examples:

      lossbench init --task regression

      lossbench init --data mine.npz --out mine.yaml
    """
    _check_out(out, force)
    if task is None and data is None:
        task, data = _ask()
    if task is not None:
        _check_task(task)
    entry = _entry(task, data, list(params or ()))
    from lossbench import store
    from lossbench.cli.looking import look

    seen = look(entry)
    _check_facts(task, seen.facts, seen.name)
    text = _checked_text(entry, seen, out)
    store.write_whole(out, text)
    typer.echo(f"wrote {out}")
    typer.echo(f"next: lossbench plan {out}, then lossbench run {out}")


def _check_out(out: Path, force: bool) -> None:
    if out.suffix not in (".yaml", ".yml"):
        text = f"{str(out)!r} is not allowed; a file that ends in .yaml"
        raise typer.BadParameter(text, param_hint="--out")
    if out.exists() and not (force and out.is_file()):
        text = f"{str(out)!r} is there already. Choose another file, or replace it with --force."
        raise typer.BadParameter(text, param_hint="--out")


def interactive() -> bool:
    """Return whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask() -> tuple[str | None, str | None]:
    """Ask for the data, and for the task where there are none."""
    if not interactive():
        from lossbench.errors import ConfigError, Problem

        text = (
            "nothing says what the experiment is about; --task or --data are accepted, as in "
            "--task regression or --data mine.npz. Give one of them."
        )
        raise ConfigError([Problem("lossbench init", text)])
    question = "Data (a name, a .npz file, a folder, a .csv; empty for an example)"
    data = typer.prompt(question, default="", show_default=False).strip()
    if data:
        return None, data
    return typer.prompt(f"Task ({', '.join(tasks())})", default="multiclass").strip(), None


def tasks() -> list[str]:
    """Return the tasks for which there are example data."""
    from typing import get_args

    from lossbench.catalog.losses import Task

    others = [one for one in get_args(Task) if one not in _EXAMPLES and _first_of(one) is not None]
    return [*filter(_has_example, _EXAMPLES), *others]


def _has_example(task: str) -> bool:
    """Return whether the catalogue has the example of a task, parameters included."""
    from lossbench.config.dataset_argument import dataset_entry
    from lossbench.errors import ConfigError

    try:
        return bool(dataset_entry(_EXAMPLES[task]))
    except ConfigError:
        return False


def _first_of(task: str) -> str | None:
    """Return the first data set of the catalogue for a task that needs no file."""
    from lossbench.catalog import DATASETS

    for row in DATASETS:
        needs_file = row.file is not None or any(p.required for p in row.params.values())
        if row.task == task and not needs_file:
            return row.name
    return None


def _check_task(task: str) -> None:
    from lossbench.config.wording import did_you_mean

    if task not in tasks():
        text = f"{task!r}; accepted: {', '.join(tasks())}.{did_you_mean(task, tasks())}"
        raise typer.BadParameter(text, param_hint="--task")


def _entry(task: str | None, data: str | None, assignments: list[str]) -> "Entry":
    """Return the data set that the options name."""
    from lossbench.catalog import DATASETS
    from lossbench.config.dataset_argument import dataset_data, dataset_entry

    if data is None:
        named = _EXAMPLES.get(str(task)) or _first_of(str(task))
        return dataset_entry(str(named), assignments)
    raw = dataset_data(data)
    name = raw if isinstance(raw, str) else raw["name"]
    params = DATASETS[name].params if name in DATASETS else {}
    given = {one.partition("=")[0].strip() for one in assignments}
    given |= set(raw) if isinstance(raw, dict) else set()
    for key in params if interactive() else ():
        if params[key].required and key not in given:
            assignments.append(f"{key}={typer.prompt(f'{key} ({params[key].accepts})').strip()}")
    if task is not None and "task" in params and "task" not in given and task != "multioutput":
        assignments.append(f"task={_MEANS.get(task, task)}")
    if task == "ordinal" and "ordered" in params and "ordered" not in given:
        assignments.append("ordered=true")
    return dataset_entry(data, assignments)


def _check_facts(task: str | None, facts: "Facts", name: str) -> None:
    """Refuse data that pose another task than the one that was asked for."""
    if task is None:
        return
    is_counts = task != "count" or "counts" in facts.target_kinds
    is_ordered = task != "ordinal" or facts.ordered
    if facts.task == _MEANS.get(task, task) and is_counts and is_ordered:
        return
    kind: str = facts.task
    if facts.task == _MEANS.get(task, task):
        kind += " with targets that are no counts" if not is_counts else " without an order"
    text = f"{task!r}, but {name} is {kind}. Leave out --task, or name other data."
    raise typer.BadParameter(text, param_hint="--task")


def _checked_text(entry: "Entry", seen: "Look", out: Path) -> str:
    """Return the file's text, with the first network that suits the data."""
    from lossbench.catalog import MODELS
    from lossbench.errors import ConfigError
    from lossbench.recommend import recommend

    found = recommend(seen.name, seen.facts, seen.seen)
    refused: list[ConfigError] = []
    ready = (row.name for row in MODELS if row.ready)
    for model in sorted(ready, key=lambda name: name != _FIRST_MODEL):
        text = _text(entry, seen, found, model, out)
        problem = _refused(text, out)
        if problem is None:
            return text
        refused.append(problem)
    raise refused[0]


def _refused(text: str, out: Path) -> "ConfigError | None":
    """Return what is wrong with a file of this text, tried beside the place where it will stand."""
    from lossbench import runner, store
    from lossbench.errors import ConfigError, StoreError

    folder = out.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{out.stem}.", suffix=".yaml", dir=folder)
    except OSError as error:
        text = f"{out}: cannot be written: {error.strerror}. Choose another place with --out."
        raise StoreError(text) from error
    os.close(handle)
    trial = Path(name)
    try:
        store.write_whole(trial, text)
        runner.check(trial)
    except ConfigError as error:
        return error
    finally:
        trial.unlink(missing_ok=True)
    return None


def _text(entry: "Entry", seen: "Look", found: "Recommendation", model: str, out: Path) -> str:
    from dataclasses import replace

    from lossbench.recommend import findings
    from lossbench.recommend.sizes import first_run
    from lossbench.reporting.starter import starter_text

    sizes = first_run(seen.facts, len(found.losses))
    if entry.params.get("subset") is not None or "subset" not in entry.params:
        sizes = replace(sizes, subset=None)
    return starter_text(
        name=_experiment_name(out),
        file=str(out),
        dataset=_written(entry, out),
        facts=seen.facts,
        model=model,
        found=found,
        suggests=findings(seen.facts, seen.seen),
        sizes=sizes,
    )


def _experiment_name(out: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", out.stem).strip("._-")
    return name[:100] or "experiment"


def _written(entry: "Entry", out: Path) -> str | dict[str, Any]:
    """Return a data set as the file has it: paths relative to the file."""
    from lossbench.catalog import DATASETS
    from lossbench.config.entries import plain

    known = DATASETS[entry.name].params
    params = {key: plain(value) for key, value in entry.changed(DATASETS).items()}
    for key, value in params.items():
        if known[key].path and isinstance(value, str):
            params[key] = _relative(value, out.absolute().parent)
    return {"name": entry.name, **params} if params else entry.name


def _relative(path: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(init)

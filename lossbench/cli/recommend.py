"""`lossbench recommend`: which losses suit the data of an experiment, and why."""

import json as jsonlib
from pathlib import Path

import typer

from lossbench.cli.options import Config, Json, Overrides


def recommend(path: Config, overrides: Overrides = None, json: Json = False) -> None:
    """Say which losses suit the data of an experiment file, each with its reason and source.

    Measures the data and trains no network. The file needs a data set and may lack losses. What the
    file does to the data on purpose is known; wrong labels besides are estimated, and called so.

    Examples:

      lossbench recommend configs/long-tail.yaml

      lossbench recommend mine.yaml --set dataset.label_noise=null --json
    """
    from lossbench.cli.looking import look, of_experiment, print_text
    from lossbench.recommend import recommend as recommended
    from lossbench.reporting.recommendation import recommendation_json, recommendation_text

    entries, mistakes = of_experiment(Path(path), overrides or ())
    looks = [look(entry) for entry in entries]
    found = [(one.name, recommended(one.name, one.facts, one.seen)) for one in looks]
    if json:
        data = {"schema": 1, "datasets": [recommendation_json(*one) for one in found]}
        typer.echo(jsonlib.dumps(data, indent=1, ensure_ascii=False))
        return
    print_text("\n".join(recommendation_text(*one) for one in found))
    if mistakes:
        typer.echo(
            f"\nThe file has {mistakes} mistake{'s' if mistakes > 1 else ''} besides its data; "
            "lossbench validate says which."
        )


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(no_args_is_help=True)(recommend)

"""The command line: parse, call one function, print."""

import sys
from typing import Annotated, Any

import typer

from lossbench import __version__
from lossbench.errors import ConfigError, LossbenchError

USAGE = 2
INTERRUPTED = 130


app = typer.Typer(
    name="lossbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Which loss function should this CNN be trained with, and is the difference real?",
    epilog="Start with: lossbench run configs/quickstart.yaml",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lossbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (anywhere on the line).")
    ] = False,
) -> None:
    pass


def _register() -> None:
    from lossbench.cli import (
        cache,
        catalogue,
        check_loss,
        clean,
        compare,
        doctor,
        export,
        init,
        inspect,
        plan,
        predict,
        recommend,
        report,
        run,
        schema,
        show,
        status,
    )

    commands = (
        run,
        compare,
        report,
        export,
        plan,
        status,
        init,
        inspect,
        recommend,
        catalogue,
        show,
        check_loss,
        predict,
        clean,
        cache,
        schema,
        doctor,
    )
    for module in commands:
        module.register(app)


def main() -> None:
    """Run the command line and exit with its code."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    _register()
    try:
        code = app(args=arguments, standalone_mode=False)
    except LossbenchError as error:
        if debug:
            raise
        _print_error(error)
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        code = 0
    except Exception as error:
        code = _other(error, debug)
    sys.exit(code if isinstance(code, int) else 0)


def _print_error(error: LossbenchError) -> None:
    lines = str(error).splitlines() or [type(error).__name__]
    for line in lines:
        typer.echo(line, err=True)
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        typer.echo(f"{len(error.problems)} mistakes; nothing was trained.", err=True)


def _other(error: Exception, debug: bool) -> int:
    """Show what is not ours: click's own usage errors as they are, the rest as a defect."""
    show: Any = getattr(error, "show", None)
    if callable(show):
        show()
        return int(getattr(error, "exit_code", USAGE))
    if debug:
        raise error
    typer.echo(
        f"lossbench: an unexpected {type(error).__name__}: {error}. This is a defect; "
        "run the command again with --debug and report what it prints.",
        err=True,
    )
    return 1

"""What a job prints and warns of, while it runs."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Send everything that this process prints, C++ included, to a file for a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    streams = sys.stdout, sys.stderr
    with path.open("wb", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        text = io.TextIOWrapper(log, encoding="utf-8", line_buffering=True, write_through=True)
        sys.stdout = sys.stderr = text
        try:
            yield
        finally:
            text.flush()
            text.detach()
            sys.stdout, sys.stderr = streams
            for target, source in enumerate(saved, start=1):
                os.dup2(source, target)
                os.close(source)


@contextlib.contextmanager
def warnings_of() -> Iterator[list[str]]:
    """Collect what lossbench warns of meanwhile; it is printed as well."""
    found: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            print(f"warning: {text}")
            if text not in found:
                found.append(text)

    handler, logger = Collecting(logging.WARNING), logging.getLogger("lossbench")
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)

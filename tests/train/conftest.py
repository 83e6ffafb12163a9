"""What tests of jobs share."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Lets the job that runs next ask itself to stop, by a file, after some epochs."""
    from lossbench.train import watch  # here: this file is read before TensorFlow is prepared

    def ask(stop: Path, epochs: int) -> None:
        monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.0)
        real = watch.Watch.epoch

        def epoch(self, state):
            real(self, state)
            if state.epoch == epochs:
                stop.touch()

        monkeypatch.setattr(watch.Watch, "epoch", epoch)

    return ask

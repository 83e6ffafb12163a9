"""A folder to write experiment files in, and the messages that loading one gives."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lossbench.config import Draft, load

MINIMAL = {"dataset": "mnist_mini", "model": "seed_cnn", "losses": "[mse]"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def draft(folder: Path) -> Callable[..., Draft]:
    """Load `x.yaml` made of the given text, or of a minimal experiment with the given keys."""

    def run(text: str = "", overrides: Sequence[str] = (), **keys: str) -> Draft:
        if not text:
            lines = {**MINIMAL, **keys}
            text = "".join(f"{key}: {value}\n" for key, value in lines.items())
        (folder / "x.yaml").write_text(text, encoding="utf-8")
        return load("x.yaml", overrides)

    return run


@pytest.fixture
def problems(draft: Callable[..., Draft]) -> Callable[..., list[str]]:
    def run(text: str = "", overrides: Sequence[str] = (), **keys: str) -> list[str]:
        return [str(problem) for problem in draft(text, overrides, **keys).problems]

    return run

"""The command as a user types it: another process, its exit code and what it printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Command:
    """Runs `lossbench` in a folder."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.env = {
            key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"
        }

    def start(self, *args: object, new_session: bool = False) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "lossbench", *map(str, args)],
            cwd=self.cwd,
            env=self.env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=new_session,
        )

    def __call__(self, *args: object, code: int = 0, timeout: float = 240) -> tuple[str, str]:
        process = self.start(*args)
        out, err = process.communicate(timeout=timeout)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in out + err
        return out, err

    def write(self, name: str, text: str) -> Path:
        path = self.cwd / name
        path.write_text(text)
        return path


@pytest.fixture
def lossbench(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.fixture(scope="session")
def configs() -> Path:
    return ROOT / "configs"


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, configs: Path) -> Path:
    """The folder of the smoke experiment, run once without interruption."""
    folder = tmp_path_factory.mktemp("undisturbed")
    Command(folder)("run", configs / "smoke.yaml")
    return folder / "runs" / "smoke"

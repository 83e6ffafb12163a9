"""The wish to end a run."""

from pathlib import Path


class Stop:
    """The wish to end a run: running jobs write checkpoints, no other starts.

    The wish is a file, so that it reaches every worker, on this machine or another. `until` is the
    time of the monotonic clock at which it comes by itself, or None.
    """

    def __init__(self) -> None:
        self.why: str | None = None
        self.until: float | None = None
        self._path: Path | None = None

    def place(self, folder: Path) -> Path:
        """Choose the file; returns its path."""
        self._path = folder / "stop"
        if self.why:
            self._path.touch()
        return self._path

    def request(self, why: str) -> None:
        """Ask for the end; the first reason is kept."""
        self.why = self.why or why
        if self._path is not None:
            self._path.touch()

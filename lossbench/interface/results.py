"""What the functions return: comparisons, pictures and pages that a notebook shows."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from lossbench.errors import LossbenchError

if TYPE_CHECKING:
    import pandas as pd

    from lossbench.comparison import Comparison
    from lossbench.reporting.figures import Material, Picture

Place = str | os.PathLike[str]


@dataclass(frozen=True)
class Drawn:
    """A picture of a comparison; a notebook shows it.

    Attributes:
        picture: its numbers (`picture.table`), caption and description.
    """

    picture: "Picture" = field(repr=False)

    @property
    def figure(self) -> Any:
        """The picture as a matplotlib figure, drawn anew."""
        return self.picture.draw()

    def save(self, path: Place) -> Path:
        """Write the picture into a file whose name ends in .svg, .pdf or .png.

        Raises:
            LossbenchError: it ends otherwise.
            StoreError: the file cannot be written.
        """
        from lossbench import store
        from lossbench.reporting.figures import file_bytes
        from lossbench.reporting.figures.files import FORMATS

        file = Path(path)
        form = next((form for form in FORMATS if file.suffix.lower() == f".{form}"), None)
        if form is None:
            accepted = ", ".join(f".{one}" for one in FORMATS)
            raise LossbenchError(f"{file}: no picture ends like this; accepted: {accepted}.")
        store.write_whole(file, file_bytes(self.picture, form))
        return file

    def __repr__(self) -> str:
        name = ", ".join(filter(None, (self.picture.name, self.picture.variant)))
        return f"<{name}: {self.picture.description}>"

    def _repr_svg_(self) -> str:
        from lossbench.reporting.notebook import picture_svg

        return picture_svg(self.picture)


@dataclass(frozen=True)
class Result:
    """One comparison; a notebook shows its sentences and its table.

    Attributes:
        material: what it is made from.
    """

    material: "Material" = field(repr=False)

    @property
    def comparison(self) -> "Comparison":
        """Every number of it: `comparison.rows[0].diff`, ..."""
        return self.material.comparison

    @property
    def sentences(self) -> list[str]:
        """The verdicts in words."""
        from lossbench.reporting.captions import listed

        return listed(self.comparison)

    @property
    def table(self) -> "pd.DataFrame":
        """The rows by level: means, differences and intervals in units of the metric."""
        import pandas as pd

        rows = [asdict(row) for row in (*self.comparison.rows, *self.comparison.controls)]
        return pd.DataFrame(rows).set_index("level")

    @cached_property
    def pictures(self) -> tuple[Drawn, ...]:
        """All pictures that apply."""
        from lossbench.reporting.figures import pictures_of

        return tuple(map(Drawn, pictures_of(self.material)))

    def picture(self, name: str, variant: str = "") -> Drawn:
        """Return a picture by its name, as "forest"; of several forms the first, or the one named.

        Raises:
            LossbenchError: there is none.
        """
        for one in self.pictures:
            if one.picture.name == name and variant in ("", one.picture.variant):
                return one
        names = (
            f"{one.picture.name} ({one.picture.variant})"
            if one.picture.variant
            else one.picture.name
            for one in self.pictures
        )
        wanted = f"{name} ({variant})" if variant else name
        raise LossbenchError(
            f"picture: there is no {wanted!r} of this comparison; accepted: {', '.join(names)}."
        )

    def __str__(self) -> str:
        return _text([self])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from lossbench.reporting.notebook import comparison_html

        return comparison_html(self.material)


class Results(Sequence[Result]):
    """Comparisons, one after the other."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._all = tuple(results)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> "Results": ...
    def __getitem__(self, index: int | slice) -> "Result | Results":
        return Results(self._all[index]) if isinstance(index, slice) else self._all[index]

    def __repr__(self) -> str:
        return _text(self)

    def _repr_html_(self) -> str:
        return "".join(one._repr_html_() for one in self)


def _text(results: Sequence[Result]) -> str:
    """Return comparisons as the command line prints them; curves only where it does, too."""
    from lossbench.reporting.terminal import as_text

    across = dict.fromkeys(one for result in results for one in result.material.across)
    printed = [
        replace(one.comparison, convergence=None)
        if one.comparison.factor == "loss"
        else one.comparison
        for one in results
    ]
    return as_text(printed, across=tuple(across) if len(printed) > 1 else ())


@dataclass(frozen=True)
class Finished:
    """What a run came to; stands for its folder where one is asked for.

    Attributes:
        folder: of the experiment.
        comparisons: of its losses; none while trials of tuning are missing.
        trained: jobs that ran now.
        reused: jobs that were finished before.
        failed: jobs without a result, with the reason.
    """

    folder: Path
    comparisons: Results
    trained: int
    reused: int
    failed: tuple[tuple[str, str], ...]

    def __fspath__(self) -> str:
        return str(self.folder)

    def sentences(self) -> list[str]:
        """Return what happened, a sentence each."""
        counts = f"{self.trained} trained now, {self.reused} were finished before."
        return [
            f"{counts} Tables: {self.folder}{os.sep}*.csv",
            *(f"failed: {job}: {message}" for job, message in self.failed),
        ]

    def __repr__(self) -> str:
        return "\n".join([repr(self.comparisons), *self.sentences()])

    def _repr_html_(self) -> str:
        from lossbench.reporting.notebook import run_html

        return run_html(self.sentences(), [one._repr_html_() for one in self.comparisons])


@dataclass(frozen=True)
class Page:
    """The file of a report; a notebook shows the report itself.

    Attributes:
        path: of the file.
    """

    path: Path

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        from lossbench.reporting.notebook import report_html

        return report_html(self.path.read_text("utf-8"), str(self.path))

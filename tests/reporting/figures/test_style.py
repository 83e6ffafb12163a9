"""Names as pictures show them, and limits that far values do not stretch."""

import io
import math

import pandas as pd
import pytest
from rich.cells import cell_len

from lossbench.reporting.figures.style import (
    completed,
    looks_of,
    new_figure,
    short,
    short_names,
    styled,
    within,
)

HARD = [
    "focal 🙂",
    "خسارة البؤرة",
    "<script>alert(1)</script>",
    "a$b$c",
    "x_1^2",
    "損失" * 99,
    "_own",
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("focal[gamma=2.0]", "focal[gamma=2.0]"),
        ("a$b$", r"a\$b\$"),
        ("line\nbreak\ttab\x00", "line break tab"),
        ("\u202eevil", "evil"),
        ("\ud800x", "\N{REPLACEMENT CHARACTER}x"),
        ("\n", "?"),
        ("_own", "\u200b_own"),
    ],
)
def test_a_name_is_one_line_that_nothing_interprets(name: str, text: str) -> None:
    assert short(name) == text


def test_a_wide_name_is_cut_by_the_cells_that_it_takes() -> None:
    assert short("x" * 200) == "x" * 27 + "…"
    assert short("損" * 200, cells=9) == "損" * 4 + "…"
    assert short("x" * 28) == "x" * 28


def test_names_that_begin_alike_stay_different() -> None:
    names = [
        "a" * 200 + "1",
        "a" * 200 + "2",
        "b" * 100 + "1" + "b" * 99,
        "b" * 100 + "2" + "b" * 99,
    ]
    found = short_names(names)
    assert list(found) == names
    assert len(set(found.values())) == 4
    assert found[names[0]].endswith("1")
    assert found[names[3]].endswith("(2)")
    assert all(cell_len(text) <= 28 + len(" (2)") for text in found.values())


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_no_name_warns_when_it_is_drawn(form: str) -> None:
    @styled
    def drawn() -> bytes:
        figure, file = new_figure(3, 3), io.BytesIO()
        axes = figure.subplots()
        for at, text in enumerate(short_names(HARD).values()):
            axes.plot([0, 1], [at, at], label=text)
        axes.set_yticks(range(len(HARD)), list(short_names(HARD).values()))
        assert len(axes.legend().texts) == len(HARD)
        figure.savefig(file, format=form)
        return file.getvalue()

    text = drawn()
    if form == "svg":
        assert "a$b$c" in text.decode()
        assert "خسارة البؤرة" in text.decode()


def test_limits_hold_the_core_and_what_is_near() -> None:
    low, high = within([0, 10], [-5, 1000, math.nan])
    assert (low, high) == pytest.approx((-5.75, 10.75))
    assert within([math.nan]) == (-1, 1)
    assert within([3, 3]) == pytest.approx((2.85, 3.15))


def test_a_table_without_a_needed_column_is_refused() -> None:
    with pytest.raises(ValueError, match="forest: the table lacks diff; needed are level, diff"):
        completed(pd.DataFrame({"level": ["a"]}), "forest", ("level", "diff"), ())


def test_as_many_levels_differ_as_there_are_colours_times_markers() -> None:
    looks = looks_of([f"level {i}" for i in range(42)], ["base"])
    assert len({(look.colour, look.marker) for look in looks.values()}) == 43

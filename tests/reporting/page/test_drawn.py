"""Which pictures a page shows, where there are too many for it."""

from typing import Any

import pandas as pd
import pytest

from lossbench.reporting.figures import Material, Picture
from lossbench.reporting.figures.style import new_figure
from lossbench.reporting.page import drawn as module
from lossbench.reporting.page.drawn import drawn
from tests.reporting.made_comparisons import FOCAL, baseline, comparison

KINDS = [("answer", "a1"), ("answer", "a2"), ("learn", "l1"), ("cost", "k1"), ("across", "x1")]


def picture(section: Any, name: str, variant: str = "") -> Picture:
    def draw() -> Any:
        figure = new_figure(2, 1)
        figure.subplots().plot([0, 1])
        return figure

    table = pd.DataFrame({"level": ["focal"], "diff": [0.5]})
    return Picture(name, section, f"Title {name}", table, draw, "Caption.", "Says.", variant)


def material() -> Material:
    return Material(comparison(FOCAL, baseline()), (), {})


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [picture(section, name) for section, name in KINDS]
    monkeypatch.setattr(module, "pictures_of", lambda _: made)


def test_few_pictures_are_all_there_in_the_order_of_the_catalogue(usual):
    (found,) = drawn([material()])
    assert found.left_out == ()
    assert found.sections.keys() == {"answer", "learn", "cost", "across"}
    answer = str(found.sections["answer"])
    assert 0 < answer.index('id="c1-a1"') < answer.index('id="c1-a2"')


def test_what_is_said_over_data_sets_is_drawn_once(usual):
    first, second = drawn([material(), material()])
    assert "across" in first.sections and "across" not in second.sections
    assert 'id="c2-a1"' in str(second.sections["answer"])
    assert second.left_out == ()


def test_of_too_many_each_comparison_has_the_first_of_each_section(usual):
    found = drawn([material() for _ in range(3)], most=6)
    assert [sorted(one.sections) for one in found] == [
        ["across", "answer"],
        ["answer", "learn"],
        ["answer", "learn"],
    ]
    assert found[1].left_out == ("Title a2", "Title k1")


def test_every_comparison_keeps_its_answer_however_many_there_are(usual):
    found = drawn([material() for _ in range(4)], most=2)
    assert all("answer" in one.sections for one in found[1:])


def test_a_page_that_grows_too_large_leaves_out_the_rest(usual):
    (found,) = drawn([material()], most_bytes=1)
    assert list(found.sections) == ["across"]
    assert len(found.left_out) == 4


def test_forms_of_one_picture_stand_together(monkeypatch):
    forms = [picture("learn", "curves", "by epochs"), picture("learn", "curves", "by seconds")]
    monkeypatch.setattr(module, "pictures_of", lambda _: [*forms, picture("learn", "other")])
    heard: list[tuple[int, int]] = []
    (found,) = drawn([material()], lambda *both: heard.append(both))
    text = str(found.sections["learn"])
    inside = text[text.index('class="variants"') : text.index('id="c1-other"')]
    assert 'id="c1-curves-by-epochs" data-variant="by epochs"' in inside
    assert 'id="c1-curves-by-seconds" data-variant="by seconds"' in inside
    assert heard == [(2, 3), (3, 3)]

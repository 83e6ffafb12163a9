"""The report as a reader opens it: in a real browser, without a network."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lossbench import __version__, store
from lossbench.reporting.page import page_html, report_of

from .browser import Page, axe, launched

WIDTHS = (360, 800, 1440)
HOSTILE = {
    "<script>alert('x')</script>": [0.91, 0.93, 0.90],
    "\"quotes' & $math_x^2$ </table>": [0.92, 0.91, 0.93],
    "דיוק שמאל ימין 🎯👩‍🔬": [0.90, 0.92, 0.91],
    "long " + "averyverylongname" * 12: [0.89, 0.90, 0.91],
}
USUAL = {"cross_entropy": [0.90, 0.91, 0.92, 0.90], "focal": [0.92, 0.94, 0.93, 0.92]}
MADE: dict[str, dict[str, list[float]]] = {
    "hostile": {"cross_entropy": [0.90, 0.91, 0.92]} | HOSTILE,
    "one loss": {"cross_entropy": [0.90, 0.91, 0.92]},
    "forty losses": {
        f"loss_{k:02}": [0.5 + 0.01 * k + 0.002 * ((7 * k + seed) % 5) for seed in range(4)]
        for k in range(40)
    },
    "one seed": {"cross_entropy": [0.9], "focal": [0.92]},
    "only failed": {"cross_entropy": [math.nan] * 3, "focal": [math.nan] * 3},
    "infinite": {"cross_entropy": [0.9, 0.91, 0.9], "focal": [math.inf, math.nan, 0.9]},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def trained(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of an experiment that was really run."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_html(report_of([undisturbed], __version__, path.parent)), "utf-8")
    return path


@pytest.fixture
def made(tmp_path: Path, make_runs: Callable[..., Path]) -> Callable[..., Path]:
    """Writes the report of made scores, of one comparison or of two."""

    def write(scores: dict[str, list[float]], several: bool = False) -> Path:
        folders = [make_runs(scores, name="made")]
        if several:
            folders.append(make_runs(scores, name="other", dataset="mnist"))
        path = tmp_path / "report.html"
        path.write_text(page_html(report_of(folders, __version__, tmp_path)), "utf-8")
        return path

    return write


def _check(found: Page, path: Path) -> None:
    assert found.requests == [path.absolute().as_uri()]
    assert found.complaints == []


def _no_numbers(page: Any) -> list[str]:
    """Return cells with what is no number, but the status nan of a run."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("td")]
            .filter(cell => !cell.querySelector(".status"))
            .map(cell => cell.textContent.trim())
            .filter(text => /^[+-]?(nan|inf)\\b/.test(text))"""
    )
    return found


def _overflow(page: Any) -> list[str]:
    """Return what sticks out of the page, but what scrolls in itself."""
    found: list[str] = page.evaluate(
        """() => [...document.body.querySelectorAll("*")]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1
                && !one.closest(".scroll, pre"))
            .map(one => one.tagName + " " + one.textContent.slice(0, 60))"""
    )
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*found, *(["the page scrolls sideways"] if wide else [])]


def test_a_trained_experiment_asks_for_nothing_and_fits(browser: Any, trained: Path) -> None:
    for width in WIDTHS:
        with Page(browser, trained, viewport={"width": width, "height": 800}) as found:
            _check(found, trained)
            assert _overflow(found.page) == []
            assert found.page.locator("figure svg").count() >= 3


@pytest.mark.parametrize("name", MADE)
def test_whatever_was_run_the_page_is_whole(
    browser: Any, made: Callable[..., Path], name: str
) -> None:
    path = made(MADE[name])
    for width in (360, 1440):
        with Page(browser, path, viewport={"width": width, "height": 800}) as found:
            _check(found, path)
            assert _overflow(found.page) == []
            text = found.page.locator("body").text_content()
            assert all(level in text for level in MADE[name])
            assert _no_numbers(found.page) == []


def test_what_the_policy_forbids_does_not_happen(browser: Any, trained: Path) -> None:
    with Page(browser, trained) as found:
        answer = found.page.evaluate(
            "fetch('data:text/plain,hello').then(() => 'fetched', error => 'refused')"
        )
        assert answer == "refused"


def _columns(page: Any) -> list[list[str]]:
    """Return the cells of the last table that sorts, by column."""
    table = page.locator("table.sortable").last
    rows = table.locator("tbody tr").all()
    cells = [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]
    return [list(column) for column in zip(*cells, strict=True)]


def test_headings_sort_by_mouse_and_by_keyboard(browser: Any, trained: Path) -> None:
    with Page(browser, trained) as found:
        page = found.page
        heads = page.locator("table.sortable").last.locator("thead th")
        names = [head.inner_text().strip() for head in heads.all()]
        at = names.index("seed")
        before = _columns(page)[at]
        heads.nth(at).locator("button").click()
        assert heads.nth(at).get_attribute("aria-sort") == "ascending"
        assert _columns(page)[at] == sorted(before, key=float)
        heads.nth(at).locator("button").focus()
        page.keyboard.press("Enter")
        assert heads.nth(at).get_attribute("aria-sort") == "descending"
        assert _columns(page)[at] == sorted(before, key=float, reverse=True)
        assert found.complaints == []


def test_numbers_sort_as_numbers_and_missing_ones_last(
    browser: Any, made: Callable[..., Path]
) -> None:
    path = made({"cross_entropy": [0.9, 0.1, math.nan], "focal": [0.25, 1.0, 0.33]})
    with Page(browser, path) as found:
        table = found.page.locator("table.sortable").last
        heads = table.locator("thead th")
        names = [head.inner_text().strip() for head in heads.all()]
        at = next(k for k, name in enumerate(names) if name.startswith("accuracy"))
        heads.nth(at).locator("button").click()
        shown = _columns(found.page)[at]
        numbers = [float(text) for text in shown if any(map(str.isdigit, text))]
        assert numbers == sorted(numbers)
        assert len(numbers) == 5
        assert not any(map(str.isdigit, shown[-1]))


def test_dark_and_print(browser: Any, trained: Path) -> None:
    def colours(page: Any) -> list[str]:
        found: list[str] = page.evaluate(
            "() => { const s = getComputedStyle(document.body); return [s.color, "
            "s.backgroundColor, getComputedStyle(document.querySelector('figure svg')).color] }"
        )
        return found

    with Page(browser, trained, color_scheme="light") as light:
        bright = colours(light.page)
    with Page(browser, trained, color_scheme="dark") as dark:
        text, paper, picture = colours(dark.page)
        assert [text, paper] == bright[1::-1] or text != bright[0]
        assert picture == text
        dark.page.emulate_media(media="print")
        assert dark.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        sheets = dark.page.pdf(format="A4")
        assert sheets.startswith(b"%PDF") and len(sheets) > 20_000


def test_without_scripts_everything_is_there(browser: Any, made: Callable[..., Path]) -> None:
    path = made(USUAL, several=True)
    with Page(browser, path, java_script_enabled=False) as found:
        text = found.page.locator("body").inner_text()
        assert found.page.locator("figure").count() == sum(
            one.is_visible() for one in found.page.locator("figure").all()
        )
        assert "mnist_mini" in text and text.count("focal") > 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["trained", "hostile", "several"])
def test_accessibility(
    browser: Any, trained: Path, made: Callable[..., Path], name: str, scheme: str
) -> None:
    script = axe()
    path = trained if name == "trained" else made(USUAL, several=True)
    if name == "hostile":
        path = made(MADE["hostile"])
    with Page(browser, path, color_scheme=scheme, bypass_csp=True) as found:
        found.page.evaluate(script)
        result = found.page.evaluate("axe.run(document)")
    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert len(result["passes"]) > 10
    assert serious == [], json.dumps(serious, indent=1)


def test_twice_made_it_has_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    pages = [page_html(report_of([undisturbed], __version__, tmp_path)) for _ in range(2)]
    assert pages[0] == pages[1]
    assert store.find_experiments([undisturbed]) == [undisturbed]

"""The whole page: order, structure, escaping, equal bytes, and that it asks for nothing."""

import csv
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from lossbench.reporting.page import page_html, report_of
from lossbench.reporting.page.page import isolated

VOID = {"meta", "link", "br", "hr", "img", "path", "use", "image"}
HOSTILE = ("<script>alert(1)</script>", "\"a' & $x_1$", "😀 emoji", "שלום עולם", "n" * 200)
EPOCHS = [0.90, 0.91, 0.92, 0.93, 0.94]


class Reader(HTMLParser):
    """Collects what a page consists of, and fails where elements are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts[tag][-1] += data

    def having(self, name: str) -> list[str]:
        return [str(found[name]) for _, found in self.elements if name in found]


def page_of(*folders: Path, **options: Any) -> str:
    return page_html(report_of(folders, "1.2.3", Path(), **options))


def read(*folders: Path) -> Reader:
    return Reader(page_of(*folders))


def renamed(folder: Path, names: Mapping[str, str]) -> Path:
    """Give losses other names in the plan; folders of jobs stay what they are."""
    with (folder / "plan.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "plan.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "loss": names.get(row["loss"], row["loss"])} for row in rows)
    return folder


@pytest.fixture
def two(make_runs: Callable[..., Path]) -> Path:
    scores = {"cross_entropy": EPOCHS, "focal": [0.91, 0.93, 0.93, 0.95, 0.955]}
    return make_runs(scores, protocol={"delta": 0.002})


@pytest.fixture
def hostile(make_runs: Callable[..., Path]) -> Path:
    plain = {f"l{i}": [0.90 + i / 100, 0.91 + i / 90, 0.93 + i / 80] for i in range(len(HOSTILE))}
    folder = make_runs({"cross_entropy": [0.9, 0.91, 0.93]} | plain, name="<b>me & you</b>")
    return renamed(folder, dict(zip(plain, HOSTILE, strict=True)))


@pytest.fixture
def several(make_runs: Callable[..., Path]) -> list[Path]:
    scores = {"cross_entropy": EPOCHS, "focal": [0.91, 0.93, 0.93, 0.95, 0.955]}
    return [make_runs(scores, name=name, dataset=name) for name in ("ours", "theirs")]


ORDER = [
    "Answer",
    "Table",
    "Can I trust it?",
    "How they learn",
    "What they change",
    "How tuned",
    "Across data sets",
    "Cost",
    "Every run",
    "Method",
]


def test_one_comparison_has_its_sections_in_order_and_none_is_empty(two):
    page = read(two)
    headings = page.texts["h2"]
    assert headings == sorted(headings, key=ORDER.index)
    assert headings[:2] == ["Answer", "Table"] and "Every run" in headings
    links = [target for target in page.having("href") if target.startswith("#")]
    anchors = page.having("id")
    assert len(anchors) == len(set(anchors)), "an id stands for one element"
    assert {target[1:] for target in links} <= set(anchors)
    for text, heading in zip(page.texts["section"], headings, strict=True):
        assert text.startswith(heading) and text != heading
    assert len(page.texts["nav"]) == len(page.texts["main"]) == len(page.texts["h1"]) == 1
    assert "#content" in links, "a link past the contents"


def test_answer_comes_with_its_picture_and_the_picture_with_words_and_numbers(two):
    text = page_of(two)
    answer = text[text.index('id="c1-answer"') : text.index('id="c1-table"')]
    assert 'id="c1-forest"' in answer
    assert re.search(r'role="img"[^>]* aria-labelledby="c1-forest-title c1-forest-desc"', answer)
    assert "<figcaption>" in answer and "<summary>Numbers</summary>" in answer
    page = Reader(text)
    assert len(page.texts["caption"]) == len(page.texts["table"])
    assert all(found.get("scope") in ("col", "row") for tag, found in page.elements if tag == "th")


def test_the_page_asks_for_nothing(two, hostile):
    for folder in (two, hostile):
        text = page_of(folder)
        page = Reader(text)
        policy = next(found["content"] for tag, found in page.elements if "http-equiv" in found)
        assert policy is not None and policy.startswith("default-src 'none'")
        for tag, found in page.elements:
            if tag in ("link", "img", "image", "use", "script"):
                for name in ("src", "href", "xlink:href"):
                    assert (found.get(name) or "#").startswith(("#", "data:")), (tag, found)
            assert not any(name.startswith("on") for name in found), "no script in attributes"
        assert not re.search(r"url\((?!#)|@import", text)


def test_names_of_users_are_text_wherever_they_stand(hostile):
    page = read(hostile)
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert page.texts["h1"] == ["<b>me & you</b>"]
    assert page.texts["title"][0] == "<b>me & you</b>: lossbench report"
    cells = [text.strip("\u2068\u2069") for text in page.texts["th"]]
    assert set(HOSTILE) <= set(cells)


def test_right_to_left_names_keep_their_direction_to_themselves(hostile):
    text = page_of(hostile)
    name = HOSTILE[3]
    assert f"\u2068{name}\u2069" in text
    assert not re.search("<[^>]*\u2068", text), "attributes stay as they are"
    assert isolated(f'<p title="{name}">{name}: +1</p>', [name, "a"]) == (
        f'<p title="{name}">\u2068{name}\u2069: +1</p>'
    )
    assert isolated("<p>focal</p>", ["focal", "<p>"]) == "<p>focal</p>"
    longer = f"{name} & {name}"
    escaped = longer.replace("&", "&amp;")
    assert isolated(f"<p>{escaped}</p>", [name, longer]) == f"<p>\u2068{escaped}\u2069</p>"


def test_equal_runs_give_equal_bytes(two, hostile, several):
    assert page_of(two) == page_of(two)
    assert page_of(hostile) == page_of(hostile)
    assert page_of(*several) == page_of(*several)


def test_of_several_comparisons_the_first_thing_is_every_verdict(several):
    text = page_of(*several)
    page = Reader(text)
    assert page.texts["h2"][:3] == ["Overview", "ours", "theirs"]
    assert page.texts["h3"][:2] == ["Answer", "Table"]
    overview = text[text.index('id="overview"') : text.index('id="c1"')]
    assert 'href="#c1"' in overview and 'href="#c2"' in overview
    assert overview.count('class="verdict') == 4
    assert page.having("data-name") == ["ours", "theirs"]
    assert page.having("data-of") == ["c1", "c2"], "their sections in the contents"
    assert page.texts["h2"].index("Every run") > page.texts["h2"].index("theirs")


def test_many_comparisons_are_listed_in_the_overview_alone(make_runs):
    folders = [
        make_runs({"cross_entropy": [0.9], "mae": [0.8]}, name=f"e{i}", dataset=f"d{i:02}")
        for i in range(13)
    ]
    page = read(*folders)
    assert page.texts["h1"] == ["e0, e1, e2 and 10 more"]
    assert page.texts["h2"][:2] == ["Overview", "d00"] and len(page.having("data-name")) == 13
    assert page.having("data-of") == [] and "d00" not in page.texts["nav"][0]
    assert [target for target in page.having("href") if target == "#c13"] == ["#c13"]


@pytest.mark.parametrize(
    "scores",
    [
        {"cross_entropy": [float("nan")] * 3, "focal": [float("nan")] * 3},
        {"cross_entropy": [None] * 3, "focal": [None] * 3},
        {"cross_entropy": EPOCHS},
        {"cross_entropy": [0.9], "focal": [0.8]},
        {f"l{i}": [0.9, 0.91, 0.95] for i in range(40)},
    ],
    ids=["failed", "unfinished", "one loss", "one seed", "forty losses"],
)
def test_whatever_there_is_makes_a_page(make_runs, scores):
    page = read(make_runs(scores))
    assert "Answer" in page.texts["h2"] and "Every run" in page.texts["h2"]
    failed = any(value != value for values in scores.values() for value in values if value)
    found = re.findall(r"\b(?:nan|inf)\b", page.texts["main"][0].replace("NaN", ""))
    assert set(found) == ({"nan"} if failed else set()), "the status of a failed run, no number"


def test_the_script_stays_small():
    from lossbench.reporting import page

    assert page.__file__ is not None
    assert (Path(page.__file__).parent / "script.js").stat().st_size < 3_000


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_all_words_stand_out_from_what_is_behind_them_in_both_schemes():
    from lossbench.reporting import page

    assert page.__file__ is not None
    style = (Path(page.__file__).parent / "style.css").read_text("utf-8")
    schemes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    light, dark, paper = schemes
    for scheme in (light, dark, light | paper):
        for behind in ("paper", "raised"):
            for name in scheme.keys() - {"paper", "raised", "line"}:
                pair = sorted((_luminance(scheme[name]), _luminance(scheme[behind])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (name, behind, scheme)

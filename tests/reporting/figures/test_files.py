"""Pictures as files of equal bytes, and as SVG on a page."""

import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd

from lossbench.reporting.figures import Picture, forest, inline_svg

TABLE = pd.DataFrame(
    {
        "level": ['id="x" #000000', "b & <b>"],
        "diff": [1.0, -2.123456],
        "ci_low": [0.5, -3.0],
        "ci_high": [1.5, -1.0],
    }
)
PICTURE = Picture(
    name="forest",
    section="answer",
    title="Title <1>",
    table=TABLE,
    draw=lambda: forest(TABLE, delta=0.5),
    caption="",
    description="Two & levels\x00.",
)
SVG = "{http://www.w3.org/2000/svg}"


def test_files_have_equal_bytes_whoever_writes_them() -> None:
    program = (
        "import hashlib\n"
        "from tests.reporting.figures.test_files import PICTURE\n"
        "from lossbench.reporting.figures import file_bytes, inline_svg\n"
        "for form in ('svg', 'pdf', 'png'):\n"
        "    print(form, hashlib.sha256(file_bytes(PICTURE, form)).hexdigest())\n"
        "print(hashlib.sha256(inline_svg(PICTURE, 'a').encode()).hexdigest())\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.split()) == 7


def test_svg_is_xml_with_title_and_description() -> None:
    root = ElementTree.fromstring(inline_svg(PICTURE, "c1-forest"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "c1-forest-title c1-forest-desc"
    assert [(child.tag, child.text) for child in root][:2] == [
        (f"{SVG}title", "Title <1>"),
        (f"{SVG}desc", "Two & levels ."),
    ]


def test_names_are_text_as_they_were_given() -> None:
    root = ElementTree.fromstring(inline_svg(PICTURE, "a"))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert 'id="x" #000000' in texts
    assert "b & <b>" in texts


def test_every_reference_has_its_target_in_the_same_picture() -> None:
    text = inline_svg(PICTURE, "a")
    ids = re.findall(r'\bid="([^"#]+)"', re.sub(r">[^<]*<", "><", text))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert len(ids) == len(set(ids))
    assert used
    assert used <= set(ids)
    assert any(name in text for name in (f'clip-path="url(#{one})"' for one in used))
    assert all(one.startswith("a-") for one in ids)


def test_black_white_and_grey_follow_the_page() -> None:
    text = re.sub(r">[^<]*<", "><", inline_svg(PICTURE, "a"))
    assert not re.search("#000000|#ffffff|#707070|#d5d5d5", text)
    assert 'fill="currentColor"' in text.split(">", 1)[0]
    assert "var(--line)" in text


def test_coordinates_are_rounded_and_nothing_needless_is_said() -> None:
    text = inline_svg(PICTURE, "a")
    assert not re.search(r'\b[dxy]="[^"]*\.\d{3}', text)
    assert "<metadata" not in text
    assert "<style" not in text
    assert len(text) < 12_000


def test_a_description_of_any_characters_is_kept_readable() -> None:
    odd = replace(PICTURE, description="\x1b[0m خسارة 🙂 \x0b")
    root = ElementTree.fromstring(inline_svg(odd, "a"))
    assert root[1].text == " [0m خسارة 🙂  "

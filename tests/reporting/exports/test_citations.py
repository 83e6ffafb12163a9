"""Sources taken apart: what they state, and nothing that they do not."""

import re

import pytest

from lossbench.catalog.losses import LOSSES
from lossbench.reporting.docstrings import loss_text
from lossbench.reporting.exports.citations import Work, bibtex, entries, works


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "Lin et al. 2017, arXiv:1708.02002, eq. 5.",
            [Work(("Lin",), True, "2017", "", "1708.02002")],
        ),
        (
            'Good 1952, "Rational decisions"; Bridle 1990 for the softmax.',
            [
                Work(("Good",), False, "1952", "Rational decisions"),
                Work(("Bridle",), False, "1990"),
            ],
        ),
        (
            "Hadsell, Chopra & LeCun 2006, doi 10.1109/CVPR.2006.100, eq. 4.",
            [Work(("Hadsell", "Chopra", "LeCun"), False, "2006", doi="10.1109/CVPR.2006.100")],
        ),
        (
            'Feng et al. 2020, doi 10.24963/ijcai.2020/305, "Taylor cross entropy".',
            [Work(("Feng",), True, "2020", doi="10.24963/ijcai.2020/305")],
        ),
        (
            "Makridakis 1993, doi 10.1016/0169-2070(93)90079-3.",
            [Work(("Makridakis",), False, "1993", doi="10.1016/0169-2070(93)90079-3")],
        ),
        (
            "Dolan & More 2002, arXiv:cs/0102001.",
            [Work(("Dolan", "More"), False, "2002", "", "cs/0102001")],
        ),
        (
            "A thing; the same as AM-Softmax, arXiv:1801.05599.",
            [Work((), False, "", "", "1801.05599")],
        ),
        ("The Bernoulli log-likelihood.", []),
        ("Keras 3, `keras.losses.CategoricalHinge`.", []),
        ("", []),
    ],
)
def test_sources(source, expected):
    assert works(source) == expected


def test_what_else_is_stated_is_kept_where_it_belongs():
    (holm,) = works("Holm 1979, Scand. J. Statist. 6:65-70.")
    assert (holm.note, holm.place) == ("Scand. J. Statist. 6:65-70", "")
    (deng,) = works("Deng et al. 2019, arXiv:1801.07698, eq. 3; the second form: released code.")
    assert (deng.note, deng.place) == ("", "eq. 3; the second form: released code")
    (menon,) = works('Menon et al. 2020, "Can gradient clipping help?" (ICLR), "Huberised loss".')
    assert (menon.title, menon.note) == ("Can gradient clipping help?", "ICLR")
    assert menon.place == '"Huberised loss"'


def test_every_source_of_the_catalogue_that_names_a_work_is_found():
    for row in LOSSES:
        source = loss_text(row).source
        found = works(source)
        years = re.findall(r"\b(?:1[789]|20)\d\d\b", re.sub(r"(arXiv:|doi )\S+", "", source))
        assert sorted(one.year for one in found if one.year) == sorted(years), source
        numbers = re.findall(r"arXiv:(\d{4}\.\d{4,5})", source)
        assert [one.arxiv for one in found if one.arxiv] == numbers, source
        assert len([one for one in found if one.doi]) == source.count("doi "), source
        for one in found:
            assert all(name in source for name in one.authors) and one.title in source


def test_a_work_that_two_losses_cite_stands_once_and_keys_differ():
    mentions = [
        (name, work)
        for name, source in {
            "focal": "Lin et al. 2017, arXiv:1708.02002, eq. 5.",
            "binary_focal": "Lin et al. 2017, arXiv:1708.02002, eq. 6.",
            "other": "Lin et al. 2017, arXiv:1700.00001.",
            "danish": "Jørgensen 1987; Bénédict et al. 2021, arXiv:2108.10566.",
        }.items()
        for work in works(source)
    ]
    found = entries(mentions)
    assert [one.key for one in found] == ["benedict2021", "jorgensen1987", "lin2017", "lin2017b"]
    assert found[2].uses == ("focal (eq. 5)", "binary_focal (eq. 6)")
    text = bibtex(found)
    assert "author = {B\\'{e}n\\'{e}dict and others}" in text
    assert "  annote = {Cited for: focal (eq. 5); binary\\_focal (eq. 6)},\n" in text


def test_unknown_fields_are_left_out_and_braces_are_balanced():
    (entry,) = entries(
        [("x{", work) for work in works('Student 1908, "On {the mean" in Biometrika')]
    )
    text = bibtex([entry])
    assert not {"doi", "eprint", "howpublished"} & set(re.findall(r"^  (\w+) =", text, re.M))
    assert text.count("{") == text.count("}")
    assert text.startswith("@misc{student1908,\n") and text.endswith("}\n")

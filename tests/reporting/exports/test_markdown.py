"""The main table in Markdown, whose cells no text of the user's can leave."""

import pytest

from lossbench.reporting.exports.markdown import escaped, markdown_table, markdown_tables
from tests.reporting.made_comparisons import SPECIFIED, baseline, comparison, row


def test_the_table_has_the_numbers_of_the_comparison():
    head, rule, *rows = markdown_table(SPECIFIED)
    assert head == ("| loss | mean | diff | 95% CI | n | wins | p(Holm) | verdict | done | flags |")
    assert rule == "| :-- | --: | --: | --: | --: | --: | --: | :-- | --: | :-- |"
    assert rows[0] == (
        "| focal | 91.43 | +0.40 | [+0.18, +0.62] | 8 | 7/8 | 0.010 | BETTER | 8/8 | . |"
    )
    assert rows[-1] == (
        "| dice | 88.95 | -2.08 | [-2.34, -1.82] | 7 | 0/8 | &lt;0.001 | WORSE by &gt; delta | 7/8 "
        "| FAILURES |"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        ("a\nb\r\n\n# c", r"a b \# c"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("cross_entropy", "cross_entropy"),
        ("_a_", r"\_a\_"),
        ("**`x`**", r"\*\*\`x\`\*\*"),
        ("![x](javascript:y)", r"!\[x\](javascript:y)".replace(r"!\[", "![")),
        ("[c=0.3]", "[c=0.3]"),
        ("$x$ ~~y~~ \\", r"\$x\$ \~\~y\~\~ \\"),
    ],
)
def test_text_is_shown_as_it_is(text, written):
    assert escaped(text) == written


def test_no_name_leaves_its_cell():
    names = ("a|b", "a\n| b |", "\\|", "`|`", "x" * 200)
    rows = [row(name, "BETTER", 0.01, 0.003, bold=True) for name in names]
    for line in markdown_table(comparison(*rows, baseline()))[2:]:
        bare = line.replace("\\\\", "").replace("\\|", "")
        assert bare.count("|") == 11 and "\n" not in line
    assert markdown_table(comparison(*rows, baseline()))[2].startswith(r"| **a\|b** |")


def test_each_comparison_has_a_heading_and_its_sentences():
    text = markdown_tables([SPECIFIED, SPECIFIED])
    assert text.count("## cifar10-lt / small-cnn / adam, 30 epochs\n") == 2
    assert "balanced accuracy on test in points; higher is better." in text
    assert "- focal is better than cross_entropy: +0.40 points" in text
    assert "- FAILURES: some runs failed" in text
    assert "protocol 9f3c1e000000 (declared before the runs)." in text
    warned = markdown_tables([comparison(baseline(), exploratory=("other metric.",))])
    assert "**EXPLORATORY: this is not the comparison that was declared" in warned

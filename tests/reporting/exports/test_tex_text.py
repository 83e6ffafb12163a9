"""Text that pdflatex sets as it reads, whatever it holds."""

import pytest

from lossbench.reporting.exports.tex_text import comment, latex, pieces, unknown_to_latex


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b%c&d#e$f", r"a\_b\%c\&d\#e\$f"),
        ("{x}", r"\{x\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("<b>", r"\textless{}b\textgreater{}"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("é ç í ő", r"\'{e} \c{c} \'{\i} \H{o}"),
        ("Jørgensen Łukasz straße", r"J\o{}rgensen \L{}ukasz stra\ss{}e"),
        ("αΓς", r"$\alpha$$\Gamma$$\varsigma$"),
        ("Αο", r"$\mathrm{A}$$o$"),
        ("a → b ≤ ∞", r"a $\to$ b $\leq$ $\infty$"),
        ("two\nlines\tapart", "two lines apart"),
        ("🔥!", "[U+1F525]!"),
        ("שם", "[U+05E9][U+05DD]"),
        ("\u202ex\x00", "[U+202E]x[U+0000]"),
        ("đ ą", "[U+0111] [U+0105]"),
    ],
)
def test_text_is_written_so_that_it_is_shown_and_never_run(text, written):
    assert latex(text) == written
    assert latex(text).isascii()


def test_what_has_no_letter_is_named_once():
    assert unknown_to_latex("a🔥b🔥\x00é_") == ["U+1F525 FIRE", "U+0000 without a name"]
    assert unknown_to_latex("cross_entropy é α") == []


def test_nothing_breaks_out_of_a_comment():
    written = comment("one\r\n\\input{x}\u2028\u202eé\x00")
    assert written.isascii() and len(written.splitlines()) == 1
    assert written == r"% one  \input{x}\u2028\u202e\xe9 "


def test_long_text_is_cut_between_characters_and_says_so():
    assert "".join(pieces("x_y", 3)) == r"x\_y"
    assert "".join(pieces("x_yz", 3)) == r"x\_y\dots{}"
    assert "".join(pieces("🔥🔥", 10)) == r"[U+1F525]\dots{}", "as wide as it is written"
    assert "".join(pieces("é" * 5, 5)) == r"\'{e}" * 5

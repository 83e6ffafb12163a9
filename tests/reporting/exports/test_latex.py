"""The main table for a paper: its numbers, its caption, and that real pdflatex sets it."""

import math
import re
import shutil
import subprocess

import pytest

from lossbench.reporting.exports.figures import figure_files
from lossbench.reporting.exports.latex import latex_table, latex_tables
from lossbench.reporting.page.report import report_of
from tests.reporting.made_comparisons import SPECIFIED, baseline, comparison, row

HOSTILE = (
    "a_b%c&d#e$f{g}h~i^j\\k",
    "\\input{/etc/passwd}",
    "αβΓ ς é ü ő ż đ þ",
    "🔥 fire 🔥",
    "שלום עולם",
    "<script>alert('x')</script>",
    "x" * 199 + "1",
    "x" * 199 + "2",
    "[c=0.3]",
    "*star",
    "%comment",
    "line\nbreak \u202ertl",
    '|pipe| "quoted" → ≤ ∞ … –',
    "zero\x00byte 中文",
)


def cells(text):
    """The cells of the rows between the first and the last rule, by the row's first cell."""
    body = text.split(r"\midrule", 1)[1].split(r"\bottomrule")[0]
    lines = [line.removesuffix(r" \\").split(" & ") for line in body.strip().splitlines()]
    return {line[0]: line[1:] for line in lines if line != [r"\midrule"]}


def test_numbers_have_the_precision_of_their_interval():
    found = cells(latex_table(SPECIFIED, "0.1.0"))
    assert found["focal"] == ["91.43", "$+$0.40", "{[$+$0.18, $+$0.62]}", "8", "0.010", "better"]
    assert found["logit\\_adjust"][-1] == "inconclusive"
    assert found["label\\_smoothing"][-1] == "equivalent"
    assert found["cross\\_entropy"] == ["91.03", "--", "--", "--", "--", "baseline"]
    assert found["dice"] == [
        *("88.95", "$-$2.08", "{[$-$2.34, $-$1.82]}", "7", "$<$0.001"),
        r"worse by $>\delta$\textsuperscript{a}",
    ]


def test_it_is_a_booktabs_table_without_vertical_rules():
    text = latex_table(SPECIFIED, "0.1.0")
    assert [text.count(rf"\{rule}rule") for rule in ("top", "mid", "bottom")] == [1, 1, 1]
    assert "|" not in re.search(r"\\begin\{tabular\}\{(.*)\}", text)[1] and r"\hline" not in text
    first = text.splitlines()[0]
    assert first.startswith("% ") and "0.1.0" in first and r"\usepackage{booktabs}" in first
    assert r"\label{tab:lossbench}" in text


def test_the_caption_says_what_the_numbers_are():
    caption = re.search(r"^\\caption\[.*\]\{(.*)\}$", latex_table(SPECIFIED, "0.1"), re.M)[1]
    for part in (
        "Test balanced accuracy, in points, by loss: cifar10-lt / small-cnn / adam, 30 epochs",
        r"to cross\_entropy, paired by seed ($n = 7 \textrm{ to } 8$), positive is better",
        r"with the 95\% CI of the paired $t$-test, not adjusted for several losses",
        "adjusted over 4 losses (Holm)",
        r"$\alpha = 0.05$; the smallest difference that matters is $\delta = 0.20$ points",
        r"\textsuperscript{a}\,some runs failed; the difference is over the seeds that worked.",
        r"Protocol \texttt{9f3c1e000000}, declared before the runs.",
    ):
        assert part in caption
    last = comparison(baseline(), at="last", higher_is_better=False, bounded=False, epochs=1)
    assert "1 epoch, at the last epoch; lower is better" in latex_table(last, "0.1")


def test_bold_is_what_cannot_be_told_from_the_best():
    rows = (row("one", "BETTER", 0.01, 0.003, bold=True), row("two", "BETTER", 0.01, 0.003))
    text = latex_table(comparison(*rows, baseline()), "0.1")
    assert cells(text)[r"\textbf{one}"][0] == r"\textbf{91.00}" and "two" in cells(text)
    assert "Bold: the best mean, which all others can be told from" in text
    both = tuple(row(name, "BETTER", 0.01, 0.003, bold=True) for name in ("one", "two"))
    assert "what cannot be told from it" in latex_table(comparison(*both, baseline()), "0.1")


def test_what_is_not_as_declared_stands_in_the_caption():
    why = ("the metric is nll & not a_b.", "there are fewer seeds.")
    text = latex_table(comparison(baseline(), exploratory=why, protocol_sha256="ab" * 32), "0.1")
    assert r"the metric is nll \& not a\_b; there are fewer seeds." in text
    assert r"\texttt{abababababab}, not as declared" in text


def test_missing_and_huge_numbers():
    rows = (row("gone", "NO_DATA", n=0, p_holm=math.nan, mean=math.nan, done=0), row("e", "BETTER"))
    found = cells(latex_table(comparison(*rows, baseline=None), "0.1"))
    assert found["gone"] == ["--", "--", "--", "0", "--", "not testable"]
    huge = comparison(row("e", "NO_DATA", -3e11, 1e9, mean=1e12), baseline(), bounded=False)
    found = cells(latex_table(huge, "0.1"))
    assert found["e"][:2] == [r"1$\times 10^{12}$", r"$-$3$\times 10^{11}$"]


def test_names_that_are_alike_once_cut_stay_apart():
    rows = [row("x" * 199 + end, "BETTER", 0.01, 0.003) for end in "12"]
    text = latex_table(comparison(*rows, baseline()), "0.1")
    assert ["x" * 30 + r"\dots{}", "x" * 30 + r"\dots{} (2)"] == list(cells(text))[:2]
    assert f"% Name that was cut: {'x' * 199}2" in text


def test_controls_stand_apart_and_several_tables_have_labels_of_their_own():
    control = row("cross_entropy, cosine head", "EQUIVALENT", 0.001, 0.003)
    one = comparison(baseline(), controls=(control,))
    text = latex_tables([one, one], "0.1")
    assert text.count(r"\midrule") == 4
    assert r"\label{tab:lossbench-1}" in text and r"\label{tab:lossbench-2}" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_sets_hostile_names_forty_losses_and_a_figure(tmp_path, make_runs):
    rows = [
        row(name, "INCONCLUSIVE", 0.001 * i, 0.002, flags=("FRAGILE",) * (i % 2), bold=i % 3 == 0)
        for i, name in enumerate(HOSTILE)
    ]
    hostile = comparison(
        *rows, baseline(), dataset="🔥_data$ε", exploratory=("a_b & c",), protocol_sha256="ab" * 32
    )
    many = [row(f"loss_{i}", "BETTER", 0.01, 0.003) for i in range(40)]
    folder = make_runs({"cross_entropy": [0.9, 0.91, 0.89], "focal_": [0.92, 0.94, 0.9]})
    report = report_of([folder], "0.1.0")
    figures = dict(figure_files(report, ["pdf"]))
    (tmp_path / "forest.pdf").write_bytes(figures["forest.pdf"])
    tables = latex_tables([hostile, comparison(*many, baseline())], "0.1.0")
    (tmp_path / "tables.tex").write_text(tables, "ascii")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\\begin{document}\\listoftables\n"
        "\\input{tables.tex}\\includegraphics[width=4cm]{forest.pdf}\\end{document}\n"
    )
    for _ in range(2):  # the list of tables is read in the second run
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    if shutil.which("pdftotext"):
        shown = subprocess.run(["pdftotext", "paper.pdf", "-"], cwd=tmp_path, capture_output=True)
        text = shown.stdout.decode()
        for name in ("fire", "\\input{/etc/passwd}", "[c=0.3]", "*star", "%comment", "loss 39"):
            assert name in text.replace("_", " ").replace("∗", "*"), name


def test_real_comparisons_of_failed_runs_still_give_a_table(make_runs):
    folder = make_runs({"cross_entropy": [math.nan] * 3, "focal": [math.nan] * 3})
    found = [one.comparison for one in report_of([folder], "0.1.0").materials]
    assert "not testable" in latex_tables(found, "0.1.0")

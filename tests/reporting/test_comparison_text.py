"""Whole comparisons as text, typed as they have to read, at the widths that people have."""

import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from lossbench.comparison.results import Check, Shares
from lossbench.errors import ConfigError
from lossbench.reporting.columns import COLUMNS, column_names
from lossbench.reporting.ordering import group_name, grouped, ordered, sort_name
from lossbench.reporting.terminal import as_text
from tests.reporting.made_comparisons import (
    DICE,
    FOCAL,
    LABEL_SMOOTHING,
    NAN,
    SPECIFIED,
    baseline,
    comparison,
    many,
    one_seed,
    row,
)

SHOWN = replace(SPECIFIED, shares=Shares(0.490566, 0.482480, 0.026954))
ONE = comparison(FOCAL, baseline(step_ratio=1.0))


def test_at_80_columns():
    assert (
        as_text([SHOWN], 80)
        == """\
cifar10-lt / small-cnn / adam, 30 epochs
balanced_accuracy on test in points, higher is better
epoch chosen on validation   8 paired seeds   baseline: cross_entropy
protocol 9f3c1e: declared   alpha 0.05 (Holm, 4 losses)   delta 0.20 points

loss             mean  diff         95% CI wins p(Holm) verdict        done step
────             ────  ────         ────── ──── ─────── ───────        ──── ────
focal           91.43 +0.40 [+0.18, +0.62]  7/8   0.010 BETTER          8/8  +3%
logit_adjust    91.20 +0.17 [+0.01, +0.33]  6/8   0.081 inconclusive    8/8  +1%
label_smoothing 91.05 +0.02 [-0.06, +0.09]  5/8    0.60 EQUIVALENT      8/8  +0%
cross_entropy   91.03     .              .    .       . baseline        8/8    .
dice            88.95 -2.08 [-2.34, -1.82]  0/8  <0.001 WORSE > delta*  7/8  +9%

dice is worse than cross_entropy even when it works (it failed in 1 of 8 runs):
-2.08 points (95% CI -2.34 to -1.82; 7 paired seeds; adjusted p < 0.001), which
is worse by more than the 0.20 points declared to matter (adjusted p < 0.001).
It won 0 of 8 seeds.
focal is better than cross_entropy: +0.40 points (95% CI +0.18 to +0.62; 8
paired seeds; adjusted p = 0.010); whether it exceeds the 0.20 points declared
is open. It won 7 of 8 seeds.
No conclusion about logit_adjust: +0.17 points (95% CI +0.01 to +0.33; 8 paired
seeds). This design could detect differences of about 0.22 points; about 10 to
16 seeds would be needed to detect 0.20 points.
label_smoothing and cross_entropy are equivalent within ±0.20 points: +0.016
points (90% CI -0.041 to +0.073; 8 paired seeds; adjusted TOST p < 0.001).
Loss explains 49% of the variation between runs, seed 48%, rest 3%.

diff: paired by seed against the baseline; positive is better.
CIs are not adjusted for the 4 losses, p-values are (Holm): the interval of
logit_adjust leaves out 0 without a difference being shown.
step: time of a training step beside the baseline's.
* FAILURES (dice): some runs failed; the difference is over the seeds that
worked
warning: dice: 1 of 8 runs ended with nan: loss became NaN at epoch 3.
"""
    )


def test_at_100_columns_verdicts_say_more_and_flags_have_a_column():
    assert (
        as_text([SHOWN], 100)
        == """\
cifar10-lt / small-cnn / adam, 30 epochs   balanced_accuracy on test in points, higher is better
epoch chosen on validation   8 paired seeds   baseline: cross_entropy
protocol 9f3c1e: declared   alpha 0.05 (Holm, 4 losses)   delta 0.20 points

loss             mean  diff         95% CI n wins p(Holm) verdict                 done step flags
────             ────  ────         ────── ─ ──── ─────── ───────                 ──── ──── ─────
focal           91.43 +0.40 [+0.18, +0.62] 8  7/8   0.010 BETTER                   8/8  +3% .
logit_adjust    91.20 +0.17 [+0.01, +0.33] 8  6/8   0.081 inconclusive (mde 0.22)  8/8  +1% .
label_smoothing 91.05 +0.02 [-0.06, +0.09] 8  5/8    0.60 EQUIVALENT (+-0.20)      8/8  +0% .
cross_entropy   91.03     .              . 8    .       . baseline                 8/8    . .
dice            88.95 -2.08 [-2.34, -1.82] 7  0/8  <0.001 WORSE by > delta         7/8  +9% FAILURES

dice is worse than cross_entropy even when it works (it failed in 1 of 8 runs): -2.08 points (95% CI
-2.34 to -1.82; 7 paired seeds; adjusted p < 0.001), which is worse by more than the 0.20 points
declared to matter (adjusted p < 0.001). It won 0 of 8 seeds.
focal is better than cross_entropy: +0.40 points (95% CI +0.18 to +0.62; 8 paired seeds; adjusted p
= 0.010); whether it exceeds the 0.20 points declared is open. It won 7 of 8 seeds.
No conclusion about logit_adjust: +0.17 points (95% CI +0.01 to +0.33; 8 paired seeds). This design
could detect differences of about 0.22 points; about 10 to 16 seeds would be needed to detect 0.20
points.
label_smoothing and cross_entropy are equivalent within ±0.20 points: +0.016 points (90% CI -0.041
to +0.073; 8 paired seeds; adjusted TOST p < 0.001).
Loss explains 49% of the variation between runs, seed 48%, rest 3%.

diff: paired by seed against the baseline; positive is better.
CIs are not adjusted for the 4 losses, p-values are (Holm): the interval of logit_adjust leaves out
0 without a difference being shown.
step: time of a training step beside the baseline's.
FAILURES: some runs failed; the difference is over the seeds that worked
warning: dice: 1 of 8 runs ended with nan: loss became NaN at epoch 3.
"""
    )


# lines of this table are as wide as what is tested
TABLE_AT_140 = """\
loss             mean  diff         95% CI n wins p(Holm) verdict                 done step flags    less error   PI
────             ────  ────         ────── ─ ──── ─────── ───────                 ──── ──── ─────    ──────────   ──
focal           91.43 +0.40 [+0.18, +0.62] 8  7/8   0.010 BETTER                   8/8  +3% .               +4% 0.88
logit_adjust    91.20 +0.17 [+0.01, +0.33] 8  6/8   0.081 inconclusive (mde 0.22)  8/8  +1% .               +2% 0.75
label_smoothing 91.05 +0.02 [-0.06, +0.09] 8  5/8    0.60 EQUIVALENT (+-0.20)      8/8  +0% .               +0% 0.62
cross_entropy   91.03     .              . 8    .       . baseline                 8/8    . .                 .    .
dice            88.95 -2.08 [-2.34, -1.82] 7  0/8  <0.001 WORSE by > delta         7/8  +9% FAILURES       -23% 0.00
"""  # noqa: E501


def test_at_140_columns_there_is_more_to_see():
    text = as_text([SHOWN], 140)
    assert TABLE_AT_140 in text
    assert "less error: share of the baseline's error that is gone; PI: chance" in text
    assert text.splitlines()[0] == (
        "cifar10-lt / small-cnn / adam, 30 epochs   balanced_accuracy on test in points, higher is "
        "better   epoch chosen on validation"
    )


def test_what_is_not_as_declared_stands_above_the_numbers():
    mae = row(
        "mae",
        "WORSE",
        -0.43,
        0.21,
        mean=1.94,
        n=6,
        p_holm=0.002,
        wins=1,
        blocks=6,
        done=6,
        planned=6,
        flags=("FRAGILE", "LR_EDGE"),
    )
    found = comparison(
        mae,
        baseline("mse", 1.51, n=6, done=6, planned=6),
        dataset="homes",
        metric="rmse",
        at="last",
        seeds=6,
        bounded=False,
        higher_is_better=False,
        baseline="mse",
        delta=0.0151,
        delta_declared=False,
        protocol_sha256="77aa01" + 58 * "0",
        exploratory=("judged by rmse; declared before the runs is mae.",),
        unmatched=("mae, seed 3: order_sha256 differs.",),
        flags=("LR_SHARED", "DEFAULT_DELTA", "EXPLORATORY"),
    )
    assert (
        as_text([found], 80)
        == """\
homes / small-cnn / adam, 30 epochs   rmse on test, lower is better
at the last epoch   6 paired seeds   baseline: mse
protocol 77aa01: EXPLORATORY   tuning: none   alpha 0.05 (Holm, 1 loss)
delta 0.0151 (default)
UNMATCHED: pairs that did not start alike were paired all the same, so that
their differences are not those of the loss alone:
- mae, seed 3: order_sha256 differs.
EXPLORATORY: this is not the comparison that was declared before the runs:
- judged by rmse; declared before the runs is mae.

loss mean  diff         95% CI n wins p(Holm) verdict  done flags
──── ────  ────         ────── ─ ──── ─────── ───────  ──── ─────
mae  1.94 -0.43 [-0.64, -0.22] 6  1/6  0.0020 WORSE     6/6 FRAGILE LR_EDGE
mse  1.51     .              . 6    .       . baseline  6/6 .

mae is worse than mse: -0.43 (95% CI -0.64 to -0.22; 6 paired seeds; p =
0.0020); whether it is worse by more than the 0.0151 taken by default is open.
It won 1 of 6 seeds.

diff: paired by seed against the baseline; positive is better.
Learning rate shared by all losses: this compares losses at that learning rate.
LR_EDGE: its chosen learning rate lies at the end of the range that was searched
FRAGILE: the sign-flip test disagrees, or the verdict hangs on one seed
DEFAULT_DELTA: the smallest difference that matters is a default, not declared
"""
    )


def test_one_seed():
    assert (
        as_text([one_seed()], 80)
        == """\
cifar10-lt / small-cnn / adam, 30 epochs
balanced_accuracy on test in points, higher is better
epoch chosen on validation   1 paired seed   baseline: cross_entropy
alpha 0.05 (Holm, 1 loss)   delta 0.50 points (default)

loss           mean  diff 95% CI n wins p(Holm) verdict      done flags
────           ────  ──── ────── ─ ──── ─────── ───────      ──── ─────
focal         91.00 +0.40      . 1  1/1       . not testable  1/1 FEW_SEEDS
cross_entropy 91.03     .      . 1    .       . baseline      1/1 .

No verdict on focal: +0.40 points (1 paired seed). Fewer than 3 paired seeds
cannot be tested.

diff: paired by seed against the baseline; positive is better.
FEW_SEEDS: too few seeds for the exact sign-flip test to reach alpha: with 1
seed its smallest p-value is 1.0; it takes 6 seeds
DEFAULT_DELTA: the smallest difference that matters is a default, not declared
"""
    )


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120, 140, 200])
@pytest.mark.parametrize("found", [SHOWN, ONE, many(6), many(20), one_seed()])
def test_never_wider_than_the_terminal(found, width):
    lines = as_text([found], width).splitlines()
    assert max(map(cell_len, lines)) <= width


def test_columns_go_in_order_of_what_they_say():
    def shown(width):
        lines = as_text([replace(SHOWN, warnings=())], width).splitlines()
        (heading,) = [line for line in lines if line.startswith("loss ")]
        return heading.replace("95% CI", "CI").replace("less error", "error").split()

    everything = shown(140)
    assert everything[-3:] == ["flags", "error", "PI"]
    before = everything
    for width in range(139, 59, -1):
        now = shown(width)
        assert set(now) <= set(before), "never another column at less width"
        before = now
    assert before == ["loss", "mean", "diff", "CI", "verdict", "done"]


def test_long_names_are_cut_after_commas():
    text = as_text([many(2)], 80)
    assert "\nfocal[gamma=0.25," in text and "\nclass_weights=\n" in text


def test_columns_by_name_are_shown_whether_they_fit_or_not():
    names = column_names("--columns", ["mean,diff,CI", "ci90,g-z", "n_for_delta,step,p(Holm)"])
    assert names == ("mean", "diff", "ci", "ci90", "g_z", "n_for_delta", "step_ratio", "p_holm")
    text = as_text([replace(SHOWN, warnings=())], 60, columns=names)
    heading, line = (row for row in text.splitlines() if row.startswith(("loss ", "logit_adjust")))
    assert "90% CI g_z n_for_delta step p(Holm)" in heading and len(heading) > 60
    assert line.split() == [
        *("logit_adjust", "91.20", "+0.17", "[+0.01,", "+0.33]", ".", ".", "10", "+1%", "0.081")
    ]
    everything = as_text([SHOWN], 80, columns=COLUMNS)
    assert max(map(cell_len, everything.splitlines())) > 300


def test_an_unknown_column_is_told_with_the_nearest():
    with pytest.raises(
        ConfigError, match=r"--columns: there is no column 'pholm'; accepted: "
    ) as e:
        column_names("--columns", ["mean,pholm"])
    assert str(e.value).endswith("Did you mean 'p_holm'?")
    with pytest.raises(ConfigError, match="--sort: 2 columns are named; accepted is one"):
        sort_name("mean,diff")
    with pytest.raises(
        ConfigError, match=r"there is no 'datset' to group by; .*Did you mean 'data"
    ):
        group_name("datset")
    assert [group_name(name) for name in ("datasets", "batch-size", "losses")] == [
        *("dataset", "batch_size", "loss")
    ]


def test_rows_are_sorted_by_the_better_end():
    def levels(column):
        return [one.level for one in ordered(SPECIFIED, column).rows]

    best_first = ["focal", "logit_adjust", "label_smoothing", "cross_entropy", "dice"]
    assert levels(None) == levels("mean") == best_first
    assert levels("p_holm") == ["dice", "focal", "logit_adjust", "label_smoothing", "cross_entropy"]
    assert levels("diff")[:4] == ["focal", "logit_adjust", "label_smoothing", "dice"]
    assert levels("level") == sorted(best_first)
    assert levels("verdict") == [
        "focal",
        "label_smoothing",
        "cross_entropy",
        "logit_adjust",
        "dice",
    ]
    assert levels("flags")[0] == "dice" and levels("n_for_delta")[0] == "logit_adjust"
    upside_down = ordered(replace(SPECIFIED, higher_is_better=False), "mean")
    assert next(one.level for one in upside_down.rows) == "dice"


def test_what_often_failed_is_never_listed_first():
    failing = replace(FOCAL, failed=2, done=6)
    found = ordered(comparison(failing, LABEL_SMOOTHING, baseline()))
    assert [one.level for one in found.rows] == ["label_smoothing", "focal", "cross_entropy"]
    assert ordered(comparison(failing)).rows == (failing,)
    assert ordered(comparison()).rows == ()


def test_groups_have_headings():
    other = replace(ONE, dataset="mnist", rows=(LABEL_SMOOTHING, baseline()))
    again = replace(ONE, model="large-cnn")
    names = grouped([ONE, other, again], "dataset")
    assert {name: len(found) for name, found in names.items()} == {
        "dataset: cifar10-lt": 2,
        "dataset: mnist": 1,
    }
    text = as_text([ONE, other, again], 80, group_by="dataset")
    assert text.startswith("dataset: cifar10-lt\n═══════════════════\n\ncifar10-lt / small-cnn")
    assert "\n\ndataset: mnist\n══════════════\n\nmnist / small-cnn" in text
    assert text.index("cifar10-lt / large-cnn") < text.index("dataset: mnist")


def test_the_audit_is_short_unless_asked_for():
    audit = (
        Check("fingerprints", "pass", "all pairs start alike."),
        Check("versions", "warn", "keras differs."),
        Check("seeds", "warn", "5 seeds, as a flag says."),
        Check("tuning", "fail", "focal had 9 trials, dice 7."),
    )
    short = as_text([replace(ONE, audit=audit)], 80)
    assert short.endswith(
        "\n\naudit of the protocol: 1 failed, 2 warned, 1 passed; --audit lists them.\n"
        "fail tuning: focal had 9 trials, dice 7.\n"
        "warn versions: keras differs.\n"
    )
    whole = as_text([replace(ONE, audit=audit)], 80, audit=True)
    assert whole.endswith(
        "\n\naudit of the protocol: 1 failed, 2 warned, 1 passed.\n"
        "fail tuning: focal had 9 trials, dice 7.\n"
        "warn versions: keras differs.\n"
        "warn seeds: 5 seeds, as a flag says.\n"
        "pass fingerprints: all pairs start alike.\n"
    )
    assert as_text([ONE], audit=True).endswith("audit of the protocol: no check was made.\n")


def test_the_cross_loss_table_says_that_it_never_ranks():
    found = {
        "focal": {"focal": 0.0812345, "cross_entropy": 0.31},
        "cross_entropy": {"focal": 0.1234, "cross_entropy": NAN},
    }
    text = as_text([replace(ONE, cross_loss=found)], 80, cross_loss=True)
    assert (
        "losses on test: trained with the row's, evaluated by the column's\n"
        "\n"
        "trained with    focal cross_entropy\n"
        "focal         0.08123          0.31\n"
        "cross_entropy  0.1234             .\n"
        "\n"
        "This never ranks the losses: each column has units"
    ) in text
    wide = {f"loss_{i}": {f"loss_{j}": i + j / 7 for j in range(20)} for i in range(20)}
    parts = as_text([replace(ONE, cross_loss=wide)], 80, cross_loss=True).split("losses on test")[1]
    assert parts.count("trained with ") == 4
    assert all(f"loss_{j}" in parts for j in range(20))
    assert "losses on test" not in as_text([replace(ONE, cross_loss=found)])
    assert "no run recorded them" in as_text([ONE], cross_loss=True)


def test_what_tuning_spent_is_told():
    rows = [replace(one, trials=9, tuning_epochs=90, tuning_seconds=12.5) for one in ONE.rows]
    text = as_text([replace(ONE, rows=tuple(rows), track="tuned")], 80)
    assert "tuning: 9 trials per loss, track tuned" in text
    assert "trials" in text.split("diff: paired")[1], "the ledger"
    rows[1] = replace(rows[1], trials=7)
    assert "tuning: UNEQUAL, 7 to 9 trials per loss" in as_text([replace(ONE, rows=tuple(rows))])


def test_looks_and_the_highest_mean_are_told_in_the_header():
    looked = replace(ONE, looks=(5, 10), alpha_tested=0.025, against="best", baseline="poly1")
    text = as_text([looked], 80)
    assert "against: poly1, the highest mean" in text
    assert "alpha 0.025 (0.05 over 2 looks; Holm, 1 loss)" in text
    assert "95% CI" in text and "97.5%" not in text, "looks narrow the tests, not the intervals"


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout", Terminal())
    bold = replace(ONE, rows=(replace(FOCAL, bold=True), DICE, baseline()))
    coloured = as_text([bold], 80)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = as_text([bold], 80)
    assert "\x1b[32mBETTER" in coloured and "\x1b[1m91.43" in coloured
    assert "\x1b" not in plain and "BETTER" in plain and "WORSE" in plain
    assert json.dumps(plain).isprintable()

"""What users type to read a comparison, and the exit status that their scripts act on."""

import csv
import json
from dataclasses import replace

import pytest

from lossbench import __version__, cli, comparison
from lossbench.comparison.results import Check

BASE = [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098]
BETTER = [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151]
WORSE = [value - 0.02 - 0.001 * (i % 3) for i, value in enumerate(BASE)]
LOSSES = {"cross_entropy": BASE, "focal": BETTER, "dice": WORSE}


@pytest.fixture
def folders(make_runs):
    """Two data sets with three losses each, and one without a loss that is worse."""
    protocol = {"delta": 0.002, "baseline": "cross_entropy"}
    digits = make_runs(LOSSES, name="digits", dataset="digits", protocol=protocol)
    faces = make_runs(LOSSES, name="faces", dataset="faces", model="large", protocol=protocol)
    calm = make_runs(
        {"cross_entropy": BASE, "focal": BETTER}, name="calm", dataset="calm", protocol=protocol
    )
    return digits, faces, calm


@pytest.fixture
def compare(monkeypatch, capsys, tmp_path):
    """Runs the command in this process: exit status, what it printed, its errors."""

    def run(*args):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["lossbench", "compare", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def levels_of(out):
    """The first word of each row of the tables, by their order."""
    names = ("cross_entropy ", "focal ", "dice ")
    return [line.split()[0] for line in out.splitlines() if line.startswith(names) and "/8" in line]


def test_exit_status_says_whether_anything_is_worse(lossbench, compare, folders):
    digits, _, calm = folders
    out, err = lossbench("compare", digits, "--fail-on", "worse", code=3)
    assert "WORSE" in out and "dice is worse than cross_entropy" in out, "printed all the same"
    assert err == (
        "--fail-on worse: digits / seed_cnn / adam, 3 epochs: worse than cross_entropy: dice "
        "CLEARLY_WORSE.\n"
    )
    lossbench("compare", calm, "--fail-on", "worse")
    lossbench("compare", digits)
    code, told, err = compare("--fail-on", "worse", "--json")
    assert code == 3
    assert len(json.loads(told)["comparisons"]) == 3 and len(err.splitlines()) == 2
    code, _, err = compare(digits, "--fail-on", "better")
    assert code == 2 and "worse" in err


def test_wrong_words_name_what_is_accepted(compare, folders):
    for option, word, message in (
        ("--columns", "mean,p_hol", "--columns: there is no column 'p_hol'; accepted: level, mean"),
        ("--sort", "wnis", "Did you mean 'wins'?"),
        ("--group-by", "metrc", "--group-by: there is no 'metrc' to group by; accepted: dataset"),
        ("--baseline", "mse", "accepted: cross_entropy, focal."),
    ):
        code, out, err = compare(option, word)
        assert code == 2 and message in " ".join(err.split()) and out == ""
    code, _, err = compare("--against", "bset")
    assert code == 2 and "baseline" in err and "best" in err


def test_columns_sorting_and_groups(compare, folders):
    _, out, _ = compare("--columns", "mean,diff,ci,p_sign_flip,done", "--sort", "level")
    assert "loss           mean  diff         95% CI p_sign_flip done" in out
    assert levels_of(out)[:2] == ["cross_entropy", "focal"]
    _, out, _ = compare("--sort", "p_holm", "--columns", "p-holm,done", "--group-by", "model")
    assert levels_of(out)[-3:] == ["dice", "focal", "cross_entropy"]
    assert [line for line in out.splitlines() if line.startswith("model: ")] == [
        "model: seed_cnn",
        "model: large",
    ]
    assert out.index("digits / seed_cnn") < out.index("model: large") < out.index("faces / large")
    _, told, _ = compare("--sort", "level", "--group-by", "model", "--json")
    assert json.loads(told)["lossbench"] == __version__
    found = json.loads(told)["comparisons"]
    assert [one["model"] for one in found] == ["seed_cnn", "seed_cnn", "large"]
    assert [row["loss"] for row in found[2]["rows"]] == ["cross_entropy", "dice", "focal"]


def test_tables_are_written_where_asked_for(compare, folders, tmp_path):
    _, out, _ = compare(folders[0], "--out", "out", "--at", "selected", "--sort", "diff")
    assert out.endswith("\nTables: out/*.csv   Pictures: out/*.png\n")
    with (tmp_path / "out" / "comparisons.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["loss"] for row in rows] == ["focal", "dice", "cross_entropy"]
    assert float(rows[0]["diff"]) == pytest.approx(0.0040375)


def test_strict_fails_with_a_check_of_the_protocol(compare, folders, monkeypatch):
    original = comparison.compare
    checks = (
        Check("seeds", "warn", "few."),
        Check("tuning", "fail", "focal had 9 trials, dice 7."),
    )

    def compare_with(audit):
        return lambda *args, **options: [
            replace(one, audit=audit) for one in original(*args, **options)
        ]

    monkeypatch.setattr(comparison, "compare", compare_with(checks))
    code, out, err = compare(folders[2], "--strict", "--audit", "--cross-loss")
    assert code == 3 and "fail tuning: focal had 9 trials, dice 7." in out
    assert "no run recorded them" in out
    assert err == (
        "--strict: calm / seed_cnn / adam, 3 epochs: tuning: focal had 9 trials, dice 7.\n"
    )
    assert compare(folders[2])[0] == 0
    monkeypatch.setattr(comparison, "compare", compare_with(checks[:1]))
    assert compare(folders[2], "--strict", "--fail-on", "worse")[0] == 0, "a warning is no failure"


def test_help_names_every_option_and_the_exit_status(compare):
    _, out, _ = compare("--help")
    for option in (
        *("--factor", "--baseline", "--metric", "--at", "--columns", "--sort", "--group-by"),
        *("--against", "--fail-on", "--strict", "--allow-unmatched", "--json", "--out"),
        *("--cross-loss", "--audit", "--convergence"),
    ):
        assert option in out
    assert "Exit status: 0 compared, 2 usage or data, 3 --fail-on or --strict" in " ".join(
        out.replace("│", " ").split()
    )

"""`lossbench export` as a user types it: files for a paper, one text for a pipe, clear refusals."""

import json
import subprocess
import sys
import time

import pytest

from lossbench import cli

SCORES = {
    "cross_entropy": [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098],
    "focal": [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151],
}


@pytest.fixture
def runs(make_runs):
    return make_runs(SCORES, protocol={"delta": 0.002, "baseline": "cross_entropy"})


@pytest.fixture
def export(monkeypatch, capsys, tmp_path):
    """Runs the command in this process: exit status, what it printed, its errors."""

    def run(*args):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["lossbench", "export", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_one_text_goes_to_a_pipe_and_a_folder_holds_everything(lossbench, runs, tmp_path):
    out, err = lossbench("export", runs, "--claim")
    assert err == "" and not (tmp_path / "export").exists()
    text = " ".join(out.split())
    assert text.startswith("Test accuracy of mnist_mini / seed_cnn / adam, 3 epochs. focal is ")
    assert "n = 8 paired seeds; alpha = 0.05; delta = 0.20 points (declared); protocol " in text
    out, _ = lossbench("export", runs, "-o", "paper")
    names = {
        str(path.relative_to(tmp_path / "paper")) for path in (tmp_path / "paper").rglob("*.*")
    }
    assert names >= {"runs.csv", "table.tex", "tables.md", "comparisons.json", "claims.txt"}
    assert names >= {"references.bib", "figures/forest.pdf", "figures/forest.svg"}
    assert names >= {"figures/forest.csv", "figures/captions.md"} and "paper" in out


def test_texts_are_printed_as_they_are(export, runs):
    code, out, err = export(runs, "--format", "json")
    assert (code, err) == (0, "") and json.loads(out)["comparisons"][0][
        "baseline"
    ] == "cross_entropy"
    assert export(runs, "--format", "latex")[1].startswith("% Written by lossbench")
    assert export(runs, "--format", "csv")[1].startswith("factor,dataset,")
    assert "@misc{lin2017," in export(runs, "--references")[1]
    assert "| focal |" in export(runs, "--format", "md")[1].replace("*", "")


def test_without_a_folder_several_things_go_into_export(export, runs, tmp_path):
    code, out, _ = export(runs, "--format", "latex", "--figures", "png")
    assert code == 0 and (tmp_path / "export" / "figures" / "forest.png").is_file()
    assert out.splitlines()[0].endswith(": export")
    assert not (tmp_path / "export" / "runs.csv").exists()


def test_the_comparison_can_be_another_one(export, runs):
    assert " is worse than focal" in " ".join(
        export(runs, "--claim", "--baseline", "focal")[1].split()
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--format", "latx"], "--format: there is no 'latx'; accepted: csv, json, parquet,"),
        (["--figures", "jpeg"], "--figures: there is no 'jpeg'; accepted: svg, pdf, png."),
        (["-o", "{file}"], "no folder can be made here: is a file; accepted is a folder"),
        (["-o", "{runs}"], "is a run folder, whose own tables an export would replace."),
        (["{file}/nothing", "--claim"], "there is no such folder. Give a run folder"),
        (["--claim", "--factor", "los"], "los"),
        (["--claim", "--metric", "accurcy"], "accuracy"),
    ],
)
def test_wrong_input_is_one_clear_message(export, runs, tmp_path, args, message):
    (tmp_path / "file").write_text("mine")
    words = [word.format(file=tmp_path / "file", runs=runs) for word in args]
    before = sorted(tmp_path.rglob("*"))
    code, out, err = export(runs, *words)
    assert code == 2 and out == "" and message in err, err
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "file").read_text() == "mine"


def test_no_framework_is_loaded(runs, tmp_path):
    code = (
        "import sys; from lossbench import cli\n"
        f"sys.argv = ['lossbench', 'export', {str(runs)!r}, '-o', 'x']\n"
        "try: cli.main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print([name for name in ('tensorflow', 'keras', 'ray', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.slow
def test_a_thousand_jobs_take_half_a_minute(lossbench, make_runs):
    scores = {
        f"loss_{i}": [0.9 + 0.001 * (i % 7) + 0.0001 * s for s in range(25)] for i in range(39)
    }
    folder = make_runs({"cross_entropy": [0.9 + 0.0002 * s for s in range(25)]} | scores)
    started = time.monotonic()
    lossbench("export", folder, "-o", "x")
    assert time.monotonic() - started < 30

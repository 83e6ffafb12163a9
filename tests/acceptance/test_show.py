import json
import subprocess
import sys

import pytest


def test_show_a_loss_with_its_curve(lossbench):
    out, _ = lossbench("show", "FocalLoss", "--set", "gamma=1")
    assert out.startswith("focal  Measure")
    assert "loss = -sum_k t_k alpha_k (1 - p_k)^gamma log p_k" in out
    assert "gradient: d loss / d score" in out and "gamma = 1" in out
    assert max(map(len, out.splitlines())) <= 80


def test_ascii_terminals_get_plain_characters(lossbench):
    lossbench.env["PYTHONIOENCODING"] = "ascii"
    out, _ = lossbench("show", "huber")
    assert out.isascii() and " |*" in out


def test_pictures(lossbench):
    out, _ = lossbench("show", "gce", "--no-plot", "--picture", "gce.svg")
    assert "wrote gce.svg" in out and "d loss / d score" not in out
    assert "q = 0.7 (default)" in (lossbench.cwd / "gce.svg").read_text()
    lossbench("show", "gce", "--picture", "gce.png")
    assert (lossbench.cwd / "gce.png").stat().st_size > 10_000


def test_json(lossbench):
    found = json.loads(lossbench("show", "tukey", "--json")[0])
    assert found["name"] == "tukey" and found["params"]["c"]["origin"]
    lines = found["curve"]["lines"]
    assert {line["standing"] for line in lines} == {"main", "variation", "reference"}
    assert len(lines[0]["value"]) == len(found["curve"]["x"])
    assert json.loads(lossbench("show", "tukey", "--json", "--no-plot")[0])["curve"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["focl"], "Did you mean 'focal'?"),
        (["hinge"], "several meanings"),
        (["focal", "--set", "gama=1"], "Did you mean 'gamma'?"),
        (["focal", "--set", "gamma=-1"], "gamma >= 0"),
        (["focal", "--picture", "focal.jpg"], "ends in .png or .svg"),
        (["focal", "--picture", "nowhere/focal.png"], "cannot be written"),
        (["sum", "--picture", "sum.png"], "has no curve"),
    ],
)
def test_mistakes_exit_with_2(lossbench, arguments, says):
    _, err = lossbench("show", *arguments, code=2)
    assert says in " ".join(err.split())


def test_a_page_alone_needs_no_framework(lossbench):
    code = (
        "import sys\nsys.argv = ['lossbench', 'show', 'ldam', '--no-plot']\n"
        "from lossbench.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=lossbench.env
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & {"tensorflow", "keras", "matplotlib", "pandas", "scipy", "sklearn"}


def test_list_losses_by_need(lossbench):
    out, _ = lossbench("list", "losses", "--need", "class_counts", "--need", "cosine")
    assert out.startswith("ldam  [binary, multiclass, retrieval]")
    rows = json.loads(lossbench("list", "losses", "--need", "embedding", "--json")[0])
    assert {row["head"] for row in rows} == {"embedding"}
    assert set(rows[0]) >= {"limits", "origin", "role", "weights", "soft", "batchwise"} - {"origin"}
    assert all(p["origin"] for row in rows for p in row["params"].values())
    _, err = lossbench("list", "losses", "--need", "class_count", code=2)
    assert "Did you mean 'class_counts'?" in " ".join(err.split())
    lossbench("list", "metrics", "--need", "epoch", code=2)

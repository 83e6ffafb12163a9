"""`lossbench init` as users type it: the file that it writes is valid, explains itself and runs."""

import os
import sys

import numpy as np
import pytest

from lossbench.cli.init import tasks


@pytest.mark.parametrize("task", tasks())
def test_a_file_for_every_task_is_valid(lossbench, task):
    out, _ = lossbench("init", "--task", task)
    assert "lossbench run experiment.yaml" in out
    assert [path.name for path in lossbench.cwd.iterdir()] == ["experiment.yaml"]
    text = (lossbench.cwd / "experiment.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=")
    assert all(len(line) <= 80 for line in text.splitlines())
    for key in ("metric: ", "baseline: ", "seeds: 3", "epochs: ", "# - "):
        assert key in text
    valid, _ = lossbench("validate", "experiment.yaml")
    assert "skipped" not in valid


def own(folder, **more):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (120, 12, 12), dtype=np.uint8)
    y = (np.arange(120) % 3).astype(np.int64)
    arrays = {"x_train": x, "y_train": y, "x_test": x[::4] + 1, "y_test": y[::4]}
    np.savez(folder / "mine.npz", **(arrays | more))


@pytest.mark.slow
def test_own_data_by_a_path_relative_to_the_file_and_a_run(lossbench):
    own(lossbench.cwd)
    lossbench("init", "--data", "mine.npz", "--out", "work/first.yaml")
    text = (lossbench.cwd / "work" / "first.yaml").read_text()
    assert "path: ../mine.npz" in text and "name: first" in text
    tiny = ("--set", "seeds=1", "--set", "train.epochs=1", "--set", "model=tiny_cnn")
    out, _ = lossbench("run", "work/first.yaml", *tiny)
    assert "cross_entropy" in out and "baseline" in out


def test_stated_properties_reach_the_file(lossbench):
    own(lossbench.cwd)
    lossbench("init", "--data", "mine.npz", "--task", "ordinal")
    text = (lossbench.cwd / "experiment.yaml").read_text()
    assert "ordered: true" in text and "coral" in text and "quadratic_kappa" in text


def test_damage_reaches_the_file(lossbench):
    noise = "label_noise={type: symmetric, rate: 0.4}"
    lossbench("init", "--data", "mnist_mini", "--set", noise, "--out", "n.yaml")
    text = (lossbench.cwd / "n.yaml").read_text()
    assert "label_noise: {type: symmetric, rate: 0.4}" in text and "- gce" in text
    assert "valid" in lossbench("validate", "n.yaml")[0]


def test_an_existing_file_is_kept(lossbench):
    lossbench.write("experiment.yaml", "mine: true\n")
    _, err = lossbench("init", "--task", "regression", code=2)
    assert "is there already" in " ".join(err.split()) and "--force" in err
    assert (lossbench.cwd / "experiment.yaml").read_text() == "mine: true\n"
    lossbench("init", "--task", "regression", "--force")
    assert "mse" in (lossbench.cwd / "experiment.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "nothing says what the experiment is about"),
        (["--task", "regresion"], "Did you mean 'regression'?"),
        (["--data", "mnist_min"], "Did you mean 'mnist_mini'?"),
        (["--data", "nothing.npz"], "there is no such file"),
        (["--task", "binary", "--data", "mnist_mini"], "mnist_mini is multiclass"),
        (["--task", "ordinal", "--data", "mnist_mini"], "without an order"),
        (["--task", "count", "--data", "synthetic_regression"], "no counts"),
        (["--task", "regression", "--out", "a.txt"], "ends in .yaml"),
        (["--data", "mnist_mini", "--set", "subset=1"], "a subset of 1 was asked for"),
    ],
)
def test_mistakes_write_nothing(lossbench, arguments, says):
    _, err = lossbench("init", *arguments, code=2)
    assert says in " ".join(err.split())
    assert not list(lossbench.cwd.iterdir())


def answered(lossbench, *answers):
    """Run `lossbench init` in a terminal and answer its questions."""
    import pty
    import subprocess

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lossbench", "init"],
        cwd=lossbench.cwd,
        env=lossbench.env,
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    os.write(parent, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(parent)
    assert process.wait(timeout=120) == 0, shown.decode()
    return shown.decode()


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
def test_questions_in_a_terminal(lossbench):
    shown = answered(lossbench, "", "ordinal")
    assert "Data (a name" in shown and "Task (multiclass" in shown
    assert "synthetic_ordinal" in (lossbench.cwd / "experiment.yaml").read_text()


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")
def test_own_data_in_a_terminal(lossbench):
    own(lossbench.cwd)
    shown = answered(lossbench, "mine.npz")
    assert "Task (" not in shown
    assert "path: mine.npz" in (lossbench.cwd / "experiment.yaml").read_text()

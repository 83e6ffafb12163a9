"""`lossbench inspect` and `lossbench recommend` as users type them."""

import json
import time

import numpy as np
import pytest
from rich.cells import cell_len

from lossbench import datasets

TAIL = "dataset: {name: mnist_mini, imbalance: {type: exponential, ratio: 100}}\n"


def fits(text):
    return max(map(cell_len, text.splitlines())) <= 80


def test_inspect_a_name(lossbench):
    out, err = lossbench("inspect", "mnist_mini")
    assert out.startswith("mnist_mini\n  task           multiclass, 10 classes\n") and not err
    assert "4,500 train, 500 validation, 1,000 test" in out
    assert "What this suggests" in out and fits(out) and "\x1b" not in out
    assert not list(lossbench.cwd.iterdir()), "nothing is written unless it is asked for"


def test_inspect_with_parameters_and_a_sheet(lossbench):
    out, _ = lossbench(
        "inspect", "mnist_mini[subset=500]", "--set", "label_noise={type: pair, rate: 0.5}",
        "--sheet", "a.png",
    )  # fmt: skip
    assert "label_noise (declared): type pair, rate 0.5" in out and "wrote a.png" in out
    assert (lossbench.cwd / "a.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_a_file_with_several_data_sets(lossbench):
    text = "dataset: [mnist_mini, {name: synthetic_regression, n: 200}]\n"
    lossbench.write("e.yaml", text)
    out, _ = lossbench("inspect", "e.yaml", "--set", "dataset.1.n=300")
    assert "mnist_mini\n  task" in out and "synthetic_regression[n=300]\n  task" in out
    found = json.loads(lossbench("inspect", "e.yaml", "--json")[0])
    assert [one["dataset"] for one in found["datasets"]] == [
        "mnist_mini",
        "synthetic_regression[n=200]",
    ]
    assert found["datasets"][0]["targets"]["classes"]["counts"]["train"] == [450] * 10
    assert found["datasets"][1]["targets"]["values"][0]["outliers"] == 0
    _, err = lossbench("inspect", "e.yaml", "--sheet", "a.png", code=2)
    assert "2 data sets" in " ".join(err.split())


def test_inspect_own_arrays(lossbench):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (200, 12, 12, 3), dtype=np.uint8)
    names = np.array(["кошка", "a very long name of a class that does not fit into a column"])
    np.savez(
        lossbench.cwd / "mine.npz",
        x_train=x,
        y_train=names[np.arange(200) % 2],
        x_test=x[:40],
        y_test=names[np.arange(40) % 2],
    )
    out, _ = lossbench("inspect", "mine.npz", "--sheet", "a.svg")
    joined = " ".join(out.split())
    assert "40 images of the test part are also in training or validation" in joined
    assert "кошка" in out and fits(out)
    assert "кошка" in (lossbench.cwd / "a.svg").read_text()


def test_an_ascii_terminal(lossbench):
    lossbench.env["PYTHONIOENCODING"] = "ascii"
    out, _ = lossbench("inspect", "mnist_mini")
    assert out.isascii() and "####" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mnist_min"], "Did you mean 'mnist_mini'?"),
        (["mnist_mini[subst=3]"], "Did you mean 'subset'?"),
        (["mnist_mini", "--set", "subset=3"], "a subset of 3 was asked for"),
        (["nothing.npz"], "there is no such file"),
        (["nothing.yaml"], "no such file"),
        (["mnist_mini", "--sheet", "a.jpg"], "ends in .png or .svg"),
        (["mnist_mini", "--sheet", "nowhere/a.png"], "cannot be written"),
        (["synthetic_regression", "--set", "label_noise={}"], "no parameter 'label_noise'"),
    ],
)
def test_mistakes_exit_with_2(lossbench, arguments, says):
    _, err = lossbench("inspect", *arguments, code=2)
    assert says in " ".join(err.split())


def test_recommend_for_a_file_without_losses(lossbench):
    lossbench.write("e.yaml", TAIL + "model: seed_cnn\nepochs: 3\n")
    started = time.monotonic()
    out, _ = lossbench("recommend", "e.yaml")
    assert time.monotonic() - started < 30  # 2 s on an idle machine
    assert "balanced_softmax" in out and "450 to 5 images (90 to 1)" in out
    assert "judge by   balanced_accuracy" in out and fits(out)
    assert "2 mistakes besides its data" in out, "no losses, and epochs is no key"
    block = out.partition("For the experiment file:\n\n")[2].partition("\nThe file has")[0]
    lossbench.write("f.yaml", TAIL + "model: seed_cnn\n" + block)
    assert "valid: " in lossbench("validate", "f.yaml")[0]


def test_recommend_says_what_it_does_not_know(lossbench):
    x = np.random.default_rng(0).integers(0, 256, (60, 12, 12), dtype=np.uint8)
    y = np.arange(60) % 2
    np.savez(lossbench.cwd / "d.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
    lossbench.write("e.yaml", "dataset: {name: npz, path: d.npz}\nmodel: seed_cnn\nlosses: bce\n")
    out, _ = lossbench("recommend", "e.yaml")
    assert "Not known:\n  - wrong labels: too few images" in out
    assert "mistake" not in out


def test_recommend_tells_declared_noise_from_noise_in_the_data(lossbench):
    noise = {"type": "symmetric", "rate": 0.4}
    noisy = datasets.load("mnist_mini", {"label_noise": noise, "subset": 2000})
    np.savez(
        lossbench.cwd / "d.npz",
        x_train=noisy.train.images,
        y_train=noisy.train.targets,
        x_test=noisy.test.images,
        y_test=noisy.test.targets,
    )
    rest = "model: seed_cnn\nlosses: cross_entropy\n"
    lossbench.write("own.yaml", "dataset: {name: npz, path: d.npz}\n" + rest)
    lossbench.write(
        "declared.yaml",
        "dataset: {name: mnist_mini, label_noise: {type: symmetric, rate: 0.4}}\n" + rest,
    )
    for file, says, not_says in (
        ("own.yaml", "(estimate, beyond what the test part has)", "declared"),
        ("declared.yaml", "(declared: symmetric, rate 0.4)", "estimate"),
    ):
        found = json.loads(lossbench("recommend", file, "--json")[0])["datasets"][0]
        reason = next(row["reason"] for row in found["losses"] if row["loss"] == "gce")
        assert says in reason and not_says not in reason


def test_recommend_needs_a_data_set(lossbench):
    lossbench.write("e.yaml", "model: seed_cnn\nlosses: mse\ndatset: mnist_mini\n")
    _, err = lossbench("recommend", "e.yaml", code=2)
    assert "Did you mean 'dataset'?" in err or "dataset: missing" in err
    lossbench.write("e.yaml", "dataset: mnist_min\nmodel: x\nlosses: mse\n")
    _, err = lossbench("recommend", "e.yaml", code=2)
    assert "Did you mean 'mnist_mini'?" in err and "'x'" not in err

"""Pictures of trainings: which files there are, and what they show."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from lossbench import comparison, store
from lossbench.reporting import training_curves


def trained(make_runs, levels=("adam", "sgd"), *, factor="optimizer", sign=1.0, **options):
    """Runs with curves; the second level's last seed ended early."""
    folder = make_runs({level: [0.9, 0.91, 0.92] for level in levels}, factor=factor, **options)
    for index, level in enumerate(levels):
        for seed in range(3):
            place = store.job_folder(folder, f"{folder.name}-mnist_mini-{level}-{seed}")
            length = 60 if (index, seed) == (1, 2) else 120
            noise = np.random.default_rng(seed).uniform(0.5, 1.5, length)
            losses = sign * (1 + index) * noise * np.exp(-np.arange(length) / 40)
            steps = [{"step": i + 1, "loss": loss} for i, loss in enumerate(losses)]
            store.write_whole(place / "steps.csv", store.csv_text(("step", "loss"), steps))
            shared = {"split": "validation", "metric": "accuracy", "seconds_train": 1.0}
            epochs = [
                shared | {"epoch": e, "examples_seen": 100 * e, "value": 0.5 + 0.1 * e}
                for e in range(1, length // 40 + 1)
            ]
            store.write_whole(place / "epochs.csv", store.csv_text(store.EPOCH_COLUMNS, epochs))
    return folder


@pytest.fixture
def draw(tmp_path, monkeypatch):
    """Writes the pictures of an experiment; returns the files and the figures."""
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, p: (figures.append(self), save(self, p)))

    def written(folder, **options):
        stored = [store.read_experiment(folder)]
        compared = comparison.compare(stored, convergence=True, **options)
        (tmp_path / "out").mkdir()
        return training_curves.write_pictures(tmp_path / "out", stored, compared), figures

    return written


def test_all_levels_in_one_panel_and_each_in_its_own(make_runs, draw):
    files, (losses, validation) = draw(trained(make_runs))
    assert [path.name for path in files] == ["training-loss.png", "validation.png"]
    together, adam, sgd = losses.axes
    assert [line.get_label() for line in together.get_lines()] == ["adam", "sgd"]
    assert (adam.get_title("left"), sgd.get_title("left")) == ("adam", "sgd")
    assert len(adam.get_lines()) == 3 + 1, "every seed, and their median"
    assert {axes.get_yscale() for axes in losses.axes} == {"log"}
    assert losses.get_supxlabel() == "training step"
    assert losses.get_supylabel() == "training loss (cross_entropy)"
    title = (
        "Training loss of each step by optimizer: mnist_mini / seed_cnn / cross_entropy, 3 seeds"
    )
    assert losses.get_suptitle().split() == title.split()
    (axes,) = validation.axes
    assert axes.get_ylabel() == "validation accuracy, points (higher is better)"
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["adam"].get_ydata() == pytest.approx([60, 70, 80])
    assert all(imread(path).shape[1] > 1000 for path in files)


def test_lines_differ_in_colour_and_in_dashes(make_runs, draw):
    levels = [f"level{i}" for i in range(9)]
    _, (losses, _) = draw(trained(make_runs, levels))
    lines = losses.axes[0].get_lines()
    assert len({(line.get_color(), str(line.get_linestyle())) for line in lines[:9]}) >= 9 - 2
    assert len({line.get_color() for line in lines[:7]}) == 7


def test_losses_have_scales_of_their_own(make_runs, draw):
    _, (losses, _) = draw(trained(make_runs, ("cross_entropy", "focal"), factor="loss"))
    first, second = losses.axes
    assert losses.get_supylabel() == "training loss"
    assert first.get_ylim() != second.get_ylim()


def test_negative_losses_are_drawn_on_a_linear_axis(make_runs, draw):
    _, (losses, _) = draw(trained(make_runs, sign=-1.0))
    assert {axes.get_yscale() for axes in losses.axes} == {"linear"}


def test_batch_sizes_are_drawn_over_the_examples_they_saw(make_runs, draw):
    _, (losses, _) = draw(trained(make_runs, ("32", "64"), factor="batch_size"))
    small, large = losses.axes[0].get_lines()
    assert small.get_xdata()[-1] == pytest.approx(120 * 32 / 1000)
    assert large.get_xdata()[-1] == pytest.approx(120 * 64 / 1000)
    assert losses.get_supxlabel() == "training examples seen, thousands"


def test_runs_without_curves_have_no_picture(make_runs, draw):
    assert draw(make_runs({"adam": [0.9] * 3, "sgd": [0.8] * 3}, factor="optimizer")) == ([], [])

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

    def kept(self, *args, **options):
        figures.append(self)
        save(self, *args, **options)

    monkeypatch.setattr(Figure, "savefig", kept)

    def written(folder, **options):
        stored = [store.read_experiment(folder)]
        compared = comparison.compare(stored, convergence=True, **options)
        (tmp_path / "out").mkdir()
        return training_curves.write_pictures(tmp_path / "out", stored, compared), figures

    return written


def around(figure):
    """What stands above and below the axes, on one line."""
    return " ".join(" ".join(text.get_text() for text in figure.texts).split())


def test_the_pictures_of_the_report_are_written_with_what_stands_around_them(make_runs, draw):
    files, (losses, validation) = draw(trained(make_runs))
    assert [path.name for path in files] == ["training-loss.png", "validation.png"]
    together, adam, sgd = losses.axes
    assert [line.get_label() for line in together.get_lines()] == ["adam", "sgd"]
    assert (adam.get_title("left"), sgd.get_title("left")) == ("adam", "sgd")
    (axes,) = validation.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["adam"].get_ydata() == pytest.approx([60, 70, 80])
    assert "Training loss by steps: mnist_mini / seed_cnn / cross_entropy, 3 seeds" in around(
        losses
    )
    assert "Validation accuracy: mnist_mini / seed_cnn" in around(validation)
    assert "pointwise" in around(validation), "the caption, as nothing else stands below"
    assert all(imread(path).shape[1] > 1000 for path in files)


def test_pictures_of_two_tracks_have_titles_and_files_of_their_own(make_runs, draw):
    folder = trained(make_runs, ("cross_entropy", "focal"), factor="loss", tracks="default tuned")
    files, figures = draw(folder)
    assert [path.name for path in files] == [
        *("training-loss-1.png", "validation-1.png"),
        *("training-loss-2.png", "validation-2.png"),
    ]
    for figure, track in zip(figures, ("default", "default", "tuned", "tuned"), strict=True):
        assert f", track {track}: mnist_mini" in around(figure)


def test_equal_runs_give_equal_bytes(make_runs, draw, tmp_path):
    folder = trained(make_runs)
    first = [path.read_bytes() for path in draw(folder)[0]]
    (tmp_path / "out").rename(tmp_path / "before")
    assert [path.read_bytes() for path in draw(folder)[0]] == first


def test_names_are_not_read_as_mathematics(make_runs, draw):
    files, _ = draw(trained(make_runs, ("$a_b$", "_c"), model="$x^2$"))
    assert len(files) == 2


def test_runs_without_curves_have_no_picture(make_runs, draw):
    assert draw(make_runs({"adam": [0.9] * 3, "sgd": [0.8] * 3}, factor="optimizer")) == ([], [])

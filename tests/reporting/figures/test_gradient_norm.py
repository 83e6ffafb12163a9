"""The gradient's norm by epochs, in a unit that makes losses comparable."""

import pytest

from lossbench.reporting.figures import gradient_table
from lossbench.reporting.figures.gradient_norm import pictures
from tests.reporting.figures.made_curves import column, material_of, with_curves


@pytest.fixture
def made(make_runs):
    """Material of runs that began with the given norms."""

    def make(starts, factor="loss", seeds=3, **curves):
        results = {
            level: [{"gradient_norm_initial": start} | more] * seeds
            for level, (start, more) in starts.items()
        }
        folder = make_runs(results, factor=factor)
        return material_of(with_curves(folder, list(starts), seeds=seeds, **curves))

    return make


STARTS = {"cross_entropy": (2.0, {}), "focal": (4.0, {})}


def test_of_losses_norms_are_shares_of_those_before_training(made):
    table = gradient_table(made(STARTS, norms=lambda i, s: [2.0 + s, 4.0, 8.0]))
    assert column(table, "norm", level="cross_entropy", seed=None) == [1.5, 2, 4]
    assert column(table, "low", level="cross_entropy", seed=None) == [1, 2, 4]
    assert column(table, "high", level="cross_entropy", seed=None) == [2, 2, 4]
    assert column(table, "norm", level="focal", seed=None) == [0.75, 1, 2]
    assert column(table, "n", level="focal", seed=None) == [3, 3, 3]


def test_a_scaled_loss_began_with_its_scaled_norm(made):
    table = gradient_table(made(STARTS | {"focal": (4.0, {"loss_scale": 0.5})}))
    assert column(table, "norm", level="focal", seed=0) == [1, 1.5, 2.5]


def test_of_optimizers_norms_are_as_recorded(made):
    material = made({"Adam": (2.0, {}), "SGD": (2.0, {})}, factor="optimizer")
    assert column(gradient_table(material), "norm", level="SGD", seed=0) == [2, 3, 5]
    (picture,) = pictures(material)
    assert "divided" not in picture.caption
    (axes,) = picture.draw().axes
    assert axes.get_ylabel() == "gradient norm"


def test_the_picture_has_a_line_and_a_band_for_each_loss(made):
    (picture,) = pictures(made(STARTS))
    (axes,) = picture.draw().axes
    assert axes.get_yscale() == "log"
    assert [line.get_label() for line in axes.get_lines()] == ["cross_entropy", "focal"]
    assert len(axes.collections) == 2
    assert "before training" in axes.get_ylabel()
    assert "n = 3 seeds" in picture.caption
    assert picture.section == "learn"
    assert "focal 1.25 at epoch 3" in picture.description
    assert list(picture.table) == ["level", "epoch", "median", "low", "high", "n"]


@pytest.mark.parametrize("wide", [1.01, 2.0, 30.0, 1e5])
def test_the_axis_has_two_ticks_or_more_however_wide_it_is(made, wide):
    (found,) = pictures(made(STARTS, norms=lambda i, s: [2.2, 2.2 * wide]))
    (axes,) = found.draw().axes
    low, high = axes.get_ylim()
    assert sum(low <= tick <= high for tick in axes.get_yticks()) >= 2


@pytest.mark.parametrize("norms", [[], [1.0], [0.0, 0.0, 0.0]])
def test_nothing_where_it_was_not_recorded(made, norms):
    assert list(pictures(made(STARTS, norms=lambda i, s: norms))) == []


def test_nothing_where_losses_have_no_norm_before_training(made):
    assert list(pictures(made({"cross_entropy": (None, {}), "focal": (0.0, {})}))) == []

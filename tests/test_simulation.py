"""The simulation behind docs/simulation.md: verdicts keep what they promise."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def simulation():
    return runpy.run_path(str(DOCS / "simulation.py"))


def kept(rates, most_wrong, least_covered):
    """Whether a cell keeps what the method promises."""
    wrong = (
        rates.false_difference,
        rates.false_clearly,
        rates.wrong_way,
        rates.equivalent_near,
        rates.equivalent_far,
    )
    return max(wrong) <= most_wrong and rates.coverage >= least_covered


@pytest.mark.parametrize("losses", [1, 5])
@pytest.mark.parametrize("crashes", ["none", "recorded"])
def test_two_thousand_families_under_normal_noise(simulation, losses, crashes):
    """5 and 95 % with four standard errors of 2,000 draws, 0.49 points each."""
    for blocks in (3, 5, 8):
        rates = simulation["measure"](simulation["Cell"]("normal", crashes, blocks, losses), 2000)
        assert kept(rates, 0.07, 0.93), rates


def test_the_simulation_sees_what_is_wrong(simulation):
    """One loss, 8 seeds; 21.5 and 10.7 % in 20,000 draws, four standard errors of 2,000 less."""
    cell, measure = simulation["Cell"], simulation["measure"]
    assert measure(cell("normal", "unnoticed", 8, 1), 2000).false_difference > 0.178
    assert measure(cell("exponential, losses alone", "none", 8, 1), 2000).false_difference > 0.079


def test_two_looks_at_half_the_level_keep_it_and_two_at_the_whole_do_not(simulation):
    look = simulation["look_twice"]
    assert look(1, (0.025, 0.025), 2000).difference <= 0.07
    assert look(1, (0.05, 0.05), 4000).difference > 0.07


@pytest.mark.slow
def test_twenty_thousand_families_keep_the_promises_and_the_page_is_fresh(simulation):
    found = {cell: simulation["measure"](cell) for cell in simulation["all_cells"]()}
    most, least = simulation["MOST_WRONG"], simulation["LEAST_COVERED"]
    assert (most, least) == (0.056, 0.944)
    promised = {c: r for c, r in found.items() if c.noise == "normal" and c.crashes != "unnoticed"}
    assert len(promised) == 16
    for cell, rates in promised.items():
        assert kept(rates, most, least), (cell, rates)
    for losses in simulation["LOSSES"]:
        halved = simulation["look_twice"](losses, (0.025, 0.025))
        assert max(halved.difference, halved.equivalent_near, halved.equivalent_far) <= most
    # the methodology's shares of 4,000 draws: four standard errors of both
    for kind, n, t, flip in simulation["SINGLE"]:
        for share, said in zip(simulation["single"](kind, n), (t, flip), strict=True):
            p = max(share, said)
            assert abs(share - said) <= 4 * (p * (1 - p) * (1 / 4000 + 1 / 20_000)) ** 0.5
    page = (DOCS / "simulation.md").read_text(encoding="utf-8")
    assert "\n".join(simulation["lines"](found)) + "\n" == page, "make simulation"

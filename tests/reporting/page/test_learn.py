"""Convergence on the page: the cells that the terminal prints."""

import math
from dataclasses import replace

from lossbench.comparison.converging import Convergence, ConvergenceRow, Paired
from lossbench.reporting.convergence import NOT_CALM
from lossbench.reporting.page.learn import learn
from tests.reporting.made_comparisons import NAN, SPECIFIED
from tests.reporting.page.parts import material, tables, text_of

FOCAL = ConvergenceRow(
    level="focal",
    runs=8,
    reached=7,
    epochs_to=3.0,
    seconds_to=4.25,
    examples_to=1500.0,
    alc=0.88,
    faster=Paired(8, 0.01, 0.004, 0.016, 0.003),
    best_last_gap=0.002,
    training_loss=0.1234,
    oscillation=0.2,
    swing=Paired(8, 1.5, 1.2, 1.9, 0.01),
    largest_spike=3.0,
)
BASELINE = replace(
    FOCAL, level="cross_entropy", epochs_to=math.inf, faster=Paired(), swing=Paired(), reached=3
)
FOUND = Convergence("balanced_accuracy", 0.9, True, False, (FOCAL, BASELINE), ())


def test_speed_and_oscillation():
    found = learn(material(replace(SPECIFIED, convergence=FOUND)))
    speed, swing = tables(found)
    assert speed.caption.startswith("convergence: validation balanced_accuracy 90.00")
    assert speed.rows[0] == [
        *("focal", "7/8", "3", "4.2", "1,500", "88.00", "+1.00", "[+0.40,+1.60]", "0.0030")
    ]
    assert speed.rows[1][1:3] == ["3/8", "never"] and speed.rows[1][6:] == ["–", "–", "–"]
    assert swing.rows[0][1:] == ["0.123", "20 %", "1.50", "[1.20,1.90]", "0.010", "x3.0", "0.20"]
    assert "against cross_entropy, by ALC: converges faster: focal." in text_of(found)


def test_losses_have_scales_of_their_own():
    found = learn(material(replace(SPECIFIED, convergence=replace(FOUND, calm=False))))
    assert len(tables(found)) == 1
    assert NOT_CALM in text_of(found)


def test_without_a_target_or_without_convergence():
    lost = replace(FOUND, target=NAN)
    text = text_of(learn(material(replace(SPECIFIED, convergence=lost))))
    assert "the baseline has no run that worked" in text
    assert str(learn(material(SPECIFIED))) == ""

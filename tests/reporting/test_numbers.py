"""Numbers as tables and sentences show them."""

import math

import pytest

from lossbench.reporting.numbers import decimals_of, number, p_value, two_digits, unit_of


@pytest.mark.parametrize(
    ("half", "decimals"),
    [(0.2209, 2), (1.318, 1), (13.2, 0), (132.0, 0), (0.0201, 3), (0.0996, 2), (1e-9, 6)],
)
def test_half_widths_get_two_digits(half, decimals):
    assert decimals_of([half], 4) == decimals


def test_half_widths_that_are_none_do_not_count():
    assert decimals_of([math.nan, 0.0, math.inf], 4) == 4
    assert decimals_of([0.2, 0.3, 300.0], 4) == 2, "the usual one, not the largest"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0104, "0.010"),
        (0.0809, "0.081"),
        (0.6, "0.60"),
        (0.0999, "0.10"),
        (0.00347, "0.0035"),
        (0.001, "0.0010"),
        (0.000999, "<0.001"),
        (0.0, "<0.001"),
        (1.0, "1.0"),
        (math.nan, "."),
    ],
)
def test_p_values_have_two_digits(p, text):
    assert p_value(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2, "0.20"),
        (1.785, "1.8"),
        (0.0996, "0.10"),
        (12.3, "12"),
        (184.0, "180"),
        (0.0, "0"),
        (1e-9, "1e-09"),
        (2.5e8, "2.5e+08"),
        (math.nan, "."),
    ],
)
def test_sizes_have_two_digits(value, text):
    assert two_digits(value) == text


def test_units():
    points = unit_of(bounded=True, half_widths=[0.0022])
    assert points.of(0.0040375, signed=True) + points.word == "+0.40 points"
    assert points.range(0.0018, 0.0062) == "[+0.18, +0.62]"
    wide = unit_of(bounded=True, half_widths=[0.41])
    assert wide.of(0.635) == "63.5", "points have a decimal, however wide the interval"
    plain = unit_of(bounded=False, half_widths=[])
    assert plain.of(0.5) + plain.word == "0.5000"
    assert number(1.23e12, 2, signed=True) == "+1.23e+12"

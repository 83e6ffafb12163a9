"""Several comparisons at a glance."""

from dataclasses import replace

from lossbench.reporting.page.overview import names_of, overview
from tests.reporting.made_comparisons import FOCAL, LOGIT_ADJUST, baseline, comparison

ONE = comparison(FOCAL, baseline())


def test_comparisons_are_named_by_what_they_do_not_share():
    assert names_of([ONE, replace(ONE, dataset="mnist")]) == ["cifar10-lt", "mnist"]
    tracks = [replace(ONE, track="default"), replace(ONE, track="tuned")]
    assert names_of(tracks) == ["default track", "tuned track"]
    both = [replace(ONE, epochs=3), replace(ONE, metric="macro_f1")]
    assert names_of(both) == ["3 epochs, balanced accuracy", "30 epochs, macro f1"]
    assert names_of([ONE, ONE]) == ["comparison (1)", "comparison (2)"]


def test_the_longer_axis_goes_down():
    wide = str(overview([ONE, replace(ONE, dataset="mnist")], ["first", "second"]))
    assert '<th scope="row" dir="auto">focal</th>' in wide
    assert '<th scope="col"><a href="#c2">second</a></th>' in wide
    three = [replace(ONE, dataset=name) for name in "abc"]
    tall = str(overview(three, ["a", "b", "c"]))
    assert '<th scope="row"><a href="#c3">c</a></th>' in tall
    assert '<th scope="col">focal</th>' in tall


def test_cells_tell_verdict_and_difference_and_a_dash_where_nothing_ran():
    other = comparison(LOGIT_ADJUST, baseline(), dataset="mnist")
    text = str(overview([ONE, other], ["one", "other"]))
    assert 'class="verdict better">BETTER</span> <span class="diff">+0.40</span>' in text
    assert 'class="verdict baseline">baseline</span>' in text
    assert text.count("<td>–</td>") == 2


def test_each_factor_has_a_table_of_its_own():
    text = str(overview([ONE, replace(ONE, factor="optimizer", loss="mae")], ["one", "other"]))
    assert text.count("<table") == 2 and "by optimizer" in text
    assert 'href="#c2"' in text

from lossbench.config import Positions, in_order
from lossbench.config.positions import Place, Problems
from lossbench.errors import Problem


def positions() -> Positions:
    places = {("losses",): Place((3, 1), (2, 1)), ("losses", 0): Place((3, 5), (3, 5))}
    return Positions("x.yaml", dict(places))


def test_a_value_without_a_place_is_located_at_the_nearest_key_above() -> None:
    assert positions().where(("losses", 0, "gamma")) == "x.yaml:3:5: losses[0].gamma"


def test_the_top_is_line_one() -> None:
    assert positions().where(()) == "x.yaml:1:1"
    assert positions().where(("model",)) == "x.yaml:1:1: model"


def test_the_key_is_pointed_at_on_request() -> None:
    assert positions().where(("losses",), at_key=True) == "x.yaml:2:1: losses"
    assert positions().where(("losses",)) == "x.yaml:3:1: losses"


def test_an_override_replaces_all_places_below_it() -> None:
    at = positions()
    at.overridden(("losses",), "losses")
    assert at.where(("losses",)) == "--set losses"
    assert at.where(("losses", 0, "gamma")) == "--set losses: losses[0].gamma"


def test_an_override_of_one_parameter_shows_its_dotted_key_once() -> None:
    at = positions()
    at.overridden(("losses", 0, "gamma"), "losses.0.gamma")
    assert at.where(("losses", 0, "gamma")) == "--set losses.0.gamma"
    assert at.where(("losses", 0, "alpha")) == "x.yaml:3:5: losses[0].alpha"


def test_problems_below_a_refused_value_are_dropped_and_equal_ones_merged() -> None:
    problems = Problems(positions())
    problems.add(("a",), "first")
    problems.refuse(("losses", 0))
    problems.add(("losses", 0, "gamma"), "dropped")
    problems.add(("losses", 1), "kept")
    problems.add(("a",), "first")
    assert [problem.text for problem in problems.ordered()] == ["first", "kept"]


def test_problems_come_by_line_then_column_with_overrides_last() -> None:
    wheres = ["--set a", "x.yaml:10:1: a", "x.yaml:9:12: b", "x.yaml:9:3: c", "x.yaml"]
    ordered = [p.where for p in in_order(Problem(where, "t") for where in wheres)]
    assert ordered == ["x.yaml:9:3: c", "x.yaml:9:12: b", "x.yaml:10:1: a", "--set a", "x.yaml"]

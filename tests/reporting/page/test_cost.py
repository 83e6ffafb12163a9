"""What each level costs, and whether times can be compared."""

from dataclasses import replace

from lossbench.comparison import Check, compare
from lossbench.reporting.figures import materials
from lossbench.reporting.page import report_of
from lossbench.reporting.page.cost import cost
from lossbench.store import read_experiment
from tests.reporting.made_comparisons import FOCAL, SPECIFIED, baseline, comparison
from tests.reporting.page.parts import material, tables, text_of


def run(step, memory, seconds, **changes):
    return {
        "step_ms_median": step,
        "memory_mib": memory,
        "seconds_train": seconds,
        "trainable_params": 1200,
        "load_per_cpu": 0.5,
    } | changes


def test_costs_come_from_the_runs(make_runs):
    folder = make_runs(
        {
            "cross_entropy": [run(10.0, 900.0, 3.0)] * 3,
            "focal": [run(12.0, 900.0, 4.0), run(13.0, 1500.4, 5.0), run(14.0, 800.0, 9.0)],
        }
    )
    (found,) = tables(cost(report_of([folder], "0.1.0").materials[0]))
    by_name = {row[0]: row[1:] for row in found.rows}
    assert by_name["focal"] == ["13.0", "+30%", "1,200", "1,500", "5.0"]
    assert by_name["cross_entropy"] == ["10.0", "–", "1,200", "900", "3.0"]
    assert sorted(found.sorted_by("memory")) == ["1500.4", "900.0"]


def test_different_devices_are_not_compared(make_runs):
    folder = make_runs(
        {
            "cross_entropy": [run(10.0, 900.0, 3.0)] * 3,
            "focal": [run(1.0, 900.0, 3.0, device="GPU <b>")] * 3,
        }
    )
    stored = [read_experiment(folder)]
    (one,) = materials(stored, compare(stored, allow_unmatched=True))
    found = cost(one)
    assert tables(found)[0].column("beside") == ["–", "–"]
    assert "Step times are not compared here: trained on CPU, GPU <b>" in text_of(found)


def test_a_busy_machine_is_told():
    busy = replace(SPECIFIED, audit=(Check("E18", "warn", "trained on a busy machine."),))
    rows = tuple(replace(row, step_ms=3.0) for row in busy.rows)
    text = text_of(cost(material(replace(busy, rows=rows))))
    assert "Step times are not compared here: trained on a busy machine." in text


def test_tuning_costs_too():
    one = comparison(
        replace(FOCAL, step_ms=2.0, trials=9, tuning_seconds=1234.5), baseline(step_ms=2.0)
    )
    (found,) = tables(cost(material(one)))
    assert found.rows[0][-2:] == ["9", "1,234"]


def test_nothing_known():
    assert str(cost(material(SPECIFIED))) == ""


def test_numbers_that_are_none(make_runs):
    folder = make_runs(
        {
            "cross_entropy": [run(10.0, None, "many")] * 2,
            "focal": [run(10.0, True, 1.0, status="nan", message="NaN", metrics=[])] * 2,
        }
    )
    (found,) = tables(cost(report_of([folder], "0.1.0").materials[0]))
    assert [row[4:] for row in found.rows] == [["–", "–"], ["–", "–"]]

import csv

import pytest

from lossbench import store


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_tables_are_rebuilt_from_job_folders(make_runs):
    counts = {"class_names": ["a", "b"], "confusion": [[3, 1], [2, 4]]}
    folder = make_runs({"cross_entropy": [{"value": 0.7, **counts}], "focal": [0.9]})
    store.write_tables(store.read_experiment(folder))
    runs = rows(folder / "runs.csv")
    assert [(r["loss"], r["status"], r["seed"]) for r in runs] == [
        ("cross_entropy", "ok", "0"),
        ("focal", "ok", "0"),
    ]
    assert [r["value"] for r in rows(folder / "metrics.csv")] == ["0.7", "0.9"]
    found = {
        (r["class_name"], r["metric"]): float(r["value"]) for r in rows(folder / "per_class.csv")
    }
    # class a: 4 examples, 3 found, 5 predicted; class b: 6 examples, 4 found, 5 predicted
    assert found[("a", "recall")] == pytest.approx(3 / 4)
    assert found[("a", "precision")] == pytest.approx(3 / 5)
    assert found[("b", "f1")] == pytest.approx(2 * 4 / (6 + 5))
    assert [r["count"] for r in rows(folder / "confusion.csv")] == ["3", "1", "2", "4"]


def test_classes_of_several_outputs_stand_under_their_names(make_runs):
    each = [
        {"output": "kind", "class_names": ["a", "b"], "confusion": [[3, 1], [2, 4]]},
        {"output": "place", "class_names": [], "confusion": None, "per_label": None},
        {
            "output": "tags",
            "class_names": ["x"],
            "per_label": [{"class_id": 0, "support": 5, "metric": "recall", "value": 0.5}],
        },
    ]
    changes = {"value": 0.7, "per_output": each, "temperature": {"kind": 1.5, "tags": 2.0}}
    folder = make_runs({"heads": [changes]})
    store.write_tables(store.read_experiment(folder))
    found = rows(folder / "per_class.csv")
    assert {(r["output"], r["class_name"]) for r in found} == {
        ("kind", "a"),
        ("kind", "b"),
        ("tags", "x"),
    }
    counts = rows(folder / "confusion.csv")
    assert [(r["output"], r["count"]) for r in counts] == [("kind", n) for n in "3124"]
    (run,) = rows(folder / "runs.csv")
    assert run["temperature"] == '{"kind": 1.5, "tags": 2.0}'


def test_regret_stands_beside_the_value(make_runs):
    metric = {"split": "test", "at": "selected", "stage": "raw", "higher_is_better": True}
    known = metric | {"metric": "accuracy", "value": 0.7, "optimum": 0.9, "regret": 0.2}
    unknown = metric | {"metric": "macro_f1", "value": 0.6}
    folder = make_runs({"cross_entropy": [{"metrics": [known, unknown]}], "focal": [0.8]})
    store.write_tables(store.read_experiment(folder))
    found = [(r["metric"], r["optimum"], r["regret"]) for r in rows(folder / "metrics.csv")]
    assert found == [("accuracy", "0.9", "0.2"), ("macro_f1", "", ""), ("accuracy", "", "")]

import pytest

from lossbench import store
from lossbench.errors import StoreError


def test_reads_what_was_written(make_runs):
    folder = make_runs({"cross_entropy": [0.9, None]}, protocol={"delta": 0.01})
    stored = store.read_experiment(folder)
    assert (stored.name, stored.protocol) == ("made", {"delta": 0.01})
    assert [run.status for run in stored.runs] == ["ok", "missing"]
    assert stored.older == 0 and stored.damaged == ()


@pytest.mark.parametrize("text", ["", "{", '{"job_id": "another"}', "[]", "null", "\x00\xff"])
def test_a_damaged_result_is_named_and_counts_as_missing(make_runs, text):
    folder = make_runs({"cross_entropy": [0.9]})
    path = store.job_folder(folder, "made-mnist_mini-cross_entropy-0") / "result.json"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"result\.json: is"):
        store.read_result(path.parent)
    stored = store.read_experiment(folder)
    assert [run.status for run in stored.runs] == ["missing"]
    assert len(stored.damaged) == 1 and "does this job again" in stored.damaged[0]


def test_older_jobs_are_counted(make_runs):
    folder = make_runs({"cross_entropy": [0.9, 0.8], "focal": [0.9, 0.8]})
    lines = (folder / "plan.csv").read_text().splitlines(keepends=True)
    (folder / "plan.csv").write_text("".join(lines[:3]))
    stored = store.read_experiment(folder)
    assert len(stored.runs) == 2 and stored.older == 2


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "job_id\n\x00", "job_id,dataset\nx\n"])
def test_a_damaged_plan_is_refused(make_runs, text):
    folder = make_runs({"cross_entropy": [0.9]})
    (folder / "plan.csv").write_text(text)
    with pytest.raises(StoreError, match=r"plan\.csv"):
        store.read_experiment(folder)


@pytest.mark.parametrize("text", ["- 1", "{", "!!python/object:os.system {}"])
def test_a_damaged_experiment_file_is_refused(make_runs, text):
    folder = make_runs({"cross_entropy": [0.9]})
    (folder / "experiment.yaml").write_text(text)
    with pytest.raises(StoreError, match=r"experiment\.yaml"):
        store.read_experiment(folder)


def test_finds_experiments_in_folders_of_them(make_runs):
    first, second = make_runs({"a": [1]}, name="a"), make_runs({"a": [1]}, name="b")
    assert store.find_experiments([first.parent]) == [first, second]
    assert store.find_experiments([second, first.parent]) == [second, first]

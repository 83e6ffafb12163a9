"""The number of looks at the test outlasts whatever becomes of a job."""

import pytest

from lossbench import store
from lossbench.store.evaluation_counter import NAME, evaluations_so_far


def test_it_counts_across_removed_failures(tmp_path):
    folder = tmp_path / "job"
    assert evaluations_so_far(folder) == 0
    assert [store.count_test_evaluation(folder) for _ in range(2)] == [1, 2]
    store.write_json(folder / "result.json", {"job_id": "job", "status": "error"})
    store.forget_failure(folder)
    assert not (folder / "result.json").exists()
    assert store.count_test_evaluation(folder) == 3


@pytest.mark.parametrize("content", ["", "[]", '{"count": null}', '{"count": -3}'])
def test_a_damaged_file_is_one_look_at_least(tmp_path, content):
    (tmp_path / NAME).write_text(content)
    assert store.count_test_evaluation(tmp_path) == 2

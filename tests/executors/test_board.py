"""Which job comes next and what becomes of it, without any process."""

import os
import platform

import pytest

from lossbench import store
from lossbench.executors import Limits, Work
from lossbench.executors.board import MAX_LOST, Board, Ending, choose, drive


@pytest.mark.parametrize(
    ("pending", "last", "in_use", "chosen"),
    [
        ("abab", None, "", 0),  # in the given order
        ("aabb", "b", "", 2),  # its own key first, the first of it
        ("aabb", "b", "b", 2),  # even where another works on it
        ("aabbc", "z", "a", 2),  # else a key that nobody works on
        ("aabbc", None, "ab", 4),
        ("aab", None, "ab", 0),  # else the first
        ("a", "b", "a", 0),
    ],
)
def test_a_worker_keeps_its_key_else_takes_one_of_its_own_else_the_first(
    pending, last, in_use, chosen
):
    assert choose(list(pending), last, set(in_use)) == chosen


@pytest.fixture
def make_board(tmp_path):
    """A board of jobs, one for each letter, which is its key."""

    def make(keys, **limits):
        work = []
        for place, key in enumerate(keys):
            folder = tmp_path / f"{key}{place}"
            folder.mkdir()
            work.append(Work(folder, key))
        return Board(work, Limits(**limits), tmp_path / "stop")

    return make


def returned(task, status="ok"):
    result = {"job_id": task.work.folder.name, "status": status, "attempts": task.attempt}
    return Ending("returned", result)


def names(tasks):
    return [task.work.folder.name for task in tasks]


def test_workers_spread_over_keys_and_then_stay(make_board):
    board = make_board("aaabbb")
    first = [board.take(0), board.take(1)]
    assert names(first) == ["a0", "b3"]
    for worker, task in enumerate(first):
        assert board.settle(worker, returned(task)) == returned(task).result
    assert names([board.take(1), board.take(0)]) == ["b4", "a1"]


@pytest.mark.parametrize("status", ["killed", "timeout", "oom"])
def test_a_repeated_job_is_told_once_with_its_last_result(make_board, status):
    board = make_board("ab", retries=2)
    for attempt in (1, 2):
        task = board.take(0)
        assert (task.work.key, task.attempt) == ("a", attempt)
        assert board.settle(0, Ending(status, message="gone")) is None
        assert store.read_result(task.work.folder) is None
    task = board.take(0)
    result = board.settle(0, Ending(status, message="gone"))
    assert (result["status"], result["message"], result["attempts"]) == (status, "gone", 3)
    assert store.read_result(task.work.folder) == result
    assert board.take(0).work.key == "b"


def test_a_returned_oom_is_repeated_and_an_error_is_not(make_board):
    board = make_board("ab", retries=1)
    assert board.settle(0, returned(board.take(0), "oom")) is None
    assert board.settle(0, returned(board.take(0), "ok"))["attempts"] == 2
    assert board.settle(0, returned(board.take(0), "error"))["attempts"] == 1
    assert board.finished


@pytest.mark.parametrize("status", ["claimed", "interrupted", "diverged", "nan"])
def test_what_needs_no_repetition_is_passed_on(make_board, status):
    board = make_board("a", retries=5)
    task = board.take(0)
    assert board.settle(0, returned(task, status))["status"] == status
    assert store.read_result(task.work.folder) is None  # writing is the job's own affair
    assert board.finished


def test_recycling_costs_nothing(make_board):
    board = make_board("a")
    for _ in range(20):
        assert board.take(0).attempt == 1
        assert board.settle(0, Ending("recycled")) is None
    assert not board.finished


def test_lost_machines_cost_no_attempt_but_not_for_ever(make_board):
    board = make_board("a")
    for lost in range(MAX_LOST):
        task = board.take(0)
        assert (task.attempt, task.lost) == (1, lost)
        assert board.settle(0, Ending("lost", message="gone")) is None
    task = board.take(0)
    assert board.settle(0, Ending("lost", message="gone"))["status"] == "killed"
    assert store.read_result(task.work.folder)["message"] == "gone"


def test_a_second_attempt_waits_for_the_lease_of_the_first(make_board):
    board = make_board("ab", retries=1)
    task = board.take(0)
    with store.claim(task.work.folder):
        board.settle(0, Ending("timeout"))
        assert board.take(0).work.key == "b"
        assert board.take(1) is None
        assert not board.finished
    assert board.take(1).attempt == 2


def test_a_process_that_died_keeps_no_traced_network(make_board):
    board = make_board("abb", retries=0)
    first, second = board.take(0), board.take(1)
    assert names([first, second]) == ["a0", "b1"]
    board.settle(1, Ending("killed"))
    board.settle(0, returned(first))
    assert names([board.take(1)]) == ["b2"]


def test_after_a_stop_nothing_starts_and_nothing_is_repeated(make_board, tmp_path):
    board = make_board("ab", retries=3)
    board.take(0)
    (tmp_path / "stop").touch()
    assert board.take(1) is None
    assert not board.finished
    assert board.settle(0, Ending("killed", message="gone"))["status"] == "killed"
    assert board.finished


def test_a_job_that_another_process_has_taken_over_is_left_to_it(make_board):
    board = make_board("a")
    task = board.take(0)
    with store.claim(task.work.folder):
        ending = Ending("timeout", message="slow", process=("elsewhere", 1))
        assert board.settle(0, ending) == {"job_id": "a0", "status": "claimed"}
    assert store.read_result(task.work.folder) is None


def test_a_process_that_is_known_to_have_ended_holds_no_job_though_its_lease_lives(make_board):
    board = make_board("a")
    task = board.take(0)
    with store.claim(task.work.folder):
        ending = Ending("timeout", message="slow", process=(platform.node(), os.getpid()))
        assert board.settle(0, ending)["status"] == "timeout"
    assert store.read_result(task.work.folder)["message"] == "slow"


class Instant:
    """A crew of one whose jobs end at once."""

    def __init__(self):
        self.task = None

    def free(self):
        return [0] if self.task is None else []

    def begin(self, worker, task):
        self.task = task

    def wait(self, seconds):
        task, self.task = self.task, None
        return [(0, returned(task))]


def test_driving_yields_every_result_and_is_lazy(make_board):
    crew = Instant()
    results = drive(make_board("aba"), crew, lambda: None)
    assert crew.task is None
    assert next(results)["job_id"] == "a0"
    assert crew.task.work.folder.name == "a2"  # the next runs while the caller looks at the first
    assert [r["job_id"] for r in results] == ["a2", "b1"]

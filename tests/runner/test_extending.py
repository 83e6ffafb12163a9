"""Seeds beyond those of the file: which, what is said, what is kept and what is refused."""

import json
from dataclasses import replace

import pytest

from lossbench import config, runner, store
from lossbench.config.experiment import Tune
from lossbench.errors import ConfigError
from lossbench.runner.extending import FILE, Extension, extend, write_extension

CONFIG = "name: made\ndataset: mnist_mini\nmodel: tiny_cnn\nlosses: [cross_entropy, focal]\n"
SCORES = {"cross_entropy": [0.9] * 5, "focal": [0.8] * 5}


@pytest.fixture
def file(tmp_path):
    """Writes the experiment file, with seeds and more; returns its path."""

    def write(seeds="5", more=""):
        path = tmp_path / "made.yaml"
        path.write_text(f"{CONFIG}seeds: {seeds}\n{more}")
        return path

    return write


@pytest.fixture
def experiment(file):
    return lambda seeds="5", more="": config.load(file(seeds, more)).checked()


def test_without_the_option_and_without_runs_the_seeds_are_those_of_the_file(experiment, tmp_path):
    assert extend(experiment(), tmp_path / "runs") == Extension((0, 1, 2, 3, 4))


@pytest.mark.parametrize(
    ("seeds", "more", "added"),
    [
        ("5", 2, (5, 6)),
        ("[11, 3]", 3, (12, 13, 14)),
        ("[4294967294]", 3, (4294967295, 0, 1)),
        ("[0, 4294967295]", 2, (1, 2)),
    ],
)
def test_the_next_unused_whole_numbers(experiment, tmp_path, seeds, more, added):
    assert extend(experiment(seeds), tmp_path / "runs", more).added == added


def test_tuning_seeds_stay_apart(experiment, tmp_path):
    tuned = replace(experiment("[6]"), tune=Tune({}, seeds=(7, 9), confirm=(2, 2)))
    assert extend(tuned, tmp_path, 3).added == (8, 12, 13), "10 and 11 confirm the best points"


def test_repeated_calls_go_on_growing_and_a_plain_run_keeps_them(experiment, make_runs):
    folder = make_runs(SCORES)
    runs = folder.parent
    for seeds in ((5, 6), (5, 6, 7, 8)):
        found = extend(experiment(), runs, 2)
        assert found.added == seeds and found.seeds == (0, 1, 2, 3, 4, *seeds)
        write_extension(folder, found)
    plain = extend(experiment(), runs)
    assert plain.seeds == (0, 1, 2, 3, 4, 5, 6, 7, 8)
    (message,) = plain.messages
    assert message == (
        f"seeds 5, 6, 7, 8 were added with --more-seeds and stay; more-seeds.json in {folder} "
        "says so."
    )


def test_a_file_with_other_seeds_decides_alone_and_nothing_is_forgotten(experiment, make_runs):
    folder = make_runs(SCORES)
    write_extension(folder, extend(experiment(), folder.parent, 2))
    other = extend(experiment("[7, 8]"), folder.parent)
    assert other.seeds == (7, 8)
    assert other.messages == (
        "seeds 5, 6 were added with --more-seeds to other seeds than the file has now, and are "
        "left out.",
    )
    write_extension(folder, other)
    assert extend(experiment(), folder.parent).added == (5, 6)
    taken_over = extend(experiment("7"), folder.parent)
    assert taken_over.seeds == tuple(range(7)) and not taken_over.messages


EXPLORATORY = "the comparison will be exploratory."


@pytest.mark.parametrize(
    ("protocol", "more", "says"),
    [
        ("{looks: [5, 10]}", 5, None),
        ("{looks: [5, 10]}", 2, f"7 seeds are no declared look (5, 10): {EXPLORATORY}"),
        ("{looks: [5, 10]}", 9, f"14 seeds are no declared look (5, 10): {EXPLORATORY}"),
        (
            "{delta: 0.01}",
            5,
            "no looks are declared (protocol.looks), and results with fewer seeds exist: "
            + EXPLORATORY,
        ),
    ],
)
def test_whether_the_comparison_stays_declared_is_said_before(
    experiment, make_runs, protocol, more, says
):
    folder = make_runs(SCORES)
    found = extend(experiment("5", f"protocol: {protocol}\n"), folder.parent, more)
    added = ", ".join(map(str, range(5, 5 + more)))
    first = f"--more-seeds: seeds {added} are added; {5 + more} in all."
    assert found.messages == ((first,) if says is None else (first, says))


def test_where_no_result_exists_more_seeds_are_no_later_decision(experiment, tmp_path):
    (message,) = extend(experiment(), tmp_path / "runs", 1).messages
    assert message == "--more-seeds: seed 5 is added; 6 in all."


@pytest.mark.parametrize(
    ("protocol", "agree"), [({"looks": [5, 10]}, True), ({"delta": 0.01}, False)]
)
def test_the_hash_of_what_is_declared_changes_unless_looks_are(protocol, agree):
    before = {"protocol": protocol, "seeds": [0, 1, 2, 3, 4]}
    after = before | {"seeds": list(range(10))}
    assert (store.protocol_sha256(before) == store.protocol_sha256(after)) is agree


def test_seeds_are_added_to_a_finished_experiment(experiment, make_runs):
    folder = make_runs({"cross_entropy": [0.9, 0.9], "focal": [0.8, None]})
    with pytest.raises(ConfigError) as refused:
        extend(experiment(), folder.parent, 2)
    assert str(refused.value) == (
        "--more-seeds: 1 of 4 jobs of the seeds so far are not finished; seeds are added to a "
        "finished experiment. Run it without the option first."
    )
    failed = make_runs({"cross_entropy": [0.9, 0.9], "focal": [0.8, float("nan")]})
    assert extend(experiment(), failed.parent, 2).added == (5, 6), "a failed job is a result"


def test_too_many_seeds(experiment, tmp_path):
    with pytest.raises(ConfigError, match=r"--more-seeds: 5 \+ 9996 seeds; at most 10,000"):
        extend(experiment(), tmp_path, 9_996)


@pytest.mark.parametrize("text", ["{", "[]", '{"file": [0]}', '{"file": 3, "added": [1]}'])
def test_a_damaged_record_is_named(experiment, make_runs, text):
    folder = make_runs(SCORES)
    (folder / FILE).write_text(text)
    with pytest.raises(ConfigError) as refused:
        extend(experiment(), folder.parent)
    assert f"{folder / FILE}: is damaged (" in str(refused.value)
    assert "Remove it to start from the seeds of the file." in str(refused.value)


def test_the_plan_has_the_seeds_that_were_added(file, make_runs):
    folder = make_runs(SCORES)
    checked = runner.check(file(), (), folder.parent, 2)
    assert {job.seed for job in checked.plan.jobs} == set(range(7))
    assert checked.experiment.seeds == (0, 1, 2, 3, 4, 5, 6)
    assert len(checked.notes) == 2
    assert not (folder / FILE).exists(), "checking writes nothing"
    write_extension(folder, checked.extension)
    assert json.loads((folder / FILE).read_text()) == {"file": [0, 1, 2, 3, 4], "added": [5, 6]}
    assert len(runner.check(file()).plan.jobs) == 10, "no runs folder is looked at"


def test_mistakes_of_the_file_come_first(file, make_runs):
    folder = make_runs({"cross_entropy": [None]})
    with pytest.raises(ConfigError) as refused:
        runner.check(file("0"), (), folder.parent, 2)
    assert "seeds: 0 is not allowed" in str(refused.value)
    assert "--more-seeds" not in str(refused.value)

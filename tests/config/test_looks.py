"""Looks that are declared before: mistakes with their line and column, all at once."""

import pytest

from lossbench.config import dump, load

DECLARED = {"seeds": "5", "protocol": "{looks: [5, 10], alpha: 0.05}"}


def test_declared_looks_are_kept_and_written_again(draft, folder):
    experiment = draft(**DECLARED).checked()
    assert experiment.protocol.looks == (5, 10) and experiment.protocol.at == "selected"
    (folder / "again.yaml").write_text(dump(experiment))
    assert load("again.yaml").checked().protocol == experiment.protocol


@pytest.mark.parametrize("seeds", ["5", "10", "4", "[3, 1, 4, 15, 9]"])
def test_the_seeds_are_a_look_or_fewer_than_the_first(problems, seeds):
    assert problems(**DECLARED | {"seeds": seeds}) == []


NOT_SO = (
    "results are looked at with 5 and 10 (protocol.looks); one of these numbers is accepted, "
    "or fewer than 5"
)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"seeds": "7"}, [f"x.yaml:4:8: seeds: 7 seeds, but {NOT_SO}"]),
        ({"seeds": "11"}, [f"x.yaml:4:8: seeds: 11 seeds, but {NOT_SO}"]),
        ({"seeds": "[1, 2, 3, 4, 5, 6]"}, [f"x.yaml:4:8: seeds: 6 seeds, but {NOT_SO}"]),
        (
            {"protocol": "{looks: [10, 5, 5]}"},
            [
                "x.yaml:5:24: protocol.looks[1]: 5 is not above 10, the look before; "
                "a rising list is accepted",
                "x.yaml:5:27: protocol.looks[2]: 5 is not above 5, the look before; "
                "a rising list is accepted",
            ],
        ),
        (
            {"seeds": "7", "protocol": "{looks: [5, 10], at: best, alpha: 2}"},
            [
                f"x.yaml:4:8: seeds: 7 seeds, but {NOT_SO}",
                "x.yaml:5:32: protocol.at: 'best' is not allowed; selected or last",
                "x.yaml:5:45: protocol.alpha: 2 is not allowed; 0 < alpha < 1",
            ],
        ),
    ],
)
def test_mistakes(problems, keys, says):
    found = problems(**DECLARED | keys)
    assert found == says


@pytest.mark.parametrize("looks", ["8", "[]", "[2, 8]", "[5, 8.5]", "[true, 8]", "five"])
def test_what_is_no_list_of_numbers_of_seeds(problems, looks):
    (found,) = problems(seeds="8", protocol=f"{{looks: {looks}}}")
    assert found.startswith("x.yaml:5:19: protocol.looks: ")
    assert found.endswith("is not allowed; null or a rising list of numbers of seeds >= 3")


def test_the_usual_number_of_seeds_is_never_beyond_the_first_look(draft):
    experiment = draft(protocol="{looks: [3, 2000]}").checked()
    assert len(experiment.seeds) == 3


def test_wrong_seeds_are_said_once(problems):
    (found,) = problems(seeds="0", protocol="{looks: [5, 10]}")
    assert found.startswith("x.yaml:4:8: seeds: 0 is not allowed")

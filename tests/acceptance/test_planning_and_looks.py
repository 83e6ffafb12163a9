"""What users type to know how many seeds they need, and to add some later."""

import csv
import json

CONFIG = """
name: grows
dataset: {name: mnist_mini, subset: 200}
model: tiny_cnn
losses: [cross_entropy, focal]
seeds: 3
train: {epochs: 1, batch_size: 32}
protocol: {metric: accuracy, delta: 0.01, looks: [3, 5]}
"""


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def words(text):
    return " ".join(text.split())


def test_a_plan_says_what_its_seeds_can_detect(lossbench, make_runs):
    lossbench.write("e.yaml", CONFIG)
    out, _ = lossbench("plan", "e.yaml")
    assert "detects differences of 4.62 standard deviations of the paired differences" in words(out)
    assert "with 3 seeds the sign-flip test cannot reach alpha; 7 are the fewest" in words(out)
    assert "looks 3 seeds detect 4.62 standard deviations, 5 seeds detect 2.05" in words(out)
    assert max(map(len, out.splitlines())) <= 80

    scores = {"cross_entropy": [0.91, 0.93, 0.92, 0.94], "focal": [0.92, 0.92, 0.94, 0.95]}
    make_runs(scores, name="first", dataset="mnist_mini[subset=200]", model="tiny_cnn")
    out, _ = lossbench("plan", "e.yaml", "--set", "seeds=5")
    assert "spread paired differences have standard deviation 1.26 points (4 seeds of" in words(out)
    assert "detects differences of 2.58 points of accuracy with 80 % power" in words(out)
    (design,) = json.loads(lossbench("plan", "e.yaml", "--json")[0])["designs"]
    assert design["spread"]["folder"].endswith("first") and design["looks"] == [3, 5]
    assert design["seeds_for_delta"] < design["seeds_for_delta_upper"]


def test_looks_that_cannot_be_are_refused_with_their_place(lossbench):
    lossbench.write("e.yaml", CONFIG.replace("[3, 5]", "[5, 3]").replace("seeds: 3", "seeds: 0"))
    _, err = lossbench("plan", "e.yaml", code=2)
    assert "e.yaml:6:8: seeds: 0 is not allowed" in err
    assert "e.yaml:8:54: protocol.looks[1]: 3 is not above 5, the look before" in err
    lossbench.write("e.yaml", CONFIG)
    _, err = lossbench("validate", "e.yaml", "--set", "seeds=4", code=2)
    assert "--set seeds: 4 seeds, but results are looked at with 3 and 5 (protocol.looks)" in err


def test_seeds_are_added_and_stay(lossbench):
    config = lossbench.write("e.yaml", CONFIG)
    lossbench("run", config)
    out, _ = lossbench("run", config, "--more-seeds", 2)
    assert "--more-seeds: seeds 3, 4 are added; 5 in all." in out
    assert "no declared look" not in out and "no looks are declared" not in out
    assert "4 jobs to train, 6 finished before" in out and "5 paired seeds" in out
    table = lossbench.cwd / "runs" / "grows" / "runs.csv"
    assert sorted({row["seed"] for row in rows(table)}) == list("01234")
    assert len({row["protocol_sha256"] for row in rows(table)}) == 1, "looks were declared"

    out, _ = lossbench("run", config)
    assert "seeds 3, 4 were added with --more-seeds and stay" in out
    assert "nothing to train: all 10 jobs are finished" in out
    _, err = lossbench("plan", config)
    assert "note: seeds 3, 4 were added with --more-seeds and stay; more-seeds.json in" in err

    undeclared = ("--set", "protocol.looks=null", "--more-seeds", 1)
    out, _ = lossbench("run", config, *undeclared)
    text = "no looks are declared (protocol.looks), and results with fewer seeds exist"
    assert out.index(text) < out.index("2 jobs to train")
    declared = {row["seed"]: row["protocol_sha256"] for row in rows(table)}
    assert len({declared[seed] for seed in "01234"}) == 1 and declared["5"] != declared["0"]


def test_seeds_are_not_added_twice_by_mistake(lossbench, make_runs):
    config = lossbench.write("e.yaml", CONFIG)
    make_runs({"cross_entropy": [0.9] * 3, "focal": [0.8, None, None]}, name="grows")
    _, err = lossbench("run", config, "--more-seeds", 2, code=2)
    assert "--more-seeds: 2 of 6 jobs of the seeds so far are not finished" in err
    assert "Run it without the option first." in err
    _, err = lossbench("run", config, "--more-seeds", "some", code=2)
    assert "--more-seeds" in err

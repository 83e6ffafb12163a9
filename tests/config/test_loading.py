import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lossbench.config import Draft, Protocol, Train, load
from lossbench.errors import ConfigError


def test_a_minimal_file_takes_the_defaults(draft) -> None:
    loaded = draft().checked()
    assert loaded.name == "x"
    assert [entry.name for entry in loaded.optimizers] == ["adam"]
    assert loaded.seeds == (0, 1, 2)
    assert loaded.train == Train(epochs=10, batch_sizes=(128,))
    assert loaded.protocol == Protocol(metric=None, baseline=None, delta=None, alpha=0.05)
    assert loaded.path == Path("x.yaml")
    assert loaded.where("model") == "x.yaml:2:8: model"


def test_a_full_file(draft) -> None:
    loaded = draft(
        name="noisy-digits_1.0",
        losses="[ce, {name: focal, label: F}]",
        seeds="[7, 0, 4294967295]",
        train="{epochs: 2, batch_size: 64}",
        protocol="{metric: Accuracy, baseline: CE, delta: 1, alpha: 0.1}",
    ).checked()
    assert loaded.name == "noisy-digits_1.0"
    assert loaded.seeds == (7, 0, 4294967295)
    assert loaded.train == Train(2, (64,))
    assert loaded.protocol == Protocol("accuracy", "cross_entropy", 1.0, 0.1)
    assert isinstance(loaded.protocol.delta, float)


@pytest.mark.parametrize(
    ("baseline", "meant"), [("F", "F"), ("softmax_focal", "F"), ("mse", "mse")]
)
def test_a_baseline_is_a_label_or_a_name(draft, baseline: str, meant: str) -> None:
    loaded = draft(losses="[mse, {name: focal, label: F}]", protocol=f"{{baseline: {baseline}}}")
    assert loaded.checked().protocol.baseline == meant


NAME = "letters, digits, '.', '_' and '-', at most 100, not '._-' first"
SEEDS = "a count from 1 to 10,000, or a list of distinct whole numbers 0 <= seed < 2**32"
KEYS = "name, dataset, model, losses, optimizer, schedule, seeds, train, tune, protocol, execution"
CASES = {
    "unknown key": (
        {"trian": "{epochs: 1}"},
        [f"4:1: trian: unknown key 'trian'; the keys are {KEYS}. Did you mean 'train'?"],
    ),
    "name with a slash": ({"name": "a/b"}, [f"4:7: name: 'a/b' is not allowed; {NAME}"]),
    "name with a dot first": ({"name": ".a"},
                              [f"4:7: name: '.a' is not allowed; {NAME}"]),
    "name of another type": ({"name": "2024"}, [f"4:7: name: 2024 is not allowed; {NAME}"]),
    "name with a line break": (
        {"name": '"a\\n"'}, [f"4:7: name: 'a\\n' is not allowed; {NAME}"]
    ),
    "long name": (
        {"name": "a" * 101}, [f"4:7: name: '{'a' * 56}... is not allowed; {NAME}"]
    ),
    "no seeds": ({"seeds": "0"}, [f"4:8: seeds: 0 is not allowed; {SEEDS}"]),
    "seeds as text": ({"seeds": "'3'"}, [f"4:8: seeds: '3' is not allowed; {SEEDS}"]),
    "seeds as truth": ({"seeds": "true"}, [f"4:8: seeds: True is not allowed; {SEEDS}"]),
    "null seeds": ({"seeds": ""}, [f"4:7: seeds: None is not allowed; {SEEDS}"]),
    "too many seeds": (
        {"seeds": "1000000000"}, [f"4:8: seeds: 1000000000 is not allowed; {SEEDS}"]
    ),
    "empty list of seeds": ({"seeds": "[]"}, [f"4:8: seeds: [] is not allowed; {SEEDS}"]),
    "wrong seeds": (
        {"seeds": "[1, 1, -2, 3.0, 4294967296, false]"},
        ["4:12: seeds[1]: 1 is given twice; first as seeds[0]"]
        + [f"4:{column}: seeds[{i}]: {value} is not allowed; a whole number 0 <= seed < 2**32"
           for column, i, value in
           ((15, 2, "-2"), (19, 3, "3.0"), (24, 4, "4294967296"), (36, 5, "False"))],
    ),
    "train as a number": (
        {"train": "5"},
        ["4:8: train: 5 is not allowed; a mapping of epochs, batch_size, target_scale, augment, "
         "sampling, l2, early_stopping, average, match, precision, stages, backend"],
    ),
    "fractional and negative": (
        {"train": "{epochs: 3.9, batch_size: -1}"},
        ["4:17: train.epochs: 3.9 is not allowed; a whole number >= 1",
         "4:34: train.batch_size: -1 is not allowed; a whole number >= 1 or a "
         "list of them"],
    ),
    "unknown key of train": (
        {"train": "{epoch: 3}"},
        ["4:9: train.epoch: unknown key 'epoch'; the keys are epochs, batch_size, target_scale, "
         "augment, sampling, l2, early_stopping, average, match, precision, stages, backend. "
         "Did you mean 'epochs'?"],
    ),
    "a key of another section": (
        {"train": "{save_model: best}", "protocol": "{epochs: 3}"},
        ["4:9: train.save_model: unknown key 'save_model'; the keys are epochs, batch_size, "
         "target_scale, augment, sampling, l2, early_stopping, average, match, precision, stages, "
         "backend. 'save_model' stands under 'execution'.",
         "5:12: protocol.epochs: unknown key 'epochs'; the keys are metric, baseline, delta, "
         "alpha, at, looks, head_controls. 'epochs' stands under 'train'."],
    ),
    "unknown metric": (
        {"protocol": "{metric: acuracy}"},
        ["4:20: protocol.metric: no metric 'acuracy'; `lossbench list metrics` shows all. "
         "Did you mean 'accuracy'?"],
    ),
    "a loss as metric": (
        {"protocol": "{metric: val_loss}"},
        ["4:20: protocol.metric: 'val_loss' is not a metric; a loss is never judged by its own "
         "value. `lossbench list metrics` shows all."],
    ),
    "metric of another type": (
        {"protocol": "{metric: [accuracy]}"},
        ["4:20: protocol.metric: ['accuracy'] is not allowed; the name of a metric"],
    ),
    "alpha and delta": (
        {"protocol": "{alpha: 1, delta: 0}"},
        ["4:19: protocol.alpha: 1 is not allowed; 0 < alpha < 1",
         "4:29: protocol.delta: 0 is not allowed; null or delta > 0"],
    ),
    "unknown baseline": (
        {"losses": "[mse, {name: mae, label: Mean}]", "protocol": "{baseline: Maen}"},
        ["4:22: protocol.baseline: no loss 'Maen' in this experiment; one of mse, Mean. "
         "Did you mean 'Mean'?"],
    ),
    "baseline that is no loss here": (
        {"protocol": "{baseline: huber}"},
        ["4:22: protocol.baseline: no loss 'huber' in this experiment; one of mse"],
    ),
    "baseline that means several": (
        {"losses": "[{name: focal, gamma: {grid: [0, 1]}}]", "protocol": "{baseline: focal}"},
        ["4:22: protocol.baseline: 'focal' means several losses here; one of focal[gamma=0], "
         "focal[gamma=1]"],
    ),
    "tag": (
        {"seeds": "!!python/object/apply:os.getcwd []"},
        ["4:8: seeds: tag '!!python/object/apply:os.getcwd' is not allowed; write the value "
         "without a tag"],
    ),
    "duplicate key": (
        {"train": "{epochs: 1, epochs: 2}"},
        ["4:20: train.epochs: key 'epochs' is given twice; first at line 4, column 9"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_messages(problems, case: str) -> None:
    keys, expected = CASES[case]
    assert problems(**keys) == [f"x.yaml:{text}" for text in expected]


def test_missing_keys_are_all_named(problems) -> None:
    assert problems("name: a\n") == [
        "x.yaml:1:1: dataset: missing; one data set or a list",
        "x.yaml:1:1: model: missing; one network or a list",
        "x.yaml:1:1: losses: missing; the losses to compare",
    ]


def test_a_file_name_that_cannot_be_a_folder_name(folder: Path) -> None:
    (folder / "my file.yaml").write_text("dataset: mnist_mini\nmodel: seed_cnn\nlosses: mse\n")
    assert [str(problem) for problem in load("my file.yaml").problems] == [
        "my file.yaml:1:1: name: 'my file', taken from the file's name, is not allowed; "
        f"{NAME}. Give the experiment a name in the file."
    ]


def test_all_mistakes_of_a_file_at_once_by_line(problems) -> None:
    text = """\
protocol: {metric: loss}
dataset: {name: mnist, subset: 0}
model: [seed_cnn, seed_cnn]
losses:
  - mse
  - {name: focal, gama: 2.0}
  - name: huber
    delta: -1
seeds: -1
"""
    assert [line.split(": ")[0] for line in problems(text, ["train.epochs=0"])] == [
        "x.yaml:1:20", "x.yaml:2:32", "x.yaml:3:19", "x.yaml:6:19", "x.yaml:8:12", "x.yaml:9:8",
        "--set train.epochs",
    ]  # fmt: skip


def test_the_draft_holds_what_is_valid(draft) -> None:
    loaded: Draft = draft(model="nothing", train="{epochs: 0, batch_size: 5}", seeds="[1, 1, 2]")
    assert loaded.experiment.train == Train(10, (5,))
    assert loaded.experiment.models == ()
    assert loaded.experiment.seeds == (1, 2)
    assert [entry.name for entry in loaded.experiment.losses] == ["mse"]
    with pytest.raises(ConfigError) as caught:
        loaded.checked()
    assert tuple(caught.value.problems) == loaded.problems
    assert len(loaded.problems) == 3


def test_a_baseline_is_not_judged_while_losses_are_wrong(problems) -> None:
    assert len(problems(losses="[focl]", protocol="{baseline: focal}")) == 1


def test_the_path_is_shown_as_given(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "x.yaml").write_text("dataset: mnist_mini\nlosses: mse\n")
    [problem] = load("./sub/../sub/x.yaml").problems
    assert str(problem) == ("./sub/../sub/x.yaml:1:1: model: missing; one network or a list")


def test_merge_keys_share_parameters(draft) -> None:
    text = """\
dataset: mnist_mini
model: seed_cnn
losses:
  - &focal {name: focal, gamma: 1, alpha: 2}
  - {<<: *focal, gamma: 3}
"""
    assert [entry.params for entry in draft(text).checked().losses] == [
        {"gamma": 1.0, "alpha": 2.0},
        {"gamma": 3.0, "alpha": 2.0},
    ]


def test_loading_needs_no_framework_and_no_numbers_library(folder: Path) -> None:
    (folder / "x.yaml").write_text("dataset: mnist\nmodel: seed_cnn\nlosses: [mse]\n")
    code = (
        "import sys; from lossbench.config import load; load('x.yaml').checked(); "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'numpy', 'pandas', 'scipy', 'keras', 'tensorflow', 'jsonschema'}))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


TOKENS = [
    *"{}[]:,-?&*!|>%@`\"'#~\n\t ",
    *("\n", "\n  ", "\n- ", ": ", ", ", "<<", "*a", "&a ", "!!str ", "---\n", "grid", "1e-4"),
    *("dataset", "model", "losses", "optimizer", "seeds", "train", "protocol", "name", "label"),
    *("focal", "gamma", "custom", "target", "params", "x.py:f", "mse", "mnist", "subset"),
    *(".nan", "null", "epochs", "metric", "baseline", "accuracy"),
    *("-1", "0x1F", "true", "adam", "é", "\0", "\x85"),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_any_text_gives_a_draft_or_a_config_error(folder: Path, seed: int) -> None:
    """Start from a valid file and replace pieces, so that most texts get past the YAML reader."""
    rng = random.Random(seed)
    valid = (
        "name: a\ndataset: {name: mnist, subset: 5}\nmodel: seed_cnn\nlosses:\n"
        "  - {name: focal, gamma: {grid: [1, 2]}, label: F}\n  - mse\noptimizer: adam\n"
        "seeds: [1, 2]\ntrain: {epochs: 2}\nprotocol: {metric: accuracy, baseline: mse}\n"
    )
    outcomes = set()
    for _ in range(40):
        pieces = re.split(r"(\W)", valid)
        for _ in range(rng.randint(1, 4)):
            pieces[rng.randrange(len(pieces))] = rng.choice(TOKENS)
        (folder / "x.yaml").write_text("".join(pieces), encoding="utf-8")
        overrides = [
            f"{'.'.join(rng.choices([*TOKENS, '0', '1'], k=2))}={rng.choice(TOKENS)}"
            for _ in range(rng.randrange(3))
        ]
        try:
            problems = load("x.yaml", overrides).problems
        except ConfigError as error:
            problems = tuple(error.problems)
            assert problems
        assert all(str(p).startswith(("x.yaml:", "--set ")) for p in problems)
        outcomes.add(bool(problems))
    assert True in outcomes

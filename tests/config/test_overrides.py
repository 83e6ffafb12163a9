import pytest

from lossbench.catalog import LOSSES, OPTIMIZERS


def test_whole_values_are_replaced(draft) -> None:
    loaded = draft(overrides=["losses=[mae, {name: focal, gamma: 1e-1}]", "seeds=2"]).checked()
    assert [entry.display(LOSSES) for entry in loaded.losses] == ["mae", "focal[gamma=0.1]"]
    assert loaded.seeds == (0, 1)
    assert loaded.losses[1].where == "--set losses: losses[1]"


def test_items_of_lists_and_missing_mappings(draft) -> None:
    loaded = draft(
        losses="[{name: focal, gamma: 3}, mse]",
        overrides=["losses.0.gamma=1", "losses.1=mae", "train.epochs=2", "protocol.delta=0.1"],
    ).checked()
    assert [entry.display(LOSSES) for entry in loaded.losses] == ["focal[gamma=1]", "mae"]
    assert loaded.train.epochs == 2
    assert loaded.protocol.delta == 0.1


def test_a_null_section_becomes_a_mapping(draft) -> None:
    assert draft(train="", overrides=["train.epochs=2"]).checked().train.epochs == 2


@pytest.mark.parametrize("keys", [{}, {"optimizer": "adam"}, {"optimizer": "{name: adam}"}])
def test_a_bare_or_default_optimizer_becomes_a_mapping(draft, keys: dict[str, str]) -> None:
    loaded = draft(**keys, overrides=["optimizer.learning_rate=0.1"]).checked()
    assert [e.display(OPTIMIZERS) for e in loaded.optimizers] == ["adam[learning_rate=0.1]"]


def test_a_bare_name_in_a_list_becomes_a_mapping(draft) -> None:
    loaded = draft(losses="[mse, focal]", overrides=["losses.1.gamma=1", "losses.1.label=F"])
    assert [entry.display(LOSSES) for entry in loaded.checked().losses] == ["mse", "F"]


def test_another_name_keeps_nothing_of_a_bare_one(draft) -> None:
    loaded = draft(overrides=["optimizer.name=sgd", "optimizer.momentum=0.9"]).checked()
    assert [e.display(OPTIMIZERS) for e in loaded.optimizers] == ["sgd[momentum=0.9]"]


def test_values_follow_the_rules_of_the_file(draft) -> None:
    loaded = draft(overrides=["name=no", "protocol.alpha=1e-3", "protocol.metric="]).checked()
    assert (loaded.name, loaded.protocol.alpha, loaded.protocol.metric) == ("no", 0.001, None)


def test_the_last_override_of_a_key_wins(draft) -> None:
    assert draft(overrides=["seeds=5", "seeds=[9]"]).checked().seeds == (9,)


def test_a_grid_by_override(draft) -> None:
    loaded = draft(overrides=["optimizer.learning_rate={grid: [1e-3, 1e-2]}"]).checked()
    assert [entry.params["learning_rate"] for entry in loaded.optimizers] == [0.001, 0.01]


CASES = {
    "losses.0.gamma=-1": "losses.0.gamma: -1 is not allowed; gamma >= 0",
    "train.epochs=0": "train.epochs: 0 is not allowed; a whole number >= 1",
    "seeds": "seeds: no '='; write key=value, as in train.epochs=5",
    "=3": "=3: no key before '='; write key=value, as in train.epochs=5",
    "train..epochs=3": "train..epochs: no key before '='; write key=value, as in train.epochs=5",
    "losses.9=mse": "losses.9: losses has no item '9'; a number from 0 to 0",
    f"losses.{'9' * 5000}=mse": f"losses.{'9' * 5000}: losses has no item '{'9' * 5000}'; a number "
    "from 0 to 0",
    "losses.-1=mse": "losses.-1: losses has no item '-1'; a number from 0 to 0",
    "losses.gamma=1": "losses.gamma: losses has no item 'gamma'; a number from 0 to 0",
    "seeds.0=1": "seeds.0: seeds is 3, which has no '0'; set seeds itself",
    "train.epochs.x=1": "train.epochs.x: train.epochs is 5, which has no 'x'; set train.epochs "
    "itself",
    "dataset.0.subset=5": "dataset.0.subset: dataset is one entry and not a list; leave out '0'",
    "seeds=[1, 2": "seeds: not valid YAML: expected ',' or ']', but got '<stream end>' "
    "(while parsing a flow sequence)",
    "seeds=!!int 3": "seeds: tag '!!int' is not allowed; write the value without a tag",
    "train={epochs: 1, epochs: 2}": "train: key 'epochs' is given twice; first at line 1, column 2",
    "losses=[{name: huber, delta: 0}]": "losses: losses[0].delta: 0 is not allowed; delta > 0",
    "trian.epochs=3": "trian.epochs: trian: unknown key 'trian'; the keys are name, dataset, "
    "model, losses, optimizer, schedule, seeds, train, tune, protocol, execution. "
    "Did you mean 'train'?",
    "optimizer.learning_rate=0": "optimizer.learning_rate: 0 is not allowed; learning_rate > 0",
    "optimizer.learningrate=1": "optimizer.learningrate: optimizer 'adam' has no parameter "
    "'learningrate'; it takes learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, "
    "clipnorm, global_clipnorm, clipvalue. Did you mean 'learning_rate'?",
}


@pytest.mark.parametrize("override", CASES, ids=lambda text: text[:40])
def test_messages(problems, override: str) -> None:
    found = problems(
        losses="[{name: focal, gamma: 1}]", seeds="3", train="{epochs: 5}", overrides=[override]
    )
    assert found == [f"--set {CASES[override]}"]


def test_an_override_hides_the_mistake_that_it_replaces(problems) -> None:
    assert problems(seeds="-1", overrides=["seeds=1"]) == []


def test_mistakes_beside_an_override_keep_their_position(problems) -> None:
    assert problems(losses="[{name: focal, alpha: -1}]", overrides=["losses.0.gamma=-2"]) == [
        "x.yaml:3:31: losses[0].alpha: -1 is not allowed; null, a number > 0, or a list of one "
        "number > 0 per class",
        "--set losses.0.gamma: -2 is not allowed; gamma >= 0",
    ]

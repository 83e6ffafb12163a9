"""`train: {augment: ...}`: what a file may say, and what it hears otherwise."""

import pytest

from lossbench.catalog import AUGMENTATIONS


def test_entries_are_names_or_mappings_in_their_order(draft) -> None:
    text = "{augment: [Random_Crop, {name: hflip}, {name: shift, pixels: 3}, {name: MixUp}]}"
    found = draft(train=text).checked().train.augment
    assert [(entry.name, dict(entry.params)) for entry in found] == [
        ("crop", {"padding": 4}),
        ("flip", {}),
        ("shift", {"pixels": 3}),
        ("mixup", {"alpha": 0.2}),
    ]
    assert found[2].where == "x.yaml:4:47: train.augment[2]"


@pytest.mark.parametrize("text", ["cutmix", "{name: cutmix}", "[cutmix]"])
def test_one_alone_needs_no_list(draft, text: str) -> None:
    (entry,) = draft(train=f"{{augment: {text}}}").checked().train.augment
    assert (entry.name, entry.params) == ("cutmix", {"alpha": 1.0})


def test_none_is_the_default_and_an_empty_list(draft) -> None:
    assert draft().checked().train == draft(train="{augment: []}").checked().train
    assert draft().checked().train.augment == ()


def test_every_alias_means_its_row(draft) -> None:
    for row in AUGMENTATIONS:
        for name in (row.name, *row.aliases):
            (entry,) = draft(train=f"{{augment: {name}}}").checked().train.augment
            assert entry.name == row.name


NAMES = "it is one of crop, cutmix, cutout, flip, mixup, shift"
WRONG = {
    "[flipp]": [f"11: train.augment[0]: no augmentation 'flipp'; {NAMES}. Did you mean 'flip'?"],
    "[rotate]": [f"11: train.augment[0]: no augmentation 'rotate'; {NAMES}"],
    "[{name: crop, paddin: 2}]": [
        "24: train.augment[0].paddin: augmentation 'crop' has no parameter 'paddin'; it takes "
        "padding (a whole number > 0, default 4). Did you mean 'padding'?"
    ],
    "[{name: crop, padding: 0}]": [
        "33: train.augment[0].padding: 0 is not allowed; a whole number > 0"
    ],
    "[{name: shift, pixels: -1}]": [
        "33: train.augment[0].pixels: -1 is not allowed; a whole number > 0"
    ],
    "[{name: cutout, size: 2.5}]": [
        "32: train.augment[0].size: 2.5 is not allowed; a whole number > 0"
    ],
    "[{name: mixup, alpha: 0}]": ["32: train.augment[0].alpha: 0 is not allowed; alpha > 0"],
    "[{name: cutmix, alpha: -0.5}]": ["33: train.augment[0].alpha: -0.5 is not allowed; alpha > 0"],
    "[mixup, cutmix]": [
        "18: train.augment[1]: 'mixup' mixes examples already; one of mixup and cutmix is accepted."
    ],
    "[mixup, flip]": [
        "11: train.augment[0]: 'mixup' mixes images that are finished; it is accepted as the last."
    ],
    "[crop, {name: crop, padding: 2}]": [
        "17: train.augment[1]: 'crop' stands twice, first as train.augment[0]; each may stand once."
    ],
    "[flip, hflip]": [
        "17: train.augment[1]: 'flip' is the same as train.augment[0]; each stands once"
    ],
    "[{name: crop, padding: {grid: [1, 2]}}]": [
        "10: train.augment: a grid is not accepted here; one value each. Write one file for each "
        "setting."
    ],
    "[{name: flip, label: F}]": [
        "11: train.augment[0]: 'flip' has a label; an augmentation takes none. Leave it out."
    ],
    "5": [
        "10: train.augment: 5 is not allowed; the name of an augmentation, or a mapping of name "
        "and parameters"
    ],
}


@pytest.mark.parametrize("augment", WRONG)
def test_wrong_augmentations(problems, augment: str) -> None:
    found = problems(train=f"{{augment: {augment}}}")
    # The text begins at column 18 of the line: `train: {augment: `.
    expected = []
    for text in WRONG[augment]:
        column, _, rest = text.partition(":")
        expected.append(f"x.yaml:4:{int(column) + 8}:{rest}")
    assert found == expected


def test_mistakes_of_two_kinds_are_said_together(problems) -> None:
    found = problems(train="{epochs: 0, augment: [flipp, {name: mixup, alpha: 0}]}")
    assert [text.split(": ")[1] for text in found] == [
        "train.epochs",
        "train.augment[0]",
        "train.augment[1].alpha",
    ]


@pytest.mark.parametrize(("value", "shown"), [("-1", "-1"), ("null", "None"), ("2 GB", "'2 GB'")])
def test_a_memory_budget_is_a_number_of_mib(problems, value: str, shown: str) -> None:
    (text,) = problems(execution=f"{{memory_budget: {value}}}")
    assert text.endswith(f"execution.memory_budget: {shown} is not allowed; MiB >= 0")

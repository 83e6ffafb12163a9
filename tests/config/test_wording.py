import pytest

from lossbench.config.wording import brief, did_you_mean, key_text, nearest, shown


def test_long_values_are_cut_at_60_characters() -> None:
    assert shown("a" * 58) == repr("a" * 58)
    assert shown("a" * 59) == "'" + "a" * 56 + "..."
    assert len(shown(list(range(100)))) == 60


def test_key_paths() -> None:
    assert key_text(("losses", 1, "gamma", "grid", 0)) == "losses[1].gamma.grid[0]"
    assert key_text(()) == ""


def test_the_nearest_option_is_found_in_any_case() -> None:
    assert nearest("GAMA", ["alpha", "gamma"]) == "gamma"
    assert nearest("zzz", ["alpha", "gamma"]) is None
    assert did_you_mean("Train_", ["train"]) == " Did you mean 'train'?"
    assert did_you_mean("zzz", ["train"]) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (3, "3"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1, "1"),
        ("a b", "a b"),
        ("a\nb", r"'a\nb'"),
        ((1.0, None), "[1,null]"),
        ({"n": 5, "balanced": True}, "{n=5,balanced=true}"),
    ],
)
def test_brief_values(value: object, text: str) -> None:
    assert brief(value) == text

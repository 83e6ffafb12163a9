import math

import pytest

from lossbench.config.positions import Place
from lossbench.config.yamlfile import Document, parse
from lossbench.errors import ConfigError


def found(document: Document) -> list[str]:
    return [str(problem) for problem in document.problems.ordered()]


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, "x.yaml")
    assert len(caught.value.problems) == 1
    return str(caught.value)


# Expected values follow the table of the core schema, YAML 1.2.2 section 10.3.2.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("5.", 5.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("0x1F", 31),
        ("0o17", 15),
        ("010", 10),
        ("-7", -7),
        ("+7", 7),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("12:30:00", "12:30:00"),
        ("2024-01-31", "2024-01-31"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1e", "1e"),
        (".", "."),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("tRue", "tRue"),
        ("~", None),
        ("Null", None),
        ("'1'", "1"),
        ('"null"', "null"),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    data = parse(f"a: {text}", "x.yaml").data["a"]
    assert data == value
    assert type(data) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(parse("a: .nan", "x.yaml").data["a"])


def test_an_absent_value_is_null() -> None:
    assert parse("a:\nb: 1\n", "x.yaml").data == {"a": None, "b": 1}


def test_empty_text_is_null() -> None:
    assert parse("# nothing\n", "x.yaml").data is None


def test_positions_of_keys_and_values() -> None:
    document = parse("a: 1\nlosses:\n  - mse\n  - {name: focal, gamma: 2}\n", "x.yaml")
    places = document.positions.places
    assert places["a",] == Place((1, 4), (1, 1))
    assert places["losses",] == Place((3, 3), (2, 1))
    assert places["losses", 0] == Place((3, 5), (3, 5))
    assert places["losses", 1, "gamma"] == Place((4, 26), (4, 19))


def test_equal_keys_are_refused_with_both_positions_and_the_first_kept() -> None:
    document = parse("a: 1\nb: {c: 1, c: 2}\na: 3\n", "x.yaml")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert found(document) == [
        "x.yaml:2:11: b.c: key 'c' is given twice; first at line 2, column 5",
        "x.yaml:3:1: a: key 'a' is given twice; first at line 1, column 1",
    ]


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("!!python/object/apply:os.getcwd []", "!!python/object/apply:os.getcwd"),
        ("!!str 1", "!!str"),
        ("!mine {a: 1}", "!mine"),
        ("! x", "!"),
    ],
)
def test_tags_are_refused(tag: str, written: str) -> None:
    document = parse(f"a: {tag}\n", "x.yaml")
    assert document.data == {"a": None}
    assert found(document) == [
        f"x.yaml:1:4: a: tag {written!r} is not allowed; write the value without a tag"
    ]


@pytest.mark.parametrize(
    ("key", "named"),
    [("1", "'1'"), ("null", "'null'"), ("[a]", "that is a list"), ("{a: 1}", "that is a mapping")],
)
def test_keys_that_are_not_text_are_refused(key: str, named: str) -> None:
    document = parse(f"top:\n  ? {key}\n  : 1\n  b: 2\n", "x.yaml")
    assert document.data == {"top": {"b": 2}}
    assert found(document) == [f"x.yaml:2:5: top: key {named} is not text; write it in quotes"]


def test_merge_keys_give_way_to_own_keys_and_to_earlier_mappings() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\n"
    document = parse(text, "x.yaml")
    assert document.data["c"] == {"x": 3, "y": 1, "z": 2}
    assert document.positions.where(("c", "y")) == "x.yaml:3:4: c.y"
    assert document.positions.where(("c", "x")) == "x.yaml:3:22: c.x"


def test_a_merge_key_takes_mappings_only() -> None:
    document = parse("a: {<<: 5, b: 1}\n", "x.yaml")
    assert document.data == {"a": {"b": 1}}
    assert found(document) == [
        "x.yaml:1:9: a: '<<' takes the alias of a mapping, or a list of them"
    ]


def test_two_documents_are_refused() -> None:
    assert refusal("a: 1\n---\nb: 2\n") == (
        "x.yaml:2:1: a second document starts here; a file holds one experiment"
    )


@pytest.mark.parametrize("text", ["a: &a [1, *a]", "a: &a {b: {c: *a}}", "a: &a {<<: *a}"])
def test_an_alias_of_itself_is_refused(text: str) -> None:
    assert refusal(text).endswith(
        "an alias stands inside the value that it repeats; write the value out"
    )


def test_many_laughs_are_refused_without_expanding_them() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "more than 100,000 values with aliases expanded; repeat less" in refusal(
        "\n".join(lines)
    )


def test_aliases_within_the_limit_are_expanded() -> None:
    assert parse("a: &a [1, 2]\nb: [*a, *a]\n", "x.yaml").data["b"] == [[1, 2], [1, 2]]


@pytest.mark.parametrize("depth", [60, 5000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert refusal("[" * depth + "]" * depth).endswith("nested too deeply; at most 50 levels")


def test_deep_chains_of_aliases_are_refused() -> None:
    lines = ["a0: &a0 1"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 100)]
    assert refusal("\n".join(lines)).endswith("nested too deeply; at most 50 levels")


def test_syntax_errors_have_a_position() -> None:
    assert refusal("a: 1\nb: [1, 2\nc: 3\n").startswith("x.yaml:3:2: not valid YAML: expected ")


def test_tabs_are_explained() -> None:
    assert refusal("a:\n\tb: 1\n") == (
        "x.yaml:2:1: a tab cannot start a value in YAML; indent with spaces"
    )


def test_unknown_aliases_have_a_position() -> None:
    assert refusal("a: *b\n") == "x.yaml:1:4: not valid YAML: found undefined alias 'b'"


def test_control_characters_have_a_position() -> None:
    assert refusal("a: 1\nb: \x07\n") == (
        "x.yaml:2:4: character '\\x07' is not allowed in YAML; remove it"
    )


def test_integers_too_long_for_python_are_refused() -> None:
    document = parse(f"a: {'9' * 5000}\n", "x.yaml")
    assert document.data == {"a": None}
    assert found(document)[0].endswith("has too many digits for a number")

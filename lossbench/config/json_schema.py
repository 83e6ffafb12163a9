"""The JSON Schema of experiment files, which editors check and complete with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lossbench.catalog import (
    AUGMENTATIONS,
    LOSSES,
    METRICS,
    MODELS,
    OPTIMIZERS,
    Parameter,
    Row,
    Table,
)
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.types import LossEntry, LossHeads, LossTerms, Nested, nested
from lossbench.config.entries import ARGUMENTS, KERAS
from lossbench.config.experiment import (
    DEFAULT_OPTIMIZER,
    DEFAULT_SCHEDULE,
    DEFAULT_SEEDS,
    KEYS,
    LONGEST_NAME,
    MOST_SEEDS,
    NAME_PATTERN,
    REQUIRED_KEYS,
    SECTIONS,
    SEED_LIMIT,
    TABLES,
)
from lossbench.config.fields import model_of
from lossbench.config.nesting import ALONE, TERM
from lossbench.config.parsing import LONGEST_LABEL

Schema = dict[str, Any]

_LABEL: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_LABEL,
    "pattern": r"\S",
    "description": "shown in tables and pictures instead of the name",
}


def schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of an experiment file.

    It lists names in their canonical spelling and as aliases; `load` takes any case and reads
    numbers by their YAML type, where JSON Schema takes `2.0` for a whole number.
    """
    definitions: Schema = {}
    properties: Schema = {
        "name": {"type": "string", "pattern": f"^{NAME_PATTERN}$", "maxLength": LONGEST_NAME}
    }
    for key, table in TABLES.items():
        prefix = "loss" if key == "losses" else key
        one = {"$ref": f"#/$defs/{prefix}"}
        for row in _different(table):
            definitions[f"{prefix}.{row.name}"] = _row(row, definitions, _names_like(row, table))
        definitions[prefix] = _entry(prefix, table, ALONE)
        properties[key] = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    for kind in map(nested, (LossEntry, LossTerms, LossHeads)):
        if kind is not None:
            definitions[_inner(kind)] = _entry("loss", LOSSES, kind.roles)
    properties["optimizer"]["default"] = DEFAULT_OPTIMIZER
    properties["schedule"]["default"] = DEFAULT_SCHEDULE
    properties["seeds"] = _seeds()
    for section, params in SECTIONS.items():
        properties[section] = _mapping(_types(params, definitions))
    properties["train"]["properties"]["augment"] |= _augment(definitions)
    properties["tune"]["properties"]["space"] |= _space(definitions)
    metrics = [name for row in METRICS for name in (row.name, *row.aliases)]
    properties["protocol"]["properties"]["metric"]["anyOf"] = [
        {"enum": [*metrics, None]},
        {"type": "string", "pattern": rf"^.+\.({'|'.join(metrics)})$"},  # of one of several outputs
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lossbench experiment",
        **_mapping({key: {"description": KEYS[key], **properties[key]} for key in KEYS}),
        "required": list(REQUIRED_KEYS),
        "$defs": definitions,
    }


def _different(table: Table[Any]) -> list[Row]:
    """Return the rows of a table, of networks that share their parameters only the first."""
    if table.kind != MODELS.kind:
        return list(table)
    return list({id(row.params): row for row in reversed(list(table))}.values())[::-1]


def _names_like(row: Row, table: Table[Any]) -> list[str]:
    """Return the names that one definition of the schema serves."""
    if table.kind != MODELS.kind:
        return _names(row)
    return [name for other in table if other.params is row.params for name in _names(other)]


def _augment(definitions: Schema) -> Schema:
    """Return the schema of a list of augmentations, each of which is no grid and has no label."""
    for row in AUGMENTATIONS:
        known = {"name": {"enum": _names(row)}, **_types(row.params, definitions)}
        definitions[f"augment.{row.name}"] = _mapping(known) | {"required": ["name"]}
    one = _entry("augment", AUGMENTATIONS, ALONE)
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _space(definitions: Schema) -> Schema:
    """Return the schema of a search space, and define what is written to tune a loss's own."""
    number: Schema = {"type": "number"}
    ends = {"low": number, "high": number, "log": {"type": "boolean"}}
    definitions["searched"] = {
        "description": "the values that are tried, or the range that they are drawn from",
        "anyOf": [
            {"type": "array", "minItems": 2, "uniqueItems": True},
            _mapping(ends) | {"required": ["low", "high"]},
        ],
    }
    searched = {"$ref": "#/$defs/searched"}
    definitions["tuned"] = _mapping({"tune": searched}) | {"required": ["tune"]}
    names = sorted({name for row in OPTIMIZERS for name in row.params})
    properties = dict.fromkeys(names, searched)
    return {"anyOf": [{"type": "null"}, _mapping(properties) | {"minProperties": 1}]}


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _seeds() -> Schema:
    seed = {"type": "integer", "minimum": 0, "exclusiveMaximum": SEED_LIMIT}
    return {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MOST_SEEDS},
            {"type": "array", "items": seed, "minItems": 1, "uniqueItems": True},
        ],
        "default": DEFAULT_SEEDS,
    }


def _names(row: Row) -> list[str]:
    return [row.name, *row.aliases]


def _entry(prefix: str, table: Table[Any], roles: frozenset[str]) -> Schema:
    """Return the schema of a bare name or a mapping of one of the rows that may stand there."""
    rows = [r for r in table if getattr(r, "role", "loss") in roles or r.name in roles]
    bare = [
        name
        for row in rows
        for name in _names(row)
        if not any(p.required for p in row.params.values())
    ]
    own = _different(table)
    mappings = [{"$ref": f"#/$defs/{prefix}.{row.name}"} for row in rows if row in own]
    return {"anyOf": [{"enum": bare}, *mappings]}


def _inner(kind: Nested) -> str:
    """Return the name of the definition of a loss inside another one."""
    return f"loss_in_{kind.form}"


def _made_of_losses(kind: Nested) -> Schema:
    """Return the schema of a parameter that is made of losses."""
    one: Schema = {"$ref": f"#/$defs/{_inner(kind)}"}
    if kind.form == "entry":
        return one
    if kind.form == "heads":
        return {"type": "object", "additionalProperties": _or_grid(one), "minProperties": 1}
    weight: Schema = {
        "description": TERM["weight"].help,
        "default": TERM["weight"].default,
        "type": "number",
    }
    term = _mapping({"loss": _or_grid(one), "weight": _or_grid(weight)})
    return {"type": "array", "items": {**term, "required": ["loss"]}, "minItems": 1}


def _row(row: Row, definitions: Schema, names: Sequence[str]) -> Schema:
    params = {name: _or_grid(kind) for name, kind in _types(row.params, definitions).items()}
    if row.name in LOSSES.names and LOSSES[row.name] is row:
        params = {
            name: kind if nested(row.params[name].type) else _or_tuned(kind)
            for name, kind in params.items()
        }
    if row.name in ARGUMENTS:
        key = ARGUMENTS[row.name]
        params[key] = _arguments(row.params[key])
    if row.name == KERAS:
        params["class_name"] = _or_grid({"enum": list(KERAS_CLASSES)})
    name = {"enum": list(names)}
    required = [key for key, parameter in row.params.items() if parameter.required]
    return {
        **_mapping({"name": name, **params, "label": _LABEL}),
        "required": ["name", *required],
        **({"allOf": _keras_configs()} if row.name == KERAS else {}),
    }


def _keras_configs() -> list[Schema]:
    """Return, for each class of Keras, what its `config` takes."""
    found: list[Schema] = []
    for name, known in KERAS_CLASSES.items():
        params = {key: _or_grid(kind) for key, kind in _types(known.params, {}).items()}
        named = {"properties": {"class_name": {"const": name}}, "required": ["class_name"]}
        found.append({"if": named, "then": {"properties": {"config": _mapping(params)}}})
    return found


def _types(params: Mapping[str, Parameter], definitions: Schema) -> Schema:
    """Return the schema of each parameter, with what it says about itself."""
    model = model_of(params).model_json_schema(by_alias=True)
    definitions.update({key: _untitled(kind) for key, kind in model.get("$defs", {}).items()})
    found: Schema = {}
    for name, parameter in params.items():
        kind, about = nested(parameter.type), _untitled(model["properties"][name])
        shape = about if kind is None else about | _made_of_losses(kind)
        found[name] = {"description": _description(parameter), **shape}
    return found


def _description(parameter: Parameter) -> str:
    return f"{parameter.help}; {parameter.accepts}" if parameter.help else parameter.accepts


def _untitled(kind: Any) -> Any:
    """Return a schema without the titles that pydantic makes up from names."""
    if isinstance(kind, list):
        return [_untitled(item) for item in kind]
    if not isinstance(kind, dict):
        return kind
    return {
        key: _untitled(item)
        for key, item in kind.items()
        if not (key == "title" and isinstance(item, str))
    }


def _or_grid(kind: Schema) -> Schema:
    """Return the schema of a value or `{grid: [...]}` of such values."""
    about: Schema = {key: kind[key] for key in ("description", "default") if key in kind}
    value = {key: item for key, item in kind.items() if key not in about}
    return {**about, "anyOf": [value, _grid(value)]}


def _or_tuned(kind: Schema) -> Schema:
    """Return the schema of a value, a grid, or `{tune: ...}`; only of losses that stand alone."""
    return {**kind, "anyOf": [*kind["anyOf"], {"$ref": "#/$defs/tuned"}]}


def _grid(value: Schema) -> Schema:
    items = {"type": "array", "items": value, "minItems": 1, "uniqueItems": True}
    return {**_mapping({"grid": items}), "required": ["grid"]}


def _arguments(parameter: Parameter) -> Schema:
    """Return the schema of a function's arguments: any values, of which some may be grids."""
    looks_like_grid = {"type": "object", "required": ["grid"], "maxProperties": 1}
    inside = {"not": looks_like_grid}
    return {
        "description": _description(parameter),
        "default": parameter.default,
        "type": "object",
        "additionalProperties": {"if": looks_like_grid, "then": _grid(inside)},
    }

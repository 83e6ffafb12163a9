"""The JSON Schema of experiment files, which editors check and complete with."""

import json
from collections.abc import Mapping
from typing import Any

from lossbench.catalog import METRICS, Parameter, Row, Table
from lossbench.config.entries import CUSTOM
from lossbench.config.experiment import (
    DEFAULT_OPTIMIZER,
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
        definitions[prefix] = _entry(prefix, table, definitions)
        properties[key] = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    properties["optimizer"]["default"] = DEFAULT_OPTIMIZER
    properties["seeds"] = _seeds()
    for section, params in SECTIONS.items():
        properties[section] = _mapping(_types(params, definitions))
    metrics = [name for row in METRICS for name in (row.name, *row.aliases)]
    properties["protocol"]["properties"]["metric"]["enum"] = [*metrics, None]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lossbench experiment",
        **_mapping({key: {"description": KEYS[key], **properties[key]} for key in KEYS}),
        "required": list(REQUIRED_KEYS),
        "$defs": definitions,
    }


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


def _entry(prefix: str, table: Table[Any], definitions: Schema) -> Schema:
    """Return the schema of a bare name or a mapping of one of the rows, which it defines."""
    bare = [
        name
        for row in table
        for name in _names(row)
        if not any(p.required for p in row.params.values())
    ]
    for row in table:
        definitions[f"{prefix}.{row.name}"] = _row(row, definitions)
    mappings = [{"$ref": f"#/$defs/{prefix}.{row.name}"} for row in table]
    return {"anyOf": [{"enum": bare}, *mappings]}


def _row(row: Row, definitions: Schema) -> Schema:
    params = {name: _or_grid(kind) for name, kind in _types(row.params, definitions).items()}
    if row.name == CUSTOM:
        params["params"] = _arguments(row.params["params"])
    name = {"enum": _names(row)}
    required = [key for key, parameter in row.params.items() if parameter.required]
    return {
        **_mapping({"name": name, **params, "label": _LABEL}),
        "required": ["name", *required],
    }


def _types(params: Mapping[str, Parameter], definitions: Schema) -> Schema:
    """Return the schema of each parameter, with what it says about itself."""
    model = model_of(params).model_json_schema(by_alias=True)
    definitions.update({key: _untitled(kind) for key, kind in model.get("$defs", {}).items()})
    return {
        name: {"description": _description(parameter), **_untitled(model["properties"][name])}
        for name, parameter in params.items()
    }


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

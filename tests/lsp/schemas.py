"""Messages of our own, held against ``docs/schemas/language-server.schema.json``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
from referencing import Registry, Resource

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
NAME = "language-server.schema.json"


def validate(shape: object, name: str) -> None:
    """Hold *shape* against what the schema has under *name*."""
    schema = {"$ref": f"{NAME}#/$defs/{name}"}
    jsonschema.Draft202012Validator(schema, registry=_registry()).validate(shape)


@cache
def _registry() -> Registry:
    read = {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in SCHEMAS.glob("*.schema.json")
    }
    resources = [(name, Resource.from_contents(schema)) for name, schema in read.items()]
    return Registry().with_resources(resources)

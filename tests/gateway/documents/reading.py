"""The documents of a gateway as a client reads them, and what they say of an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from tests.support.gateway import ROOT
from tests.support.linter import complaints
from tests.support.tokens import bearer

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

Document = dict[str, Any]

#: The documents by their addresses.
OPENAPI, ASYNCAPI = "/openapi.json", "/asyncapi.yaml"

_SPECIFICATION = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"


def document(http: httpx.Client, path: str, token: str | None = None) -> Document:
    answer = http.get(path, headers=bearer(token))
    assert answer.status_code == 200
    found: Document = yaml.safe_load(answer.text) if path.endswith("yaml") else answer.json()
    return found


def schemas(found: Document) -> Document:
    """Those in its components."""
    inside: Document = found["components"]["schemas"]
    return inside


def typed(found: Document) -> set[str]:
    """The names of what tasks have registered, of all schemas."""
    return {name for name in schemas(found) if "--" in name}


def fits(found: Document, name: str, value: Any) -> bool:
    """Whether the value is what the document's schema of the name says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": found["components"]}
    return Draft202012Validator(schema).is_valid(value)


def faults(found: Document, folder: Path) -> str:
    """What a linter, and AsyncAPI's own specification, say against the document."""
    path = folder / ("asyncapi.json" if "asyncapi" in found else "openapi.json")
    path.write_text(json.dumps(found, allow_nan=False))
    if "asyncapi" in found:
        specification = json.loads(_SPECIFICATION.read_text())
        assert [error.message for error in Draft7Validator(specification).iter_errors(found)] == []
    for schema in schemas(found).values():
        Draft202012Validator.check_schema(schema)
    return complaints(path)

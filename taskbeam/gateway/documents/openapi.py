"""An OpenAPI document, with the types of payloads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.gateway.documents.catalogue import TYPED_EVENT
from taskbeam.gateway.http import event_models

if TYPE_CHECKING:
    from taskbeam.gateway.documents.catalogue import Catalogue

#: The models that are an event of a task.
_EVENTS = (event_models.TaskEvent, event_models.TaskSnapshot)


def openapi_with(document: dict[str, Any], found: Catalogue) -> dict[str, Any]:
    """The document with the components, and events that are of these types; where it has none, as it is."""
    components = document.get("components", {})
    schemas = components.get("schemas", {})
    typed = {
        name: schemas[name] | {"allOf": [*schemas[name].get("allOf", ()), TYPED_EVENT]}
        for name in _component_names(schemas)
    }
    if not found.components or not typed:
        return document
    # What an application calls its own stays its own.
    return document | {"components": components | {"schemas": found.components | schemas | typed}}


def _component_names(schemas: dict[str, Any]) -> list[str]:
    """What the events are called: where an application has others of the name, their module is before it."""
    found = []
    for model in _EVENTS:
        full = f"{model.__module__}.{model.__qualname__}".replace(".", "__")
        found += [name for name in (full, model.__name__) if name in schemas][:1]
    return found

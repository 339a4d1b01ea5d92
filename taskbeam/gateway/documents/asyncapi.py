"""The AsyncAPI document, with the types of payloads, as text: nothing here reads or writes YAML. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.documents.catalogue import TYPED_EVENT
from taskbeam.gateway.documents.json_schema import with_inner
from taskbeam.gateway.documents.yaml_flow import yaml_flow

if TYPE_CHECKING:
    from taskbeam.gateway.documents.catalogue import Catalogue

#: Where the document says what an event is.
_EVENT = "\n    TaskEvent:\n"


@lru_cache(maxsize=4)  # to write YAML takes long, and what has been published rarely changes
def asyncapi_with(document: str, found: Catalogue) -> str:
    """The text of the document with the components, and events that are of these types.

    ``document`` ends with its schemas, so that more may follow.
    """
    if not found.components:
        return document
    before, _, after = document.partition(_EVENT)
    schemas = [
        f"    {yaml_flow(name)}: {yaml_flow(_plain(each))}\n" for name, each in found.components.items()
    ]
    return "".join([before, _EVENT, f"      allOf: [{yaml_flow(TYPED_EVENT)}]\n", after, *schemas])


def _plain(schema: Any) -> Any:
    """As AsyncAPI has it, whose schemas are of an earlier draft.

    A discriminator is a name alone there, nothing counts beside a reference, and items by their places are
    what any validator of either draft takes: one of these.
    """
    if isinstance(schema, bool):
        return schema
    plain = with_inner(schema, _plain)
    plain.pop("discriminator", None)
    if (placed := plain.pop("prefixItems", None)) is not None:
        others = plain.get("maxItems", len(placed) + 1) > len(placed)
        plain["items"] = {"anyOf": [*placed, *([plain.get("items", True)] if others else [])]}
    if "$ref" in plain and len(plain) > 1:
        plain["allOf"] = [*plain.get("allOf", ()), {"$ref": plain.pop("$ref")}]
    return plain

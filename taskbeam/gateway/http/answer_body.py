"""What is absent is not null: in the bodies that routes answer with, and in their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class AnswerBody(BaseModel):
    """A body in which a member without a value is absent, and not null: so its schema says.

    Whoever sends one leaves out what is None (``exclude_none``). A member that may be null has no default.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        body = handler.resolve_ref_schema(schema)
        required = body.get("required", [])
        for name, member in body.get("properties", {}).items():
            if name not in required:
                forbid_null(member)
        return schema


def forbid_null(member: JsonSchemaValue) -> None:
    """Take null out of the schema of something optional; for pydantic's ``json_schema_extra``, too."""
    if member.get("default", ...) is None:
        del member["default"]
    choices = [choice for choice in member.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del member["anyOf"]
        member.update(choices[0])

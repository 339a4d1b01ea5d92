"""`asyncapi.yaml`, as what messages are checked by."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from taskbeam.gateway.documents.routes import ASYNCAPI

DOCUMENT: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]

_FORMATS = FormatChecker(())


@_FORMATS.checks("date-time")
def _is_date_time(value: object) -> bool:
    """RFC 3339: with its offset."""
    try:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def strict(schema: Any) -> Any:
    """The schema, and no member beside those that are named: a client would ignore it."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(each) for name, each in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in schema else closed


@cache
def _validator(message: str) -> Draft202012Validator:
    schemas = {name: strict(schema) for name, schema in SCHEMAS.items()}
    schema = {"$ref": MESSAGES[message]["payload"]["$ref"], "components": {"schemas": schemas}}
    return Draft202012Validator(schema, format_checker=_FORMATS)


def check(body: dict[str, Any], *messages: str) -> str:
    """Returns which of the messages the body is: it is to be exactly one."""
    found = {name: [error.message for error in _validator(name).iter_errors(body)] for name in messages}
    fitting = [name for name, faults in found.items() if not faults]
    assert len(fitting) == 1, (body, found)
    return fitting[0]


def sent_on(channel: str) -> set[str]:
    """The messages that the gateway sends on a channel, of itself or as an answer."""
    return _of_operations(channel, "send")


def received_on(channel: str) -> set[str]:
    """The messages that it takes there."""
    return _of_operations(channel, "receive")


def _of_operations(channel: str, action: str) -> set[str]:
    found: list[str] = []
    for operation in DOCUMENT["operations"].values():
        if operation["channel"]["$ref"] == f"#/channels/{channel}":
            if operation["action"] == action:
                found += [each["$ref"] for each in operation["messages"]]
            if action == "send":
                found += [each["$ref"] for each in operation.get("reply", {}).get("messages", ())]
    return {reference.removeprefix(f"#/channels/{channel}/messages/") for reference in found}


def close_codes(channel: str) -> set[tuple[int, str]]:
    """How the gateway closes a socket: codes, each with every reason."""
    codes = DOCUMENT["channels"][channel]["x-close-codes"]
    return {(each["code"], reason) for each in codes for reason in each.get("reasons", [""])}

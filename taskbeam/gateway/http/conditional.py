"""Whether a client that asks again has the answer already (RFC 9110, 13.1.2)."""

from typing import Annotated

from fastapi import Header

from taskbeam.gateway.http.answer_body import forbid_null

IfNoneMatch = Annotated[
    str | None,
    Header(description="The `ETag` of the answer that the client has.", json_schema_extra=forbid_null),
]


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client has it: tags are compared weakly, as proxies weaken them."""
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return etag in known or "*" in known

"""A body that is JSON says so: what a page of another site can send without asking first does not."""

from typing import Annotated

from fastapi import Depends, Header

from taskbeam.gateway.errors import UNSUPPORTED_MEDIA_TYPE, TaskbeamError


def _json_only(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise TaskbeamError(UNSUPPORTED_MEDIA_TYPE)


#: For a route whose body is JSON.
JSON_ONLY = Depends(_json_only)

"""`/openapi.json` and `/asyncapi.yaml` of one gateway, with the types of payloads for whoever may read them.

Those are for whom `/schemas/{task name}` answers. The rest of the documents is for everybody.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from taskbeam.gateway.dependencies import CallerDep, Dependencies, RuntimeDep
from taskbeam.gateway.documents.asyncapi import asyncapi_with
from taskbeam.gateway.documents.catalogue import Catalogue
from taskbeam.gateway.documents.openapi import openapi_with
from taskbeam.gateway.documents.published import PublishedPayloads
from taskbeam.gateway.documents.route import document_route
from taskbeam.gateway.http import docs
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.conditional import is_known
from taskbeam.gateway.http.route import GatewayRoute

#: The sockets and streams, as OpenAPI is for the rest.
ASYNCAPI = Path(__file__).parents[1] / "asyncapi.yaml"

Answer = Callable[[Request, Catalogue], Response]


def documents_router(dependencies: Dependencies) -> APIRouter:
    """Make the routes of a gateway's documents, and of the page that shows one of them."""
    router = APIRouter(include_in_schema=False, route_class=GatewayRoute)
    published = PublishedPayloads()
    asked = [Depends(each) for each in (dependencies.bind, dependencies.own_site, dependencies.caller)]
    for path, answer in (("/openapi.json", openapi), ("/asyncapi.yaml", asyncapi)):
        router.add_api_route(
            path,
            _endpoint(published, answer),
            dependencies=asked,
            route_class_override=document_route(_to_anybody(answer)),
        )
    router.include_router(docs.router)
    return router


def openapi(request: Request, found: Catalogue) -> Response:
    """The application's document, with its own address as the only server: FastAPI's adds one to others."""
    prefix: str = request.scope.get("root_path", "")
    document = request.app.openapi() | {"servers": [{"url": prefix.rstrip("/") or "/"}]}
    text = json.dumps(openapi_with(document, found), ensure_ascii=False, separators=(",", ":"))
    return _answer(request, text, "application/json")


def asyncapi(request: Request, found: Catalogue) -> Response:
    """What comes over sockets and streams (AsyncAPI 3)."""
    return _answer(request, asyncapi_with(_asyncapi_text(), found), "application/yaml")


@cache
def _asyncapi_text() -> str:
    return ASYNCAPI.read_text(encoding="utf-8")


def _endpoint(published: PublishedPayloads, answer: Answer) -> Callable[..., Any]:
    async def document(request: Request, gateway: RuntimeDep, caller: CallerDep) -> Response:
        caller.require_anybody()
        with caller.visit():
            found = await published.read(gateway.redis, gateway.control)
        return await asyncio.to_thread(answer, request, found)  # it may be large

    return document


def _to_anybody(answer: Answer) -> Callable[[Request], Response]:
    return lambda request: answer(request, Catalogue())


def _answer(request: Request, text: str, media_type: str) -> Response:
    """It depends on who asks, so nobody but the reader may keep it."""
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = is_known(etag, request.headers.get("if-none-match"))
    status = 304 if known else 200
    headers = {"ETag": etag} | cache_headers(status, Keep.READER)
    if known:
        return Response(status_code=status, headers=headers)
    return Response(body, status, headers=headers | {"Content-Type": media_type})

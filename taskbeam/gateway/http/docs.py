"""`/docs`: the OpenAPI document in Swagger UI, all of it from here, with nothing inline."""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from taskbeam import __version__
from taskbeam.gateway import problems
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.problems import TaskbeamError

router = APIRouter(include_in_schema=False, route_class=GatewayRoute)

#: How an application of the gateway alone describes itself; it leaves the documents to this router.
DOCUMENT: dict[str, Any] = {
    "title": "Taskbeam",
    "summary": "Every Celery job, live in the browser.",
    "description": "WebSockets and event streams are in `asyncapi.yaml`, beside this document. An answer may "
    "have more members than are described: ignore those that you do not know.",
    "version": __version__,
    "license_info": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
    "openapi_tags": [
        {"name": "tasks", "description": "Follow a task, and cancel it."},
        {"name": "tickets", "description": "Open a stream where no header can be set."},
        {"name": "health", "description": "For whoever supervises the gateway."},
    ],
    "servers": [{"url": "/"}],
    "openapi_url": None,
    "docs_url": None,
    "redoc_url": None,
}

_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Taskbeam: the API</title>
    <link rel="icon" href="favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <script src="docs/swagger-ui-bundle.js" defer></script>
    <script src="docs/start.js" defer></script>
  </head>
  <body><div id="docs"></div></body>
</html>
"""

_START = """SwaggerUIBundle({ url: "openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });
"""

_KEPT = cache_headers(200, Keep.ANYBODY)

_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


@router.get("/docs")
async def page() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers=_KEPT)


@router.get("/docs/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript", headers=_KEPT)


@router.get("/docs/{name}")
async def asset(name: str) -> FileResponse:
    """Swagger UI itself, as the package `fastapi-offline` brings it."""
    if name not in _ASSETS:
        raise TaskbeamError(problems.NOT_FOUND)
    path = str(files("fastapi_offline").joinpath("static", name))
    return FileResponse(path, media_type=_ASSETS[name], headers={"Cache-Control": "max-age=86400"})

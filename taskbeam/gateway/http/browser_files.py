"""What browsers load from the gateway: client, elements and React hook, the dashboard and the way in."""

from pathlib import Path, PurePosixPath

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import RuntimeDep
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.static_files import Files
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.runtime import Runtime

#: Bundled files in an installed package; in a checkout the modules themselves, which need no build.
FOLDER = Path(__file__).parents[1] / "static"

#: What a browser loads. Whatever else is beside it in a checkout, is for its developers.
_LOADED = frozenset({".css", ".html", ".js", ".map", ".png", ".svg"})

router = APIRouter(include_in_schema=False, route_class=GatewayRoute)

#: Of a gateway that is served alone: an application has a page of its own there.
front = APIRouter(include_in_schema=False, route_class=GatewayRoute)


@front.get("/")
async def front_page(gateway: RuntimeDep) -> Response:
    """Whoever opens the address that the log names is an operator, who wants to see what goes on."""
    return await to_the_dashboard(gateway)


@router.get("/dashboard")
async def to_the_dashboard(gateway: RuntimeDep) -> Response:
    """The page's links are relative to its folder."""
    _require_dashboard(gateway)
    return Response(status_code=307, headers={"Location": "dashboard/"})


@router.get("/dashboard/")
async def dashboard(request: Request, gateway: RuntimeDep) -> Response:
    """The operators' page. What it shows, it follows like any task: `taskbeam.dashboard`."""
    _require_dashboard(gateway)
    return await _file(request, "dashboard/dashboard.html")


@router.get("/login")
async def to_the_login() -> Response:
    """As the dashboard's."""
    return Response(status_code=307, headers={"Location": "login/"})


@router.get("/login/")
async def login(request: Request) -> Response:
    """Where an operator's link leads."""
    return await _file(request, "login/login.html")


def _require_dashboard(gateway: Runtime) -> None:
    if not gateway.settings.dashboard:
        raise TaskbeamError(problems.NOT_FOUND)


def _add(path: str, served: str) -> None:
    async def browser_file(request: Request) -> Response:
        return await _file(request, served.format(**request.path_params))

    router.add_api_route(path, browser_file, methods=["GET"], name=served)


for _name in ("react.js", "favicon.svg", "favicon-unseen.svg", "icon.png", "taskbeam-sw.js"):
    _add(f"/{_name}", _name)
for _folder in ("client", "element", "notify", "look", "dashboard", "login", "chunks"):
    _add(f"/{_folder}/{{path:path}}", f"{_folder}/{{path}}")


async def _file(request: Request, path: str) -> Response:
    """With an ETag; asked again by browsers each time, but for files whose names change with them."""
    asked = PurePosixPath(path)
    if asked.suffix not in _LOADED or ".." in asked.parts:
        raise TaskbeamError(problems.NOT_FOUND)
    try:
        files = Files(directory=FOLDER, check_dir=False, hashed=True, packed=True)
        response = await files.get_response(path, request.scope)
    except HTTPException as error:
        raise TaskbeamError(problems.NOT_FOUND) from error
    # Modules are nobody's secret: a page of an origin that may ask nothing else loads them, and is told so.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response

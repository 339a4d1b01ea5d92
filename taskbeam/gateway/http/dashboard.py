"""The operators' page. It is a file like the others, but only there when it is asked for in the settings."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from taskbeam.gateway.gateway import GatewayDep

router = APIRouter(include_in_schema=False)


@router.get("/dashboard")
async def dashboard(gateway: GatewayDep) -> FileResponse:
    """What it shows, it follows like any task: `app/dashboard/publisher.py` says which."""
    return FileResponse(gateway.settings.frontend_dir / "dashboard" / "dashboard.html")

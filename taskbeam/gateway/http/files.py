"""What a job stored, for whoever may read the job."""

from fastapi import APIRouter
from starlette.responses import FileResponse

from taskbeam.gateway import errors
from taskbeam.gateway.auth.caller import CallerDep
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.delivery.ends import PROBLEMS
from taskbeam.gateway.errors import TaskbeamError
from taskbeam.gateway.gateway import Gateway, GatewayDep
from taskbeam.gateway.http.named_files import names
from taskbeam.gateway.http.static_files import Files
from taskbeam.gateway.problems import IDENTITY_PROBLEMS, documented
from taskbeam.journal.events import EventId
from taskbeam.journal.history import Absence

router = APIRouter(tags=["tasks"])

#: Events that are read at once.
_PIECE = 500


@router.get(
    "/tasks/{task_id}/files/{path:path}",
    response_class=FileResponse,
    responses=documented(
        *IDENTITY_PROBLEMS,
        errors.UNKNOWN_TASK,
        errors.EXPIRED,
        errors.NOT_FOUND,
        errors.INVALID_REQUEST,
        errors.INTERNAL,
        errors.UNAVAILABLE,
    ),
)
async def task_file(gateway: GatewayDep, caller: CallerDep, task_id: str, path: str) -> FileResponse:
    """The file that one of the task's events names as `/files/{path}`."""
    await caller.require(Action.READ, task_id)
    if not await _is_named(gateway, task_id, path):
        raise TaskbeamError(errors.NOT_FOUND)
    found, stat = Files(directory=gateway.settings.files_dir, check_dir=False).lookup_path(path)
    if stat is None:
        raise TaskbeamError(errors.NOT_FOUND)
    return FileResponse(found, stat_result=stat, headers={"Cache-Control": "private, no-cache"})


async def _is_named(gateway: Gateway, task_id: str, path: str) -> bool:
    """Newest first would be quicker; a journal is read once, and is short."""
    keys, after = gateway.hub.keys(task_id), None
    while True:
        history = await gateway.journal.read(keys, after, _PIECE)
        if isinstance(history, Absence):
            raise TaskbeamError(PROBLEMS[history])
        if names([history.picture.body, *(record.body for record in history.records)], path):
            return True
        if history.complete:
            return False
        after = EventId(*history.records[-1].id)

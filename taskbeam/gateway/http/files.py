"""What a job stored, for whoever may read the job: the files that the task's events name."""

import asyncio
import json
import os
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import FileResponse

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.static_files import find_file
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.gateway.problems import PROBLEM_OF_END, TaskbeamError
from taskbeam.gateway.runtime import Runtime
from taskbeam.journal.events import EventId
from taskbeam.journal.history import Absence
from taskbeam.journal.stored import is_file_path

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)

FilePath = Annotated[str, Path(description="One of the `files` of the task's events.")]

_FILE = {"schema": {"type": "string", "format": "binary"}}
_WORDS = {"text/plain": {"schema": {"type": "string"}}}
_PROBLEMS = documented(*TASK_PROBLEMS, problems.NOT_FOUND, problems.FILE_GONE)
_MALFORMED = _PROBLEMS[400]

#: Events that are read at once.
_PIECE = 500


@router.get(
    "/tasks/{task_id}/files/{path:path}",
    operation_id="get_task_file",
    response_class=FileResponse,
    responses=_PROBLEMS
    | {
        200: described("The file.", "Cache-Control", content={"*/*": _FILE}),
        206: described("The part that `Range` asks for.", "Cache-Control", content={"*/*": _FILE}),
        400: described(
            f"Range cannot be read. {_MALFORMED['description']}", content=_WORDS | _MALFORMED["content"]
        ),
        416: described("The file has no such `Range`.", "Content-Range", content=_WORDS),
    },
)
async def task_file(gateway: RuntimeDep, caller: CallerDep, task_id: TaskId, path: FilePath) -> FileResponse:
    """A file that the task stored: one of its events has the path in `files`."""
    await caller.require(Action.READ, task_id)
    folder = gateway.settings.files_dir
    if folder is None or not await _names(gateway, task_id, path):
        raise TaskbeamError(problems.NOT_FOUND)
    found = await asyncio.to_thread(find_file, folder, path)
    if found is None:
        gone = is_file_path(path) and not await asyncio.to_thread(os.path.lexists, folder / path)
        raise TaskbeamError(problems.FILE_GONE if gone else problems.NOT_FOUND)
    return FileResponse(found[0], stat_result=found[1], headers=cache_headers(200, Keep.READER))


async def _names(gateway: Runtime, task_id: str, path: str) -> bool:
    """Newest first would be quicker; a journal is read once, and is short."""
    keys, after = gateway.hub.keys(task_id), None
    while True:
        history = await gateway.journal.read(keys, after, _PIECE)
        if isinstance(history, Absence):
            raise TaskbeamError(PROBLEM_OF_END[history])
        if is_named([history.snapshot.body, *(record.body for record in history.records)], path):
            return True
        if history.complete:
            return False
        after = EventId(*history.records[-1].id)


def is_named(bodies: Iterable[bytes], path: str) -> bool:
    """Whether one of the events has the path in ``files``, where only the worker writes what a task marked.

    Nowhere else: a result may repeat whatever a user wrote.
    """
    return any(b'"files":[' in body and path in json.loads(body).get("files", ()) for body in bodies)

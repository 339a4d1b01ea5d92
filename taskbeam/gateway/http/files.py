"""What a job stored, for whoever may read the job: the files that the task's events name."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import FileResponse

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.static_files import Files
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.gateway.problems import PROBLEM_OF_END, TaskbeamError
from taskbeam.gateway.runtime import Runtime
from taskbeam.journal.events import EventId
from taskbeam.journal.history import Absence

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)

FilePath = Annotated[str, Path(description="What the event's address has behind `/files/`.")]

_FILE = {"schema": {"type": "string", "format": "binary"}}
_WORDS = {"text/plain": {"schema": {"type": "string"}}}

#: What the address of a stored file begins with.
PREFIX = "/files/"

#: Events that are read at once.
_PIECE = 500


@router.get(
    "/tasks/{task_id}/files/{path:path}",
    operation_id="get_task_file",
    response_class=FileResponse,
    responses=documented(*TASK_PROBLEMS, problems.NOT_FOUND)
    | {
        200: described("The file.", "Cache-Control", content={"*/*": _FILE}),
        206: described("The part that `Range` asks for.", "Cache-Control", content={"*/*": _FILE}),
        400: described("`Range` cannot be read.", content=_WORDS),
        416: described("The file has no such `Range`.", "Content-Range", content=_WORDS),
    },
)
async def task_file(gateway: RuntimeDep, caller: CallerDep, task_id: TaskId, path: FilePath) -> FileResponse:
    """The file that one of the task's events names as `/files/{path}`."""
    await caller.require(Action.READ, task_id)
    folder = gateway.settings.files_dir
    if folder is None or not await _is_named(gateway, task_id, path):
        raise TaskbeamError(problems.NOT_FOUND)
    found, stat = Files(directory=folder, check_dir=False).lookup_path(path)
    if stat is None:
        raise TaskbeamError(problems.NOT_FOUND)
    return FileResponse(found, stat_result=stat, headers={"Cache-Control": "private, no-cache"})


async def _is_named(gateway: Runtime, task_id: str, path: str) -> bool:
    """Newest first would be quicker; a journal is read once, and is short."""
    keys, after = gateway.hub.keys(task_id), None
    while True:
        history = await gateway.journal.read(keys, after, _PIECE)
        if isinstance(history, Absence):
            raise TaskbeamError(PROBLEM_OF_END[history])
        if is_referenced([history.snapshot.body, *(record.body for record in history.records)], path):
            return True
        if history.complete:
            return False
        after = EventId(*history.records[-1].id)


def is_referenced(bodies: Iterable[bytes], path: str) -> bool:
    """Whether one of the events has the file's address in its ``result`` or ``data``, as a member ``…url``.

    Not anywhere: a text that a user wrote may be anything, and a task may repeat it.
    """
    address = PREFIX + path
    quick = json.dumps(address).encode()
    for body in bodies:
        if quick in body:
            event = json.loads(body)
            if address in _urls([event.get("result"), event.get("data")]):
                return True
    return False


def _urls(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _urls(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and name.lower().endswith("url"):
                yield each
            else:
                yield from _urls(each)

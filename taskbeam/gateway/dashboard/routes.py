"""The operators' list of tasks over HTTP: for whoever may read the dashboard's own task."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.failures import grouped
from taskbeam.gateway.dashboard.models import FailureGroups, ListedTasks, TaskDetails
from taskbeam.gateway.dashboard.operators import OPERATOR_PROBLEMS, require_operator
from taskbeam.gateway.dashboard.place import Place
from taskbeam.gateway.dashboard.rows import Kind
from taskbeam.gateway.dashboard.task_list import MOST_LOOKED
from taskbeam.gateway.dashboard.wanted import Wanted
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.reading import json_response
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.journal.encode import to_json

router = APIRouter(prefix="/dashboard", tags=["dashboard"], route_class=GatewayRoute)

#: Tasks of one page, and how many it may be asked for.
DEFAULT_PAGE, MAX_PAGE = 50, 500

#: Unix seconds: the year 2255, which all numbers of JavaScript reach.
_LATEST = 9_000_000_000

Text = Annotated[
    str | None,
    Query(
        max_length=200,
        description="Words that all stand in its id, name, title, owner, tags, state, error code, reference, "
        "message, exception or worker; in any case.",
        json_schema_extra=forbid_null,
    ),
]
Exactly = Annotated[str | None, Query(max_length=255, json_schema_extra=forbid_null)]
State = Annotated[Kind | None, Query(description="How it stands.", json_schema_extra=forbid_null)]
Time = Annotated[
    float | None,
    Query(ge=0, le=_LATEST, description="Unix seconds, of when it was sent.", json_schema_extra=forbid_null),
]
Before = Annotated[
    str | None,
    Query(max_length=300, description="`next` of the page before.", json_schema_extra=forbid_null),
]
PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Tasks to return at the most.")]


async def _wanted(
    q: Text = None,
    name: Exactly = None,
    owner: Exactly = None,
    tag: Exactly = None,
    code: Exactly = None,
    exception: Exactly = None,
) -> Wanted:
    return Wanted(q or "", name, owner, tag, code, exception)


WantedDep = Annotated[Wanted, Depends(_wanted)]


@router.get(
    "/tasks",
    operation_id="list_tasks",
    response_model=ListedTasks,
    responses=documented(*OPERATOR_PROBLEMS) | {200: described("The tasks.", "Cache-Control")},
)
async def tasks(
    gateway: RuntimeDep,
    caller: CallerDep,
    wanted: WantedDep,
    state: State = None,
    since: Time = None,
    until: Time = None,
    before: Before = None,
    limit: PageLimit = DEFAULT_PAGE,
) -> Response:
    """All tasks that fit, the newest first. It takes the right to read the dashboard's own task.

    A page may have fewer than `limit`; `next` says whether there are more.
    """
    await require_operator(gateway, caller)
    place = _place(before)
    with caller.visit():
        page = await gateway.dashboard.task_list.page(wanted, state, since or 0, until, place, limit)
    following = None if page.following is None else str(page.following)
    body = {"tasks": page.tasks, "counts": page.counts, "next": following, "history": page.history}
    return json_response(to_json(body).encode(), cache_headers(200, Keep.NOBODY))


@router.get(
    "/tasks/{task_id}",
    operation_id="get_task_details",
    response_model=TaskDetails,
    responses=documented(*OPERATOR_PROBLEMS, problems.UNKNOWN_TASK)
    | {200: described("The task.", "Cache-Control")},
)
async def details(gateway: RuntimeDep, caller: CallerDep, task_id: TaskId) -> Response:
    """All that is known of one task: arguments, exception and traceback as Celery has stored them."""
    await require_operator(gateway, caller)
    with caller.visit():
        found = await gateway.dashboard.task_details.of(task_id)
        if found is None:
            raise TaskbeamError(problems.UNKNOWN_TASK)
        found |= await gateway.dashboard.run_again.links(task_id)
    return json_response(to_json(found).encode(), cache_headers(200, Keep.NOBODY))


@router.get(
    "/failures",
    operation_id="group_failures",
    response_model=FailureGroups,
    responses=documented(*OPERATOR_PROBLEMS) | {200: described("The groups.", "Cache-Control")},
)
async def failures(
    gateway: RuntimeDep, caller: CallerDep, since: Time = None, until: Time = None
) -> Response:
    """Failures by task name, error code and type of exception, those with the most first."""
    await require_operator(gateway, caller)
    with caller.visit():
        page = await gateway.dashboard.task_list.page(
            Wanted(), Kind.FAILED, since or 0, until, None, MOST_LOOKED
        )
    body = {"groups": grouped(page.tasks), "complete": page.following is None}
    return json_response(to_json(body).encode(), cache_headers(200, Keep.NOBODY))


def _place(text: str | None) -> Place | None:
    try:
        return None if text is None else Place.parse(text)
    except ValueError as error:
        raise TaskbeamError(problems.INVALID_REQUEST, f"query.before: {error}.") from None

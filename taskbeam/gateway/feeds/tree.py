"""From any task to the tree that it belongs to."""

from fastapi import APIRouter, Response

from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.gateway.problems import UNKNOWN_TASK, TaskbeamError
from taskbeam.gateway.runtime import Runtime

router = APIRouter(tags=["feeds"], route_class=GatewayRoute)


class TaskTree(AnswerBody):
    """Where a task belongs."""

    task_id: str
    feed: str


@router.get(
    "/tasks/{task_id}/tree",
    operation_id="get_task_tree",
    responses=documented(*TASK_PROBLEMS) | {200: described("The name of the feed.", "Cache-Control")},
)
async def tree(gateway: RuntimeDep, caller: CallerDep, response: Response, task_id: TaskId) -> TaskTree:
    """The feed of the tree that the task belongs to, whichever of its tasks it is.

    Whoever may read the task is told the name; the feed is read by whoever may read that.
    """
    await caller.require(Action.READ, task_id)
    with caller.visit():
        feed = await _feed_of(gateway, task_id)
    response.headers.update(cache_headers(200, Keep.NOBODY))
    return TaskTree(task_id=task_id, feed=feed)


async def _feed_of(gateway: Runtime, task_id: str) -> str:
    feed = await gateway.feeds.tree_of(task_id)
    if feed is None:
        await gateway.polling.snapshot(task_id)  # raises what is known of a task without a journal
        raise TaskbeamError(UNKNOWN_TASK)
    return feed

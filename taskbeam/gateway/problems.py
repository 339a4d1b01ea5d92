"""The closed table of what can go wrong for a client, the same on every transport."""

from __future__ import annotations

from typing import NamedTuple

from starlette.exceptions import HTTPException

from taskbeam.follow.outputs import End
from taskbeam.journal.history import Absence


class Problem(NamedTuple):
    """One row: a stable code, what HTTP and WebSocket answer with it, and whether trying again can help.

    ``status`` is the HTTP status of the `application/problem+json` body (RFC 9457); ``close`` the
    WebSocket close code (RFC 6455 §7.4.2 leaves 4000-4999 to applications).
    """

    code: str
    status: int
    close: int
    title: str
    retry: bool = False


UNAUTHENTICATED = Problem("unauthenticated", 401, 4401, "This needs a valid token.")
TOKEN_EXPIRED = Problem("token_expired", 401, 4401, "The token has expired.")
TOKEN_REVOKED = Problem("token_revoked", 401, 4401, "The token was revoked.")
FORBIDDEN = Problem("forbidden", 403, 4403, "The token is not good for this.")
FOREIGN_ORIGIN = Problem("foreign_origin", 403, 4403, "Pages of this site may not speak with the gateway.")
UNKNOWN_HOST = Problem("unknown_host", 421, 4421, "The gateway does not answer to this host.")
BAD_REQUEST = Problem("bad_request", 400, 4400, "The request is malformed.")
INVALID_REQUEST = Problem("invalid_request", 422, 4400, "The request has a field that does not fit.")
BAD_CURSOR = Problem("bad_cursor", 400, 4400, "A cursor is an event id such as 1763800000000-3.")
UNKNOWN_TASK = Problem("unknown_task", 404, 4404, "No task with this id was ever sent, or it is long gone.")
UNKNOWN_FEED = Problem("unknown_feed", 404, 4404, "There is no such feed, or it is not yours.")
EXPIRED = Problem("expired", 410, 4410, "The task's records have run out.")
FILE_GONE = Problem("file_gone", 410, 4410, "The file is not kept any more.")
TOO_LATE = Problem("too_late", 409, 4400, "The task has ended already.")
NOT_ENDED = Problem("not_ended", 409, 4400, "The task has not ended: it is not run again.")
ARGUMENTS_NOT_KEPT = Problem(
    "arguments_not_kept", 409, 4400, "Celery has not kept what the task was called with: set result_extended."
)
UNKNOWN_QUEUE = Problem(
    "unknown_queue", 409, 4400, "The gateway's application does not know the queue that the task was sent to."
)
NO_SUCH_QUEUE = Problem("no_such_queue", 404, 4404, "The broker has no such queue.")
REMOTE_CONTROL_OFF = Problem(
    "remote_control_off",
    409,
    4400,
    "The application's workers take no commands: worker_enable_remote_control is off.",
)
NOT_PAUSED = Problem("not_paused", 409, 4400, "No worker was told by the dashboard to pause this queue.")
NO_WORKER_ANSWERED = Problem("no_worker_answered", 503, 1013, "No worker answered in time.", retry=True)
BAD_IDEMPOTENCY_KEY = Problem("bad_idempotency_key", 400, 4400, "An Idempotency-Key has 1 to 255 characters.")
IDEMPOTENCY_CONFLICT = Problem(
    "idempotency_conflict", 409, 4400, "This Idempotency-Key was used with another body."
)
UNKNOWN_OP = Problem("unknown_op", 400, 4400, "The op is not one of subscribe, unsubscribe, auth and ping.")
BAD_JSON = Problem("bad_json", 400, 4400, "The message is not a JSON object.")
NOT_FOUND = Problem("not_found", 404, 4404, "There is nothing at this address.")
TOO_LARGE = Problem("too_large", 413, 4400, "The body is larger than what is taken.")
METHOD_NOT_ALLOWED = Problem("method_not_allowed", 405, 4400, "This address does not take that method.")
TOO_MANY = Problem("too_many", 429, 4429, "There are too many subscriptions.", retry=True)
TOO_MANY_CONNECTIONS = Problem(
    "too_many_connections", 429, 4429, "There are too many connections at the moment.", retry=True
)
TOO_MANY_JOBS = Problem("too_many_jobs", 429, 4429, "Too many jobs of this owner are waiting.", retry=True)
RATE_LIMITED = Problem("rate_limited", 429, 4429, "This owner asks for too much too quickly.", retry=True)
TOO_FAST = Problem("too_fast", 429, 4429, "The client says too much too quickly.", retry=True)
TOO_SLOW = Problem("too_slow", 408, 4408, "The request did not come in time.", retry=True)
HEAD_TOO_LARGE = Problem("head_too_large", 431, 1009, "The request's address and headers are too large.")
UNSUPPORTED_MEDIA_TYPE = Problem("unsupported_media_type", 415, 4400, "The body is to be application/json.")
IDLE = Problem("idle", 408, 4408, "The socket followed no task for too long.", retry=True)
INTERNAL = Problem("internal_error", 500, 1011, "The gateway failed to answer.", retry=True)
UNAVAILABLE = Problem("unavailable", 503, 1013, "The gateway cannot reach Redis.", retry=True)
INSUFFICIENT_STORAGE = Problem(
    "insufficient_storage", 507, 1013, "There is no room to store this at the moment.", retry=True
)
RECORDS_MISSING = Problem(
    "records_missing", 503, 1013, "Redis has lost the records of the task, which may go on.", retry=True
)
RESTARTING = Problem(
    "restarting", 503, 1012, "The gateway is restarting: reconnect with your cursor.", retry=True
)

#: What a client is told when there is nothing to follow.
PROBLEM_OF_END = {
    End.UNKNOWN: UNKNOWN_TASK,
    End.EXPIRED: EXPIRED,
    Absence.UNKNOWN: UNKNOWN_TASK,
    Absence.EXPIRED: EXPIRED,
    Absence.MISSING: RECORDS_MISSING,
}


class TaskbeamError(HTTPException):
    """A problem on its way to the client; ``detail`` says more about this one occurrence.

    ``retry_after``: seconds until the same request may be taken, where somebody knows. An application without
    the gateway's problem handlers answers it as any `HTTPException`.
    """

    def __init__(self, problem: Problem, detail: str | None = None, retry_after: int | None = None) -> None:
        headers = None if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(problem.status, detail or problem.title, headers)
        self.problem = problem
        self.more = detail

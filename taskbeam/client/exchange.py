"""The gateway's plain calls: what to send, and what to read from the answer. Sans I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

from taskbeam.contract.errors import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.contract.errors import Refused


@dataclass(frozen=True, slots=True)
class SentTask:
    """A task that an application sent for us, with the token that follows it, if the gateway signs tokens.

    ``urls`` are its addresses: ``self``, ``events``, ``ws`` and ``cancel``.
    """

    task_id: str
    token: str | None
    urls: Mapping[str, str]


class Addresses:
    """The gateway's addresses, below ``base``."""

    def __init__(self, base: str) -> None:
        self._base = base if base.endswith("/") else base + "/"

    def task(self, task_id: str, path: str = "") -> str:
        """Of a task, and what is below it."""
        return f"{self._base}tasks/{quote(task_id, safe='')}{path}"

    def feed(self, feed: str, path: str = "") -> str:
        """Of a feed, and what is below it."""
        return f"{self._base}feeds/{quote(feed, safe=':')}{path}"

    def of_application(self, reference: str) -> str:
        """Of the application beside the gateway: ``reference`` is relative to ``base`` (RFC 3986)."""
        return urljoin(self._base, reference)


def problem_in(status: int | None, body: bytes) -> Refused:
    """The error for an answer that is not what was asked for. What answered may not have been the gateway."""
    try:
        problem = json.loads(body)
        code = problem["code"]
    except (ValueError, KeyError, TypeError):
        return refusal(f"http_{status}", f"The answer was HTTP {status}.", status, retry=_may_pass(status))
    message = str(problem.get("detail") or problem.get("title") or code)
    return refusal(str(code), message, status, retry=bool(problem.get("retry")))


def document(status: int, body: bytes) -> Any:
    """The JSON of an answer. Raises `Refused`."""
    if 200 <= status < 300:
        try:
            return json.loads(body)
        except ValueError:
            raise refusal("bad_answer", "The answer is no JSON.", status) from None
    raise problem_in(status, body)


def sent_task(answer: Any) -> SentTask:
    """Read the answer to whoever sent a task. Raises `Refused` for what is none."""
    try:
        return SentTask(answer["task_id"], answer.get("token"), answer["urls"])
    except (TypeError, KeyError, AttributeError):
        raise refusal("bad_answer", "The answer names no task: is this an address that sends one?") from None


def _may_pass(status: int | None) -> bool:
    """Of an answer without a problem's document, such as a proxy's."""
    return status is None or status in {0, 408, 425, 429} or status >= 500

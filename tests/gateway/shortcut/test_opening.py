"""Who answers a request for a stream that cannot be decided now."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from taskbeam.gateway.auth.identity import ANYONE
from taskbeam.gateway.problems import UNAVAILABLE, UNKNOWN_TASK
from taskbeam.gateway.shortcut.opening import ShortcutOpening
from taskbeam.gateway.shortcut.plain_request import PlainRequest
from taskbeam.gateway.shutdown import Shutdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.problems import Problem


class Connection:
    """Writes down which of its methods answered."""

    def __init__(self) -> None:
        self.answered: list[str] = []

    def decline(self) -> None:
        self.answered.append("by the application")

    def unavailable(self) -> None:
        self.answered.append("unavailable")


class Admission:
    identity = ANYONE
    number = 7
    here = True

    def attach(self, host: object) -> None:
        """Nobody dismisses it."""

    def leave(self) -> None:
        self.here = False


def answered(refusal: Problem) -> list[str]:
    """Who answered a request that the policy refuses."""

    def ask(identity: object, task_id: str, then: Callable[[Problem], None]) -> None:  # noqa: ARG001
        then(refusal)

    async def begin() -> list[str]:
        gateway: Any = SimpleNamespace(
            settings=SimpleNamespace(redis_timeout=60.0),
            guard=SimpleNamespace(access=SimpleNamespace(ask=ask)),
            shutdown=Shutdown(),
        )
        connection, admission = Connection(), Admission()
        request = PlainRequest("7", None, None, {})
        ShortcutOpening(gateway, request, cast("Any", connection), cast("Any", admission), bytes).begin()
        assert not admission.here
        return connection.answered

    return asyncio.run(begin())


@pytest.mark.parametrize(
    ("refusal", "by"), [(UNKNOWN_TASK, "by the application"), (UNAVAILABLE, "unavailable")]
)
def test_a_client_has_not_to_be_patient_twice(refusal: Problem, by: str) -> None:
    """The application would ask Redis again, which has been silent for as long as a request may take."""
    assert answered(refusal) == [by]

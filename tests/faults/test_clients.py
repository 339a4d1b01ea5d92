"""The laboratory's own clients are told what the journal has, and see what a real client would see."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from tests.support.gateway import Gateway, gateway
from tests.support.journal import Journals, Task
from tests.support.waiting import wait_until

from .clients.audience import Audience
from .clients.client import TRANSPORTS
from .clients.long_poll import bodies_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey

    from .account import Account


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), heartbeat=1) as running:
        yield running


@pytest.fixture
def audience(served: Gateway) -> Iterator[Audience]:
    with Audience([served.port]) as audience:
        yield audience


@pytest.fixture
def task(valkey: Valkey) -> Iterator[Task]:
    with Journals(valkey.url(1)) as journals:
        yield journals.task()


def follow(audience: Audience, task_id: str, rate: int | None = None) -> list[Account]:
    """A client of each transport, which has the first event."""
    for transport in TRANSPORTS:
        audience.follow(task_id, transport, rate)
    return heard(audience, 1)


def heard(audience: Audience, count: int) -> list[Account]:
    wait_until(
        lambda: all(len(each.heard) >= count for each in audience.accounts), lambda: str(audience.accounts)
    )
    return audience.accounts


def finished(audience: Audience, task: Task) -> list[Account]:
    task.finish()
    wait_until(lambda: audience.over, lambda: str(audience.accounts))
    told = [(str(record.id), crc32(record.body)) for record in task.records()]
    for account in audience.accounts:
        assert [(str(each.id), each.crc) for each in account.heard] == told
    return audience.accounts


def test_all_events_live_with_the_bytes_of_the_journal(audience: Audience, task: Task) -> None:
    follow(audience, task.id)
    task.append({"text": "ü\u2028 " + "x" * 70_000})
    task.grow(5)
    assert all(not each.retried for each in finished(audience, task))


def test_all_events_over_several_connections(audience: Audience, task: Task) -> None:
    follow(audience, task.id)
    for turn in range(3):
        task.grow(2)
        heard(audience, 3 + 2 * turn)
        audience.cut()
    task.grow(1)
    assert all(len(each.away) == 3 for each in finished(audience, task))


def test_a_frozen_client_goes_on_where_it_was(audience: Audience, task: Task) -> None:
    follow(audience, task.id)
    audience.freeze(1.0)
    task.grow(5)
    audience.thaw()
    finished(audience, task)


def test_a_slow_client_gets_everything(audience: Audience, task: Task) -> None:
    follow(audience, task.id, rate=20_000)
    task.grow(20)
    finished(audience, task)


def test_a_problem_that_a_client_does_not_come_back_from(audience: Audience) -> None:
    for transport in TRANSPORTS:
        audience.follow("nobody-sent-this", transport)
    wait_until(lambda: audience.over)
    assert [each.error for each in audience.accounts] == ["unknown_task"] * len(TRANSPORTS)


def test_a_gateway_that_is_away_is_asked_again(served: Gateway, task: Task) -> None:
    ports = [1]
    with Audience(ports) as audience:
        for transport in TRANSPORTS:
            audience.follow(task.id, transport)
        wait_until(lambda: all(each.retried for each in audience.accounts))
        ports[0] = served.port
        finished(audience, task)


@pytest.mark.parametrize("events", [[], ['{"a":"],["}'], ['{"a":[1]}', "{}"]])
def test_a_poll_has_its_events_as_they_are_written(events: list[str]) -> None:
    assert bodies_of(f'{{"events":[{",".join(events)}],"final":false}}') == events

"""What a gateway tells feeds of a cluster whose servers are away, and when. The servers are played here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.exceptions import ConnectionError, NoPermissionError, ResponseError  # noqa: A004

from taskbeam.cluster import async_feed_teller
from taskbeam.cluster.async_feed_teller import AsyncFeedTeller
from taskbeam.cluster.exchange import first_key
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.feeds.owed import News, Owed
from taskbeam.journal.keys import CELERY_PREFIX

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.resp_connection import Part

REVOKED = News("1-2 1 {}", "REVOKED", "1-1")


class Servers:
    """Have feeds, which lack all that a task's journal has."""

    def __init__(self) -> None:
        #: What some answer instead, by a part of their keys.
        self.errors: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.told: list[str] = []
        self._changed = asyncio.Event()

    def ask(self, then: Callable[[Any], None], *command: Part) -> None:
        key = str(first_key(command))
        self.asked.append(key)
        self._changed.set()
        error = next((error for part, error in self.errors.items() if part in key), None)
        if error is not None:
            then(error)
        elif "feed" in key:
            self.told.append(key.split("meta-")[1].split("}")[0])
            then([b"", b"told", b"", 0])
        else:  # the journal of a task: it is gone by now
            then(None)

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()


async def revoke(teller: AsyncFeedTeller, task_id: str, *feeds: str) -> None:
    await teller.tell(ClusterKeys(CELERY_PREFIX + task_id), Owed(feeds, REVOKED))


def run(scene: Callable[[Servers, AsyncFeedTeller], Awaitable[None]]) -> None:
    async def played() -> None:
        servers = Servers()
        teller = AsyncFeedTeller(cast("Exchange", servers))
        async with asyncio.timeout(DEADLINE):
            await scene(servers, teller)
            await teller.aclose()

    asyncio.run(played())


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_feed_teller, "PAUSE", 0.0)


def test_an_end_that_cannot_be_told_is_told_when_its_server_is_back_and_feeds_elsewhere_meanwhile(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(servers: Servers, teller: AsyncFeedTeller) -> None:
        servers.errors = {"owner:ada": ConnectionError("away"), "tag:x": ConnectionError("away, too")}
        await revoke(teller, "a", "owner:ada", "tag:x", "tag:here")
        assert servers.told == ["tag:here"]
        del servers.errors["tag:x"]
        await servers.until(lambda: "tag:x" in servers.told)
        del servers.errors["owner:ada"]
        await servers.until(lambda: "owner:ada" in servers.told)

    run(scene)
    assert caplog.messages[:2] == [
        "Cannot update feed owner:ada of task a. Trying again until its server answers: away",
        "Cannot update feed tag:x of task a. Trying again until its server answers: away, too",
    ]


def test_a_task_whose_server_is_away_is_in_no_other_ones_way() -> None:
    """Both are in one feed, which answers by now."""

    async def scene(servers: Servers, teller: AsyncFeedTeller) -> None:
        servers.errors = {"owner:ada": ConnectionError("away")}
        await revoke(teller, "a", "owner:ada")
        await revoke(teller, "b", "owner:ada")
        servers.errors = {"meta-a": ConnectionError("away")}
        await servers.until(lambda: any("meta-b" in key for key in servers.asked))
        servers.errors = {}
        servers.asked.clear()
        await servers.until(lambda: any("meta-a" in key for key in servers.asked))

    run(scene)


@pytest.mark.parametrize(
    "refusal", [ResponseError("WRONGTYPE not a hash"), NoPermissionError("this user may not")]
)
def test_what_will_not_be_taken_is_not_tried_again(
    refusal: ResponseError, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(servers: Servers, teller: AsyncFeedTeller) -> None:
        servers.errors = {"owner:ada": refusal}
        await revoke(teller, "a", "owner:ada")
        assert teller._background.names == []

    run(scene)
    assert caplog.messages == [f"Cannot update feed owner:ada of task a: {refusal}"]


def test_what_there_is_no_room_for_is_logged_and_what_is_left_in_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(async_feed_teller, "MOST", 1)

    async def scene(servers: Servers, teller: AsyncFeedTeller) -> None:
        servers.errors = {"owner:ada": ConnectionError("away")}
        for task_id in "abba":
            await revoke(teller, task_id, "owner:ada")

    run(scene)
    dropped = [message for message in caplog.messages if message.startswith("Dropped")]
    assert [message.split(": ")[0] for message in dropped] == [
        "Dropped an update of feed owner:ada of task b",
    ]
    assert caplog.messages[-1].startswith("Stopping before 1 feeds are up to date")

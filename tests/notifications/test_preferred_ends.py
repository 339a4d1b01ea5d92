"""What is not wanted is not sent: owners say so over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.notifications.preferences import MOST
from tests.support.receiver import receiving, said
from tests.support.results import control

from .asking import asking
from .stage import due_now, run, told, until

if TYPE_CHECKING:
    import redis

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

OK = said("HTTP/1.1 204 No Content\n\n")

PATH = "/notifications/preferences"
NONE = {"channel": "*", "tasks": "*", "tell": "none"}


class TestOverHttp:
    def test_an_owner_says_what_to_tell_and_hears_nothing_else(
        self, served: Gateway, store: redis.Redis, journals: Journals
    ) -> None:
        async def test() -> None:
            async with receiving(OK) as receiver:
                with asking(served, owner="ada") as ada, asking(served, owner="bob") as bob:
                    for client in (ada, bob):
                        webhook = {"url": f"http://127.0.0.1:{receiver.port}/x"}
                        assert client.post("/webhooks", json=webhook).status_code == 201
                    wanted = {"preferences": [{"channel": "webhook", "tasks": "tests.*", "tell": "failures"}]}
                    assert ada.put(PATH, json=wanted).json() == wanted | {"critical": []}
                tasks = [journals.task(labels={"owner": owner}) for owner in ("ada", "ada", "bob")]
                tasks[0].finish()
                tasks[1].append(state="FAILURE", type="state", final=True, error={"code": "task_failed"})
                tasks[2].finish()
                due_now(store)
                await until(lambda: len(receiver.requests) >= 2 and not store.exists(control().notify_due))
                assert sorted(told(receiver)) == sorted([tasks[1].id, tasks[2].id])

        run(test())

    def test_what_is_said_takes_the_place_of_what_was(self, served: Gateway, store: redis.Redis) -> None:
        other = {"channel": "push", "tasks": "reports.*", "tell": "all"}
        with asking(served, owner="ada") as ada:
            assert ada.get(PATH).json() == {"preferences": [], "critical": []}
            for rows in ([NONE, other], [other], [other, NONE]):
                assert ada.put(PATH, json={"preferences": rows}).status_code == 200
                assert ada.get(PATH).json()["preferences"] == rows
            assert ada.put(PATH, json={"preferences": []}).status_code == 200
        assert not store.exists(control().notify_preferences)

    def test_nobody_elses_are_shown_or_changed(
        self, served: Gateway, store: redis.Redis, journals: Journals
    ) -> None:
        task = journals.task(labels={"owner": "ada"})
        with asking(served, owner="ada") as ada:
            ada.put(PATH, json={"preferences": [NONE]})
        with asking(served, owner="bob") as bob:
            assert bob.get(PATH).json()["preferences"] == []
            bob.put(PATH, json={"preferences": []})
        # A token for one task is no token for all of its owner's.
        with asking(served, tasks=[task.id], sub="ada") as holder:
            for answer in (holder.get(PATH), holder.put(PATH, json={"preferences": []})):
                assert (answer.status_code, answer.json()["code"]) == (404, "unknown_feed")
        assert store.hkeys(control().notify_preferences) == ["ada"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            {"preferences": {}},
            {"preferences": [NONE], "critical": []},
            {"preferences": [NONE | {"tell": "some"}]},
            {"preferences": [NONE | {"channel": "email"}]},
            {"preferences": [NONE | {"owner": "bob"}]},
            {"preferences": [NONE | {"tasks": "*.make"}]},
            {"preferences": [NONE | {"tasks": ""}]},
            {"preferences": [NONE | {"tasks": "x" * 256}]},
            {"preferences": [{"tell": "none"}]},
            {"preferences": [NONE] * (MOST + 1)},
        ],
    )
    def test_what_nobody_can_want_is_refused_and_changes_nothing(
        self, served: Gateway, store: redis.Redis, body: object
    ) -> None:
        with asking(served, owner="ada") as ada:
            most = [NONE | {"tasks": "x" * 255}] * MOST
            assert ada.put(PATH, json={"preferences": most}).status_code == 200
            answer = ada.put(PATH, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
            assert ada.get(PATH).json()["preferences"] == most
        assert store.hkeys(control().notify_preferences) == ["ada"]

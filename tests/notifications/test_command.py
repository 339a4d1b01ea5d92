"""`taskbeam webhooks`: webhooks that an operator makes, told by whichever sender there is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from standardwebhooks import Webhook

from taskbeam.cli.commands import commands
from tests.support.receiver import receiving, said
from tests.support.results import control, results_at

from .conftest import DB
from .stage import due_now, headers, run, staged, until

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from stack.valkey import Valkey
    from tests.support.journal import Journals


@pytest.fixture
def command(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs one and returns what it prints; fails where its exit code is another one."""
    monkeypatch.setenv("TASKBEAM_BROKER_URL", valkey.url())
    monkeypatch.setenv("TASKBEAM_RESULT_BACKEND", "taskbeam+" + results_at(valkey.url(DB)))
    monkeypatch.setenv("TASKBEAM_AUTH", "open")
    monkeypatch.setenv("TASKBEAM_WEBHOOK_NETWORKS", '["127.0.0.0/8"]')

    def call(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(commands, ["webhooks", *arguments])
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.output

    return call


def test_an_operator_makes_a_webhook_and_sees_what_comes_of_it(
    command: Callable[..., str], valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    found: list[str] = []

    async def test() -> None:
        gone = said("HTTP/1.1 410 Gone\ncontent-length: 0\n\n")
        async with receiving(gone) as receiver, staged(valkey.url(DB)):
            url = f"http://127.0.0.1:{receiver.port}/x"
            secret = (await asyncio.to_thread(command, "create", url, "--state", "SUCCESS")).strip()
            [row] = json.loads(await asyncio.to_thread(command, "list", "--json"))
            assert (row["url"], row["wanted"]["states"], row["owner"]) == (url, ["SUCCESS"], None)
            assert secret not in json.dumps(row)
            assert "HTTP 410" in await asyncio.to_thread(command, "test", row["id"], code=1)
            journals.task().finish()
            due_now(store)
            await until(lambda: len(receiver.requests) == 2 and not store.exists(control().notify_due))
            for request in receiver.requests:
                assert Webhook(secret).verify(request[1], headers(request))
            found.extend((row["id"], headers(receiver.requests[1])["webhook-id"]))

    run(test())
    webhook, message = found
    assert "disabled: HTTP 410" in command("list")
    [delivery] = json.loads(command("deliveries", webhook, "--json"))
    assert (delivery["message"], delivery["answer"]) == (message, "HTTP 410")
    assert message in command("given-up")
    assert not store.exists(control().notify_asked)
    command("enable", webhook)
    assert store.hget(control().notify_asked, "*") == "1"
    command("replay", webhook, message)
    assert store.zcard(control().notify_due) == 1
    assert command("rotate", webhook).startswith("whsec_")
    assert "no webhook" in command("delete", webhook, "--owner", "ada", code=1)
    command("delete", webhook)
    assert command("list") == ""


def test_what_requests_do_not_go_to_is_refused(command: Callable[..., str], store: redis.Redis) -> None:
    assert store.dbsize() == 0
    assert "The URL cannot be used" in command("create", "https://10.0.0.1/", code=1)

"""API keys with names: what they open, for how long, and that nobody reads them anywhere."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis

from taskbeam.gateway.auth.api_key import ApiKey, KeyRights, KeyText
from taskbeam.gateway.auth.api_keys import ApiKeys, NoSuchKeyError
from taskbeam.gateway.auth.audit import KEPT, Actor, Audit, Entry
from taskbeam.gateway.auth.name_patterns import allows
from taskbeam.gateway.auth.senders import Sender, may_send
from taskbeam.gateway.problems import FORBIDDEN
from taskbeam.gateway.server.redaction import redact
from tests.cli.running import run
from tests.support.gateway import Gateway, gateway
from tests.support.results import client_of, connected_to, control, names, results_at
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Awaitable, Callable

    from stack.valkey import Valkey
    from tests.support.journal import Journals

SETTINGS = TOKENS
ACTOR = Actor("cli:tests", "here")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def key(**more: Any) -> tuple[ApiKey, KeyText]:
    text = KeyText.new()
    return ApiKey.model_validate(
        {"name": "shop", "id": text.id, "digest": text.digest, "created": 0.0} | more
    ), text


class TestARecord:
    def test_opens_to_its_text_alone(self) -> None:
        made, text = key()
        assert made.opens(text, 1.0)
        for wrong in (KeyText.new(text.id), KeyText(text.id, text.secret[:-1]), KeyText(text.id, "")):
            assert not made.opens(wrong, 1.0)

    def test_has_no_secret(self) -> None:
        made, text = key()
        assert text.secret not in made.model_dump_json()

    def test_opens_until_it_expires(self) -> None:
        made, text = key(expires=100.0)
        assert made.opens(text, 99.9)
        assert not made.opens(text, 100.0)

    def test_opens_not_when_it_was_revoked(self) -> None:
        made, text = key(revoked=50.0)
        assert not made.opens(text, 10.0)

    def test_that_was_rotated_opens_to_both_texts_for_a_while(self) -> None:
        made, first = key()
        second, third = KeyText.new(made.id), KeyText.new(made.id)
        once = made.rotated(second, 100.0, grace=10.0)
        assert [once.opens(text, 109.9) for text in (first, second)] == [True, True]
        assert [once.opens(text, 110.0) for text in (first, second)] == [False, True]
        twice = once.rotated(third, 105.0, grace=10.0)
        assert [twice.opens(text, 106.0) for text in (first, second, third)] == [False, True, True]

    def test_without_a_secret_before_opens_to_none(self) -> None:
        made, text = key(previous_until=1e12)
        assert not made.opens(KeyText(text.id, "anything"), 1.0)


@pytest.mark.parametrize(
    "text", ["", "tb", "tb_", "tb_a", "tb_a_", "tb__b", "xx_a_b", "TB_a_b", "tb_a_\u00fc", "an-api-key"]
)
def test_a_text_of_another_form(text: str) -> None:
    assert KeyText.read(text) is None


def test_a_text_is_read_as_it_was_written() -> None:
    text = KeyText.new()
    assert KeyText.read(str(text)) == text
    assert len(bytes.fromhex(text.secret)) == 32


@pytest.mark.parametrize(
    ("names", "name", "has"),
    [
        (None, "anything", True),
        (("a",), "a", True),
        (("a",), "ab", False),
        (("a", "b.*"), "b.c", True),
        (("b.*",), "b", False),
        (("*",), "", True),
        (("a*b",), "axb", False),
        (("A",), "a", False),
    ],
)
def test_a_list_of_names(names: tuple[str, ...] | None, name: str, has: bool) -> None:
    assert allows(names, name) is has


@pytest.mark.parametrize(
    ("sender", "name", "queue", "may"),
    [
        (Sender(), "t", "q", True),
        (Sender(tasks=("t",)), "t", "q", True),
        (Sender(tasks=("t",)), "u", "q", False),
        (Sender(queues=("q",)), "t", "q", True),
        (Sender(queues=("q",)), "t", "r", False),
        (Sender(queues=("q",)), "t", None, False),
        (Sender(tasks=("t",), queues=("q",)), "u", "q", False),
    ],
)
def test_what_a_sender_may_send(sender: Sender, name: str, queue: str, may: bool) -> None:
    assert may_send(sender, name, queue) is (None if may else FORBIDDEN)


class Store:
    """The keys on the tests' Redis."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.clock = Clock()

    def do(self, work: Callable[[ApiKeys], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with connected_to(self._url) as client:
                return await work(ApiKeys(client, control(), self.clock))

        return asyncio.run(run())

    def audit(self) -> list[Entry]:
        async def run() -> list[Entry]:
            async with connected_to(self._url) as client:
                return await Audit(client, control()).newest(100)

        return asyncio.run(run())

    def create(self, lifetime: float | None = None, admin: bool = False, **rights: Any) -> KeyText:
        given = KeyRights.model_validate({"name": "shop"} | rights)
        made: KeyText = self.do(lambda keys: keys.create(ACTOR, given, lifetime=lifetime, admin=admin))[1]
        return made

    def opens(self, text: object) -> bool:
        return self.do(lambda keys: keys.find(str(text))) is not None


@pytest.fixture
def store(valkey: Valkey) -> Store:
    return Store(valkey.url(1))


class TestTheStore:
    def test_finds_what_it_made_and_nothing_else(self, store: Store) -> None:
        text = store.create()
        assert store.opens(text)
        assert not store.opens(KeyText.new(text.id))
        assert not store.opens(KeyText.new())
        assert not store.opens("")

    def test_a_key_expires(self, store: Store) -> None:
        text = store.create(lifetime=60)
        assert store.opens(text)
        store.clock.now += 61
        assert not store.opens(text)

    def test_a_revoked_key_is_not_rotated_back_to_life(self, store: Store) -> None:
        text = store.create()
        store.do(lambda keys: keys.revoke(ACTOR, text.id, 3600))
        assert not store.opens(text)
        for change in (
            lambda keys: keys.rotate(ACTOR, text.id, 60),
            lambda keys: keys.revoke(ACTOR, text.id, 3600),
        ):
            with pytest.raises(NoSuchKeyError):
                store.do(change)

    def test_revoking_while_others_rotate_is_not_lost(self, store: Store) -> None:
        """The changes are made one after the other, whoever makes them."""
        text = store.create()

        async def all_at_once(keys: ApiKeys) -> Any:
            rotations = [keys.rotate(ACTOR, text.id, 60) for _ in range(10)]
            return await asyncio.gather(*rotations, keys.revoke(ACTOR, text.id, 3600), return_exceptions=True)

        made = store.do(all_at_once)
        assert not isinstance(made[-1], BaseException)
        assert not any(store.opens(each[1]) for each in made[:-1] if not isinstance(each, BaseException))

    def test_says_about_when_a_key_was_used(self, store: Store) -> None:
        text = store.create()
        assert used(store, text.id) is None
        store.opens(text)
        assert used(store, text.id) == round(store.clock.now)

    def test_opens_to_no_record_of_another_form(self, store: Store, journals: Journals) -> None:
        text = KeyText.new()
        for stored in ("", "{}", "null", json.dumps({"id": text.id, "digest": ""})):
            journals.redis.hset(control().api_keys, text.id, stored)
            assert not store.opens(text)
        journals.redis.hdel(control().api_keys, text.id)


def used(store: Store, key_id: str) -> float | None:
    found: float | None = {made.id: at for made, at in store.do(lambda keys: keys.all())}[key_id]
    return found


class TestTheAuditLog:
    def test_says_who_did_what_from_where(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "taskbeam.audit")
        text = store.create(name="shop two")
        store.do(lambda keys: keys.rotate(ACTOR, text.id, 60))
        store.do(lambda keys: keys.revoke(ACTOR, text.id, 3600))
        entries = store.audit()[:3]
        assert [entry.action for entry in entries] == ["revoke_key", "rotate_key", "create_key"]
        for entry in entries:
            assert (entry.who, entry.origin, entry.target) == ("cli:tests", "here", f"key:{text.id}")
            assert json.loads(entry.detail)["name"] == "shop two"
            assert abs(entry.at - time.time()) < 600
        lines = [json.loads(record.getMessage()) for record in caplog.records]
        assert [line["action"] for line in lines] == ["create_key", "rotate_key", "revoke_key"]
        assert {"who", "action", "target", "origin", "detail"} == set(lines[0])

    def test_forgets_the_oldest(self, store: Store, journals: Journals) -> None:
        with journals.redis.pipeline(transaction=False) as pipe:
            for _ in range(KEPT + 500):
                pipe.xadd(
                    control().audit, {"who": "", "action": "", "target": "", "origin": "", "detail": ""}
                )
            pipe.execute()
        store.create()
        assert journals.redis.xlen(control().audit) < KEPT + 200


def send(http: httpx.Client, text: object, **headers: str) -> httpx.Response:
    return http.post("/reports", json={"user_id": 123}, headers={"X-API-Key": str(text)} | headers)


class TestOverHttp:
    @pytest.mark.parametrize(
        ("rights", "named", "status", "owner"),
        [
            ({}, None, 202, None),
            ({}, "user-123", 202, b"user-123"),
            ({"owners": ["user-123"]}, None, 202, b"user-123"),
            ({"owners": ["user-123"]}, "user-123", 202, b"user-123"),
            ({"owners": ["user-123"]}, "user-124", 403, None),
            ({"owners": ["user-123", "user-124"]}, "user-124", 202, b"user-124"),
            ({"owners": ["user-123", "user-124"]}, None, 403, None),
            ({"owners": ["user-1*"]}, "user-17", 202, b"user-17"),
            ({"owners": ["user-1*"]}, None, 403, None),
            ({"owners": ["user-124"]}, None, 403, None),
            ({"owners": ["user-124"]}, "user-124", 403, None),
            ({"queues": ["reports"]}, None, 202, None),
            ({"queues": ["images", "rep*"]}, None, 202, None),
            ({"queues": ["images"]}, None, 403, None),
            ({"tasks": ["reports.generate"]}, None, 202, None),
            ({"tasks": ["images.*"]}, None, 403, None),
            ({"admin": True}, None, 403, None),
        ],
    )
    def test_what_a_key_sends(
        self,
        http: httpx.Client,
        store: Store,
        journals: Journals,
        rights: dict[str, Any],
        named: str | None,
        status: int,
        owner: bytes | None,
    ) -> None:
        answer = send(http, store.create(**rights), **({"Taskbeam-Owner": named} if named else {}))
        assert answer.status_code == status
        if status == 202:
            assert journals.redis.hget(names(answer.json()["task_id"]).head, "owner") == owner
        else:
            assert answer.json()["code"] == "forbidden"

    def test_a_revoked_key_sends_nothing_more_from_the_next_request_on(
        self, http: httpx.Client, store: Store, valkey: Valkey
    ) -> None:
        """On another gateway, too."""
        text = store.create()
        assert send(http, text).status_code == 202
        store.do(lambda keys: keys.revoke(ACTOR, text.id, 3600))
        assert send(http, text).status_code == 401
        with (
            gateway(valkey.url().removesuffix("/0"), **SETTINGS) as other,
            httpx.Client(base_url=other.http, timeout=60) as client,
        ):
            assert send(client, text).status_code == 401

    def test_a_rotated_key_sends_by_both_texts(self, http: httpx.Client, store: Store) -> None:
        store.clock.now = time.time()
        first = store.create()
        second = store.do(lambda keys: keys.rotate(ACTOR, first.id, 3600))[1]
        assert [send(http, text).status_code for text in (first, second)] == [202, 202]
        store.do(lambda keys: keys.rotate(ACTOR, first.id, 0))
        assert [send(http, text).status_code for text in (first, second)] == [401, 401]

    def test_a_wrong_key_beside_a_good_token_is_not_passed_over(self, http: httpx.Client) -> None:
        answer = http.post(
            "/reports",
            json={"user_id": 123},
            headers=bearer(sign(scope="send", owner="o")) | {"X-API-Key": str(KeyText.new())},
        )
        assert answer.status_code == 401

    def test_no_secret_is_in_redis_or_in_the_log(
        self, http: httpx.Client, served: Gateway, store: Store, valkey: Valkey
    ) -> None:
        text = store.create()
        assert send(http, text).status_code == 202
        http.get(f"/tasks/x?after={text}")
        assert text.secret.encode() not in everything(valkey)
        assert text.secret not in served.process.output

    def test_the_settings_keys_send_everything(self, http: httpx.Client) -> None:
        assert send(http, "an-api-key-of-the-tests").status_code == 202


def everything(valkey: Valkey) -> bytes:
    """All that Redis has, as DUMP gives it; short values are not compressed."""
    found = b""
    for client in (redis.Redis.from_url(valkey.url(0)), client_of(valkey.url(1))):
        with client as each:
            found += b"".join(each.dump(name) or b"" for name in each.scan_iter(count=1000))
    return found


def test_the_log_shows_no_secret() -> None:
    text = KeyText.new()
    told = redact(f'GET /x?a={text} "{text}" tb_{text.id}_')
    assert text.secret not in told
    assert text.id in told


class TestTheCommands:
    @pytest.fixture
    def command(self, valkey: Valkey) -> Callable[..., subprocess.CompletedProcess[str]]:
        return partial(run, result_backend="taskbeam+" + results_at(valkey.url(1)), broker_url=valkey.url())

    @pytest.mark.parametrize("served", ["detached"], indirect=True)  # the commands know of no paths
    def test_the_life_of_a_key(self, command: Any, store: Store, http: httpx.Client) -> None:
        store.clock.now = time.time()
        created = command(
            "keys", "create", "The shop", "--owner", "user-123", "--queue", "reports", "--expires", "30"
        )
        text = KeyText.read(created.stdout.strip())
        assert text is not None, created.stderr
        assert send(http, text).status_code == 202
        rotated = KeyText.read(command("keys", "rotate", text.id, "--grace", "0").stdout.strip())
        assert rotated is not None
        assert [send(http, each).status_code for each in (text, rotated)] == [401, 202]
        listed = {row["id"]: row for row in json.loads(command("keys", "list", "--json").stdout)}[text.id]
        assert (listed["name"], listed["owners"], listed["queues"]) == ("The shop", ["user-123"], ["reports"])
        assert listed["last_used"] is not None
        assert "digest" not in listed
        assert command("keys", "revoke", text.id).returncode == 0
        assert send(http, rotated).status_code == 401
        assert "revoked" in next(
            line for line in command("keys", "list").stdout.splitlines() if text.id in line
        )
        actions = [
            row["action"]
            for row in json.loads(command("keys", "audit", "--json").stdout)
            if text.id in row["target"]
        ]
        assert actions == ["revoke_key", "rotate_key", "create_key"]
        shown = command("keys", "list").stdout + command("keys", "audit").stdout
        assert text.secret not in shown
        assert rotated.secret not in shown

    def test_revoking_tokens_is_in_the_audit_log(self, command: Any, store: Store) -> None:
        assert command("revoke", "--owner", "somebody", "--token", "some-jti").returncode == 0
        found = {(entry.action, entry.target, entry.who[:4]) for entry in store.audit()[:2]}
        assert found == {
            ("revoke_tokens", "owner:somebody", "cli:"),
            ("revoke_tokens", "token:some-jti", "cli:"),
        }

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (["revoke", "nobody"], "There is no key nobody"),
            (["rotate", "nobody"], "There is no key nobody"),
            (["create", " "], "name"),
            (["create", "a\nb"], "name"),
            (["create", "a", "--owner", ""], "owners"),
            (["create", "a", "--expires", "0"], "--expires"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, command: Any, arguments: list[str], word: str) -> None:
        done = command("keys", *arguments)
        assert done.returncode != 0
        assert word in done.stderr
        assert "Traceback" not in done.stderr

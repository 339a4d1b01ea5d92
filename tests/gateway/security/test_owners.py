"""Whose a task is: a name in any language is kept as it is, and what is no name is refused, never garbled."""

from __future__ import annotations

import asyncio
import unicodedata
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock

import pytest
from click import BadParameter, Context

from taskbeam.cli.webhooks import webhooks
from taskbeam.gateway import CelerySettings, GatewaySettings, Sender, celery_application
from taskbeam.gateway import Gateway as OwnGateway
from taskbeam.gateway.auth import revocation
from taskbeam.gateway.auth.api_key import KeyRights
from taskbeam.gateway.auth.identity import Identity
from taskbeam.gateway.auth.issuer import Issuer
from taskbeam.gateway.auth.keys import parse_keys
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.dashboard.wanted import Wanted
from taskbeam.gateway.http.owner_header import owner_in
from taskbeam.gateway.problems import INVALID_REQUEST, UNAUTHENTICATED, TaskbeamError
from taskbeam.gateway.runtimes import Runtimes
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.labels import Labels
from taskbeam.notifications.target import Filter
from tests.cli.running import run
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.results import names, results_at
from tests.support.tokens import KEYS, TOKENS, bearer, sign

if TYPE_CHECKING:
    import subprocess

    import httpx

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

#: Seconds between two heartbeats: longer than a command needs to start while a socket waits and answers none.
SETTINGS = TOKENS | {"heartbeat": 120}
NAMES = ["Jürgen", "à la carte", "名前", "Дмитрий", "user-7", "a 'quoted' name", "🦊"]

#: In the form that is not kept.
TYPED = "Ju\u0308rgen"

#: As header values: no labels, or no UTF-8.
NO_NAMES = [
    b"",
    b"a\tb",
    "Jürgen".encode("latin-1"),
    b"\xff",
    "a\u00a0b".encode(),
    "a\u202eb".encode(),
    b"x" * 256,
]

#: Each of these is no UTF-8, or no label.
NO_EXTENDED = [b"UTF-8''%FF", b"UTF-8''", b"UTF-8''a%0Ab", b"UTF-8''%00"]


def send(http: httpx.Client, *values: bytes) -> httpx.Response:
    headers = [(b"X-API-Key", b"an-api-key-of-the-tests"), *((b"Taskbeam-Owner", value) for value in values)]
    return http.post("/reports", json={"user_id": 1}, headers=headers)


def owner(journals: Journals, task_id: str) -> str | None:
    found: Any = journals.redis.hget(names(task_id).head, "owner")
    return found.decode() if found is not None else None


class TestTheHeader:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_names_whoever_it_says(
        self, http: httpx.Client, journals: Journals, name: str, form: Any
    ) -> None:
        sent = send(http, unicodedata.normalize(form, name).encode())
        assert sent.status_code == 202
        task_id = sent.json()["task_id"]
        assert owner(journals, task_id) == name
        for spelt in (name, unicodedata.normalize("NFD", name)):
            token = sign(owner=spelt, scope="read")
            assert http.get(f"/tasks/{task_id}", headers=bearer(token)).status_code == 200

    @pytest.mark.parametrize("value", [*NO_NAMES, *NO_EXTENDED])
    def test_that_is_no_name_is_refused(self, http: httpx.Client, value: bytes) -> None:
        answer = send(http, value)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_that_is_there_twice_is_refused(self, http: httpx.Client) -> None:
        for values in ((b"a", b"b"), (b"a", b"a")):
            answer = send(http, *values)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_may_be_written_in_ascii(self) -> None:
        """RFC 8187."""
        for value in (b"UTF-8''J%C3%BCrgen", b"utf-8'de'J%c3%bcrgen", b"UTF-8''Ju%CC%88rgen"):
            assert owner_in([(b"taskbeam-owner", value)]) == "Jürgen"

    def test_that_is_not_there_names_nobody(self) -> None:
        assert owner_in([(b"host", b"x")]) is None

    @pytest.mark.parametrize("value", [*NO_NAMES, *NO_EXTENDED])
    def test_is_never_silently_nobody(self, value: bytes) -> None:
        with pytest.raises(TaskbeamError) as raised:
            owner_in([(b"taskbeam-owner", value)])
        assert raised.value.problem is INVALID_REQUEST


class TestAToken:
    @pytest.mark.parametrize("claim", ["owner", "sub"])
    @pytest.mark.parametrize("name", ["", "a\nb", "x" * 256, "\u202e"])
    def test_with_no_name_is_none(self, claim: str, name: str) -> None:
        with pytest.raises(TaskbeamError) as raised:
            Tokens(parse_keys(KEYS), "taskbeam", 900, 3600).verify(sign(**{claim: name}))
        assert raised.value.problem is UNAUTHENTICATED

    def test_names_its_owner_however_it_is_typed(self) -> None:
        token = sign(owner="Ju\u0308rgen", sub="Ju\u0308rgen")
        identity = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600).verify(token)
        assert (identity.owner, identity.subject) == ("Jürgen", "Jürgen")


def test_an_identity_of_the_application_is_somebody() -> None:
    assert Identity.for_owner("Ju\u0308rgen").owner == "Jürgen"
    with pytest.raises(ValueError, match="a label is a line"):
        Identity.for_owner("two\nlines")
    with pytest.raises(ValueError, match="a label is a str, not int"):
        Identity.for_owner(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"owner": 7}, {"tags": "billing"}])
def test_what_is_no_label_is_refused_where_a_task_is_sent(given: Any) -> None:
    live = OwnGateway(celery_application(CelerySettings()), settings=GatewaySettings(auth="open"))
    with pytest.raises(TaskbeamError, match="The task's labels cannot be kept: ") as raised:
        asyncio.run(live.send("some", **given))
    assert raised.value.problem is INVALID_REQUEST


class TestHoweverItIsTyped:
    """Each entry that takes an owner or a tag means the one that tasks and identities have."""

    def test_a_revocation_names_the_owner(self) -> None:
        names = []

        class Redis:
            def pipeline(self, **_: object) -> Redis:
                return self

            def xadd(self, _: object, fields: dict[bytes, Any], **__: object) -> None:
                names.append(fields[b"name"])

            async def time(self) -> tuple[int, int]:
                return 1_800_000_000, 0

            async def execute(self) -> None: ...

        redis: Any = Redis()
        asyncio.run(revocation.revoke(redis, ONE_SERVER, 3600, owners=[TYPED]))
        assert names == ["owner:Jürgen"]
        with pytest.raises(ValueError, match="a label is a line"):
            asyncio.run(revocation.revoke(redis, ONE_SERVER, 3600, owners=["ada", ""]))
        assert names == ["owner:Jürgen"]

    def test_a_sender_speaks_for_the_owner(self) -> None:
        sender = Sender(TYPED, identity=Identity(owner=TYPED))
        assert sender.tenant == "owner:Jürgen"
        assert [sender.speaks_for(name) for name in (TYPED, "Jürgen", "Jurgen")] == [True, True, False]

    def test_keys_and_issuers_are_bound_to_the_owner(self) -> None:
        rights = KeyRights(name="shop", owners=(TYPED, "Ju*"))
        issuer = Issuer(issuer="i", audience="a", keys=({},), owners=(TYPED, "Ju*"))
        assert rights.owners == issuer.owners == ("Jürgen", "Ju*")
        assert [issuer.may_name(name) for name in (TYPED, "Jurgen", "Ju\u0308")] == [True, True, False]

    def test_operators_and_webhooks_mean_the_label(self) -> None:
        row = {"owner": "Jürgen", "tags": ["für"]}
        assert Wanted(owner=TYPED, tag="fu\u0308r").fits(row)
        assert Filter(tags=frozenset({"fu\u0308r"})).tags == frozenset({"für"})

    def test_the_command_names_the_owner_of_webhooks(self) -> None:
        command = webhooks.commands["list"]
        (owner,) = [option for option in command.params if option.name == "owner"]
        context = Context(command)
        assert owner.process_value(context, TYPED) == "Jürgen"
        with pytest.raises(BadParameter, match="can be no owner"):
            owner.process_value(context, "two\nlines")

    def test_a_task_that_is_sent_has_its_labels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        live = OwnGateway(celery_application(CelerySettings()), settings=GatewaySettings(auth="open"))
        send = AsyncMock()
        monkeypatch.setattr(Runtimes, "here", lambda _: SimpleNamespace(sender=SimpleNamespace(send=send)))
        asyncio.run(live.send("some", owner=TYPED, tags=["fu\u0308r", "für", ""], title="Ju\u0308li"))
        assert send.await_args is not None
        assert send.await_args.args[3] == Labels(owner="Jürgen", tags=("für",), title="Jüli")


def revoke(valkey: Valkey, name: str) -> subprocess.CompletedProcess[str]:
    return run("revoke", "--owner", name, result_backend="taskbeam+" + results_at(valkey.url(1)))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_command_revokes_by_name(served: Gateway, http: httpx.Client, valkey: Valkey, form: Any) -> None:
    sent = send(http, f"Jürgen {form} {served.port}".encode()).json()
    with RawWebSocket(served, f"{sent['urls']['self']}/ws", headers=bearer(sent["token"])) as socket:
        socket.body()
        done = revoke(valkey, unicodedata.normalize(form, f"Jürgen {form} {served.port}"))
        assert done.returncode == 0, done.stderr
        assert socket.closed() == Closed(4401, "token_revoked")
    answer = http.get(sent["urls"]["self"], headers=bearer(sent["token"]))
    assert answer.json()["code"] == "token_revoked"


def test_the_command_refuses_what_is_no_name(valkey: Valkey) -> None:
    done = revoke(valkey, "two\nlines")
    assert done.returncode == 2
    assert "This can be no owner" in done.stderr

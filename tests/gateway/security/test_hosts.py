"""Which hosts a gateway answers to: a name that was rebound to its address is none of them."""

from __future__ import annotations

import asyncio
from socket import create_connection
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings, Identity, celery_application
from taskbeam.gateway.http.browser_safety import Sites
from taskbeam.gateway.http.hosts import LOCAL, AllowedHosts, allowed_hosts, parse_host
from taskbeam.gateway.problems import UNKNOWN_HOST, TaskbeamError
from tests.support.gateway import PATHS, gateway
from tests.support.results import results_at
from tests.support.tokens import TOKENS

from .endpoints import ENDPOINTS, PUBLIC

if TYPE_CHECKING:
    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway as Served
    from tests.support.journal import Task

REBOUND = "evil.example"
SUPERVISION = {"/healthz", "/readyz"}


class TestAHost:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("localhost", ("localhost", None)),
            ("LocalHost:8000", ("localhost", 8000)),
            ("live.example.org.", ("live.example.org", None)),
            ("[::1]:80", ("[::1]", 80)),
            ("127.0.0.1", ("127.0.0.1", None)),
            ("", None),
            (".", None),
            (":80", None),
            ("::1", None),
            ("a b", None),
            ("a,b", None),
            ("user@localhost", None),
            ("localhost/", None),
            ("localhost:", None),
            ("localhost:x", None),
            ("localhost\n", None),
            ("lócalhost", None),
            ("*.localhost", None),
        ],
    )
    def test_is_read(self, text: str, found: tuple[str, int | None] | None) -> None:
        assert parse_host(text) == found


class TestAllowedHosts:
    @pytest.mark.parametrize(
        ("host", "allowed"),
        [
            ("localhost", True),
            ("localhost:8000", True),
            ("localhost.", True),
            ("gateway.localhost:1", True),
            ("127.0.0.1:8000", True),
            ("127.9.9.9", True),
            ("192.168.1.7", True),
            ("[::1]:8000", True),
            ("[fe80::1]", True),
            (REBOUND, False),
            ("localhost.evil.example", False),
            ("notlocalhost", False),
            ("127.0.0.1.evil.example", False),
            ("127.0.0.1.nip.example", False),
            ("[::1", False),
            ("[::zz]", False),
            ("", False),
            (None, False),
        ],
    )
    def test_in_open_mode(self, host: str | None, allowed: bool) -> None:
        assert allowed_hosts(None, open_to_all=True).allow(host) is allowed

    @pytest.mark.parametrize("host", [REBOUND, "", None, "localhost"])
    def test_are_all_where_a_token_is_needed(self, host: str | None) -> None:
        assert allowed_hosts(None, open_to_all=False).allow(host)

    @pytest.mark.parametrize("open_to_all", [True, False])
    @pytest.mark.parametrize(
        ("host", "allowed"),
        [
            ("live.example.org", True),
            ("LIVE.example.org:8000", True),
            ("shop.example", True),
            ("shop.example:443", True),
            ("a.wild.example", True),
            ("a.b.wild.example:7", True),
            ("wild.example", False),
            ("awild.example", False),
            ("ported.example:8443", True),
            ("ported.example", False),
            ("ported.example:80", False),
            ("192.0.2.1", True),
            ("192.0.2.2", False),
            ("localhost", False),
        ],
    )
    def test_are_those_that_were_chosen(self, host: str, allowed: bool, open_to_all: bool) -> None:
        chosen = ["live.example.org", "Shop.Example", "*.wild.example", "ported.example:8443", "192.0.2.1"]
        assert allowed_hosts(chosen, open_to_all=open_to_all).allow(host) is allowed

    def test_have_where_the_server_listens(self) -> None:
        local, chosen = allowed_hosts(None, open_to_all=True), AllowedHosts(["shop.example"])
        assert not local.allow("box.lan:8000")
        for hosts in (local, chosen):
            hosts.listens_on("box.lan")
            hosts.listens_on("::")
        assert local.allow("box.lan:8000")
        assert not chosen.allow("box.lan:8000")

    @pytest.mark.parametrize("entry", ["", "http://shop.example", "shop.example/", "*shop", "a b", "*."])
    def test_are_refused_in_words(self, entry: str) -> None:
        with pytest.raises(ValidationError, match="is no host"):
            GatewaySettings(allowed_hosts=(entry,))

    def test_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TASKBEAM_ALLOWED_HOSTS", '["*.shop.example", "*"]')
        assert GatewaySettings().allowed_hosts == ("*.shop.example", "*")


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")
    assert "TASKBEAM_ALLOWED_HOSTS" in answer.json()["detail"]


class TestARebound:
    """A page whose name was rebound to an open gateway: to the browser it is of the gateway's own origin."""

    def headers(self, served: Served) -> dict[str, str]:
        place = f"{REBOUND}:{served.port}"
        return {"Host": place, "Origin": f"http://{place}", "Sec-Fetch-Site": "same-origin"}

    @pytest.mark.parametrize("path", sorted(path for _, path in PUBLIC if path not in SUPERVISION))
    def test_page_gets_nothing_that_is_public(self, http: httpx.Client, served: Served, path: str) -> None:
        there = path.replace("{path:path}", "index.js").replace("{name}", "swagger-ui.css")
        assert_refused(http.get(there, headers=self.headers(served)))

    @pytest.mark.parametrize("name", [name for name, each in ENDPOINTS.items() if each.method != "WS"])
    def test_page_gets_nothing_of_a_task(
        self, http: httpx.Client, served: Served, task: Task, name: str
    ) -> None:
        endpoint = ENDPOINTS[name]
        path = endpoint.path.replace("{task_id}", task.id).replace("{path:path}", "a.pdf")
        before = len(task.records())
        answer = http.request(endpoint.method, path, headers=self.headers(served), json={"user_id": 1})
        assert_refused(answer)
        assert len(task.records()) == before

    @pytest.mark.parametrize("path", ["/nowhere", "/files/a.pdf", "/tasks/x/events?after=1-1"])
    def test_page_does_not_learn_what_is_not_there(
        self, http: httpx.Client, served: Served, path: str
    ) -> None:
        assert_refused(http.get(path, headers=self.headers(served)))
        assert_refused(http.options(path, headers=self.headers(served)))

    @pytest.mark.parametrize("path", ["/ws", "/tasks/{}/ws"])
    def test_page_opens_no_socket(self, served: Served, task: Task, path: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            connect(
                f"ws://{REBOUND}:{served.port}" + path.format(task.id),
                additional_headers={"Origin": f"http://{REBOUND}:{served.port}"},
                sock=create_connection(("127.0.0.1", served.port)),
            )
        assert refused.value.response.status_code == 421

    def test_page_opens_no_stream_by_the_shortcut(
        self, http: httpx.Client, served: Served, task: Task
    ) -> None:
        """A plain request: without an origin, as `EventSource` sends it."""
        headers = {"Host": f"{REBOUND}:{served.port}"}
        with http.stream("GET", f"/tasks/{task.id}/events", headers=headers) as answer:
            assert answer.status_code == 421

    @pytest.mark.parametrize("path", sorted(SUPERVISION))
    def test_name_is_as_good_as_any_for_a_load_balancer(self, http: httpx.Client, path: str) -> None:
        assert http.get(path, headers={"Host": REBOUND}).status_code == 200

    @pytest.mark.parametrize("host", ["localhost", "a.localhost:99", "127.0.0.1", "[::1]:8000"])
    def test_gateway_answers_to_local_names(self, http: httpx.Client, task: Task, host: str) -> None:
        assert http.get(f"/tasks/{task.id}", headers={"Host": host}).status_code == 200


class TestTheChosenHosts:
    @pytest.mark.parametrize("serving", PATHS)
    def test_and_no_other_are_answered(self, valkey: Valkey, task: Task, serving: str) -> None:
        origin, hosts = valkey.url().removesuffix("/0"), '["live.example.org"]'
        with (
            gateway(origin, serving, allowed_hosts=hosts) as chosen,
            httpx.Client(base_url=chosen.http, timeout=60) as client,
        ):
            for path in (f"/tasks/{task.id}", f"/tasks/{task.id}/events", "/", "/docs"):
                with client.stream("GET", path, headers={"Host": "live.example.org"}) as answer:
                    assert answer.status_code == 200
                with client.stream("GET", path) as answer:
                    assert answer.status_code == 421

    def test_are_anything_where_a_token_is_needed(self, valkey: Valkey) -> None:
        with gateway(valkey.url().removesuffix("/0"), **TOKENS) as running:
            answer = httpx.get(f"{running.http}/tasks/x", headers={"Host": REBOUND}, timeout=60)
        assert answer.status_code == 401


class TestInAnApplication:
    """The gateway's own routes keep to it, whatever the application around them does."""

    @pytest.fixture
    def celery_app(self, valkey: Valkey) -> Celery:
        return celery_application(
            CelerySettings(broker_url=valkey.url(0), result_backend="taskbeam+" + results_at(valkey.url(1)))
        )

    @pytest.mark.parametrize("prefix", ["/live", "/mounted"])
    def test_a_client_in_this_process_may_use_any_name(self, celery_app: Celery, prefix: str) -> None:
        assert statuses(celery_app, "http://testserver", [f"{prefix}/client/index.js"]) == [200]

    @pytest.mark.parametrize("prefix", ["/live", "/mounted"])
    def test_a_rebound_name_gets_nothing(self, celery_app: Celery, prefix: str) -> None:
        paths = ["/tasks/x", "/tasks/x/events", "/tasks/x/files/a", "/client/index.js", "/react.js"]
        asked = [prefix + path for path in paths]
        assert statuses(celery_app, "http://127.0.0.1", asked, host=REBOUND) == [421] * len(paths)
        assert statuses(celery_app, "http://127.0.0.1", [f"{prefix}/healthz"], host=REBOUND) == [200]

    def test_the_documents_are_not_for_it_either(self, celery_app: Celery) -> None:
        paths = ["/mounted/docs", "/mounted/openapi.json", "/mounted/nowhere"]
        assert statuses(celery_app, "http://127.0.0.1", paths, host=REBOUND) == [421] * len(paths)

    def test_a_socket_is_told_why(self, celery_app: Celery) -> None:
        live, app = application(celery_app)

        async def speak() -> list[dict[str, Any]]:
            sent = []

            async def send(message: Any) -> None:
                sent.append(message)

            async def receive() -> dict[str, Any]:
                return {"type": "websocket.connect"}

            headers = [(b"host", REBOUND.encode())]
            scope = {"type": "websocket", "path": "/live/ws", "headers": headers, "query_string": b""}
            await app(scope, receive, send)
            await live.stop()
            return sent

        accepted, closed = asyncio.run(speak())
        assert accepted["type"] == "websocket.accept"
        assert (closed["code"], closed["reason"]) == (4421, "unknown_host")

    def test_two_hosts_are_none(self) -> None:
        headers = [(b"host", b"localhost"), (b"host", b"127.0.0.1")]
        scope = {"type": "http", "method": "GET", "headers": headers}
        with pytest.raises(TaskbeamError) as refused:
            Sites(AllowedHosts(LOCAL), ()).check(scope)
        assert refused.value.problem is UNKNOWN_HOST

    def test_an_application_that_knows_who_asks_answers_to_every_host(self, celery_app: Celery) -> None:
        asked = ["/live/client/index.js"]
        given = {"identify": lambda: Identity.for_owner("ada")}
        assert statuses(celery_app, "http://127.0.0.1", asked, host=REBOUND, **given) == [200]


def application(celery_app: Celery, **given: Any) -> tuple[Gateway, FastAPI]:
    """Somebody's application, with an open gateway in it twice."""
    live = Gateway(celery_app, settings=GatewaySettings(auth="open"), watch_signals=False, **given)
    app = FastAPI()
    app.include_router(live.router, prefix="/live")
    app.mount("/mounted", live.asgi())
    return live, app


def statuses(
    celery_app: Celery, base: str, paths: list[str], host: str | None = None, **given: Any
) -> list[int]:
    """What a client in this process is answered."""
    live, app = application(celery_app, **given)

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as client:
            headers = {} if host is None else {"Host": host}
            found = [(await client.get(path, headers=headers)).status_code for path in paths]
        await live.stop()
        return found

    return asyncio.run(ask())

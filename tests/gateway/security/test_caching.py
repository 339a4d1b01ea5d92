"""Nothing about a task is kept by anybody who should not: every endpoint, however it ends."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.gateway.auth.credentials import COOKIE
from taskbeam.gateway.http.caching import Keep, cache_headers
from tests.support.tokens import PUSHING, TOKENS, bearer, sign

from .endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

FRIEND = "https://shop.example"
FILES = Path(tempfile.mkdtemp(prefix="taskbeam-files-"))
SETTINGS = TOKENS | PUSHING | {"files_dir": FILES, "allowed_origins": f'["{FRIEND}"]', "max_connections": 100}

#: By their names in the table; sockets answer by frames.
ASKED = [name for name, found in ENDPOINTS.items() if found.method != "WS"]

#: A 200 of these has a tag to ask with again.
TAGGED = {"snapshot", "snapshot, by cookie", "long poll", "file"}

#: What a request says of itself: headers for a task.
OUTCOMES: dict[str, Callable[[Task], dict[str, str]]] = {
    "a good token": lambda task: bearer(sign(tasks=[task.id], scope="read cancel send")),
    "no token": lambda _: {},
    "a token that has expired": lambda task: bearer(sign(tasks=[task.id], iat=1.0, exp=2.0)),
    "a token for another task": lambda _: bearer(sign(tasks=["another"], scope="read cancel")),
    "a page of another site": lambda _: bearer(sign()) | {"Origin": "https://evil.example"},
    "a page of a friend": lambda task: bearer(sign(tasks=[task.id])) | {"Origin": FRIEND},
    "two hosts": lambda _: {"Host": "a b"},
    "another method": lambda task: bearer(sign(tasks=[task.id])) | {"X-Method": "DELETE"},
    "the tag of the newest": lambda task: bearer(sign(tasks=[task.id])) | {"If-None-Match": "*"},
}


class TestTheRule:
    @pytest.mark.parametrize("keep", Keep)
    @pytest.mark.parametrize("status", [201, 202, 204, 307, 400, 401, 403, 404, 405, 410, 416, 421, 429, 503])
    def test_nobody_keeps_what_is_no_good_answer(self, keep: Keep, status: int) -> None:
        assert cache_headers(status, keep) == {"Cache-Control": "no-store"}

    @pytest.mark.parametrize("status", [200, 206, 304])
    def test_a_reader_keeps_what_he_was_told(self, status: int) -> None:
        kept = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
        assert cache_headers(status, Keep.READER) == kept
        assert cache_headers(status, Keep.ANYBODY, "Accept") == {
            "Cache-Control": "no-cache",
            "Vary": "Accept",
        }


@pytest.fixture
def kept(journals: Journals) -> Task:
    """A task with a file."""
    (FILES / "secret.txt").write_text("a secret")
    task = journals.task()
    task.append({"file_url": "/files/secret.txt"})
    return task


def ask(served: Gateway, task: Task, name: str, headers: dict[str, str]) -> httpx.Response:
    """The answer without its body: a stream goes on."""
    endpoint = ENDPOINTS[name]
    path = endpoint.path.replace("{task_id}", task.id).replace("{path:path}", "secret.txt")
    given: dict[str, Any] = {"json": {"user_id": 1}} if endpoint.method == "POST" else {}
    if name == "new picture":
        given = {"content": b"no picture"}
    headers = {"Accept": "text/event-stream" if name == "event stream" else "application/json"} | headers
    method = headers.pop("X-Method", endpoint.method)
    with httpx.Client(base_url=served.http, timeout=60) as client:
        if name == "snapshot, by cookie":
            token = headers.pop("Authorization", "Bearer ").removeprefix("Bearer ")
            headers["Cookie"] = f"{COOKIE}={token}"
        query = "?wait=0.1&after=1-1" if name == "long poll" else ""
        with client.stream(method, path + query, headers=headers, **given) as answer:
            return answer


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", ASKED)
def test_each_answer_says_who_may_keep_it(served: Gateway, kept: Task, name: str, outcome: str) -> None:
    answer = ask(served, kept, name, OUTCOMES[outcome](kept))
    check(name, answer)


@pytest.mark.parametrize("name", ASKED)
def test_what_has_expired_is_kept_by_nobody(
    served: Gateway, kept: Task, journals: Journals, name: str
) -> None:
    journals.redis.set(kept.keys.tombstone, 1)
    journals.redis.delete(kept.keys.head, kept.keys.log)
    answer = ask(served, kept, name, bearer(sign(tasks=[kept.id], owner="user-7", scope="read cancel send")))
    check(name, answer)


def check(name: str, answer: httpx.Response) -> None:
    vary = {word.strip().lower() for word in answer.headers.get("vary", "").split(",")}
    assert "origin" in vary
    if answer.status_code in (200, 206, 304) and name in TAGGED:
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["etag"]
        assert vary >= {"authorization", "cookie"}
    else:
        assert answer.headers["cache-control"].removesuffix(", no-transform") == "no-store"
    if name in ("events", "event stream") and answer.status_code in (200, 204):
        assert "accept" in vary


def test_the_end_of_a_stream_is_kept_by_nobody(served: Gateway, kept: Task) -> None:
    last = kept.finish()
    token = bearer(sign(tasks=[kept.id]))
    with httpx.Client(base_url=served.http, timeout=60) as client:
        answer = client.get(f"/tasks/{kept.id}/events?after={last}", headers=token)
    assert answer.status_code == 204
    check("event stream", answer)


def test_an_unchanged_snapshot_says_all_that_a_new_one_says(served: Gateway, kept: Task) -> None:
    """RFC 9110, 15.4.5."""
    token = bearer(sign(tasks=[kept.id]))
    with httpx.Client(base_url=served.http, timeout=60) as client:
        first = client.get(f"/tasks/{kept.id}", headers=token)
        again = client.get(f"/tasks/{kept.id}", headers=token | {"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    for name in ("cache-control", "etag", "vary"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    ("path", "kept_by"),
    [
        ("/healthz", Keep.NOBODY),
        ("/readyz", Keep.NOBODY),
        ("/nowhere", Keep.NOBODY),
        ("/client/nothing.js", Keep.NOBODY),
        ("/dashboard", Keep.NOBODY),
        ("/client/index.js", Keep.ANYBODY),
        ("/react.js", Keep.ANYBODY),
        ("/docs", Keep.ANYBODY),
        ("/docs/start.js", Keep.ANYBODY),
        ("/openapi.json", Keep.READER),
        ("/asyncapi.yaml", Keep.READER),
        ("/", Keep.ANYBODY),
        ("/page/page.css", Keep.ANYBODY),
    ],
)
def test_what_is_about_no_task(http: httpx.Client, path: str, kept_by: Keep) -> None:
    answer = http.get(path)
    assert answer.headers["cache-control"] == kept_by.value

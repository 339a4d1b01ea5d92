"""What other sites' pages are refused, and what each answer tells a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

if TYPE_CHECKING:
    import httpx

    from tests.support.gateway import Gateway
    from tests.support.journal import Task

FRIEND = "https://shop.example"
SETTINGS = {"allowed_origins": f'["{FRIEND}"]'}
FOREIGN = [
    "https://evil.example",
    "null",
    "",
    "http://127.0.0.1",
    "https://shop.example.evil.example",
    "file://",
]


@pytest.mark.parametrize("origin", FOREIGN)
class TestAForeignPage:
    @pytest.mark.parametrize("path", ["/ws", "/tasks/{}/ws"])
    def test_opens_no_socket(self, served: Gateway, task: Task, path: str, origin: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            connect(served.ws + path.format(task.id), additional_headers={"Origin": origin})
        response = refused.value.response
        assert response.status_code == 403
        assert b"foreign_origin" in (response.body or b"")

    @pytest.mark.parametrize("path", ["/reports", "/images", "/tasks/{}/cancel", "/tasks/{}/cookie"])
    def test_changes_nothing(self, http: httpx.Client, task: Task, path: str, origin: str) -> None:
        before = task.records()
        answer = http.post(path.format(task.id), headers={"Origin": origin}, json={"user_id": 123})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        assert len(task.records()) == len(before)

    def test_reads_nothing(self, http: httpx.Client, task: Task, origin: str) -> None:
        """The browser keeps the answer from a page that it is not said to be for."""
        answer = http.get(f"/tasks/{task.id}", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        asked = http.options(
            f"/tasks/{task.id}", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
        )
        assert "access-control-allow-origin" not in asked.headers


class TestAPageThatSaysNoOrigin:
    """The browser says at least that it is not the gateway's own."""

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "new-word"])
    @pytest.mark.parametrize("path", ["/reports", "/images", "/tasks/{}/cancel", "/tasks/{}/cookie"])
    def test_changes_nothing(self, http: httpx.Client, task: Task, path: str, site: str) -> None:
        before = task.records()
        answer = http.post(path.format(task.id), headers={"Sec-Fetch-Site": site}, json={"user_id": 123})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        assert len(task.records()) == len(before)

    @pytest.mark.parametrize("path", ["/ws", "/tasks/{}/ws"])
    def test_opens_no_socket(self, served: Gateway, task: Task, path: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            connect(served.ws + path.format(task.id), additional_headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.value.response.status_code == 403

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    def test_may_be_the_gateways_own(self, http: httpx.Client, task: Task, site: str) -> None:
        answer = http.post(f"/tasks/{task.id}/cancel", headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 202


class TestABodyThatNeedsNoPreflight:
    """A page may send it to any site without being asked (Fetch standard, 2.2.2: CORS-safelisted)."""

    @pytest.mark.parametrize(
        "path", ["/tasks/{}/cancel", "/tasks/{}/tickets", "/tasks/{}/cookie", "/reports"]
    )
    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "text/plain"},
            {"Content-Type": "text/plain;charset=application/json"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "multipart/form-data; boundary=x"},
            {},
        ],
    )
    def test_is_refused(self, http: httpx.Client, task: Task, path: str, headers: dict[str, str]) -> None:
        answer = http.post(path.format(task.id), headers=headers, content=b'{"user_id": 1}')
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    def test_is_refused_in_pieces(self, http: httpx.Client, task: Task) -> None:
        answer = http.post(f"/tasks/{task.id}/cancel", content=iter([b"{}"]))
        assert answer.status_code == 415

    @pytest.mark.parametrize("given", [{}, {"json": {}}, {"content": b""}])
    def test_is_neither_none_nor_json(self, http: httpx.Client, task: Task, given: dict[str, Any]) -> None:
        assert http.post(f"/tasks/{task.id}/cancel", **given).status_code == 202


class TestAnAllowedPage:
    def test_opens_a_socket(self, served: Gateway, task: Task) -> None:
        for origin in (FRIEND, served.http):
            with connect(f"{served.ws}/tasks/{task.id}/ws", additional_headers={"Origin": origin}) as socket:
                assert socket.recv() == task.bodies()[0].decode()

    def test_reads_and_asks(self, http: httpx.Client, task: Task) -> None:
        answer = http.get(f"/tasks/{task.id}", headers={"Origin": FRIEND})
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert answer.headers["access-control-allow-credentials"] == "true"
        asked = http.options(
            "/reports",
            headers={
                "Origin": FRIEND,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
            },
        )
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, FRIEND)


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/tasks/nobodys", "/nowhere", "/page.js"])
    def test_of_every_answer(self, http: httpx.Client, path: str) -> None:
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"

    @pytest.mark.parametrize("path", ["/", "/docs"])
    def test_the_pages_keep_to_their_policy(self, http: httpx.Client, path: str) -> None:
        page = http.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", page)
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)

    def test_the_documents_are_all_here(self, http: httpx.Client) -> None:
        for found in re.findall(r'(?:src|href)="([^"]+)"', http.get("/docs").text):
            assert http.get(found).status_code == 200
        assert http.get("/docs/other.js").status_code == 404

    def test_nothing_is_reflected_as_a_page(self, http: httpx.Client) -> None:
        for path in (
            "/tasks/<script>",
            "/<script>",
            "/tasks/x?after=<script>",
            "/tasks/x/events?limit=<script>",
        ):
            answer = http.get(path, headers={"Accept": "application/json"})
            assert answer.headers["content-type"] == "application/problem+json"
            assert "<script>" not in answer.text

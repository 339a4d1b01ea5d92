"""A team's own application follows its tasks: with its own login, its own paths, on its own server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from .following import TRANSPORTS, cookies, ordered
from .serving import WAYS, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .installing import Environment

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("worker")]


@pytest.fixture(scope="module", params=WAYS, ids=lambda name: name.replace(", ", "-"))
def shop(
    request: pytest.FixtureRequest, environment: Environment, variables: dict[str, str]
) -> Iterator[Served]:
    with served(environment, WAYS[request.param], variables) as running:
        yield running


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_owner_follows_a_task_by_the_urls_of_the_202(shop: Served, transport: str) -> None:
    task = ordered(shop, "ada")
    events = TRANSPORTS[transport](shop, task["urls"], "ada")
    assert isinstance(events, list)
    assert events[0]["state"] == "PENDING"
    assert (events[-1]["state"], events[-1]["result"]) == ("SUCCESS", {"total": 10})
    assert [int(event["id"].split("-")[1]) for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nobody_else_does(shop: Served, transport: str) -> None:
    task = ordered(shop, "ada")
    assert TRANSPORTS[transport](shop, task["urls"], "bob") in (404, 4404)
    assert TRANSPORTS[transport](shop, task["urls"], None) in (401, 403, 4401)


def test_an_owner_cancels_and_nobody_else(shop: Served) -> None:
    task = ordered(shop, "ada", rows=3_000_000)
    cancel = shop.url(task["urls"]["cancel"])
    assert httpx.post(cancel, headers=cookies("bob")).status_code == 404
    assert httpx.post(cancel, headers=cookies("ada")).json()["cancel"] in ("requested", "revoked")
    events = TRANSPORTS["stream"](shop, task["urls"], "ada")
    assert isinstance(events, list)
    assert events[-1]["state"] == "REVOKED"


def test_an_order_that_is_sent_twice_is_one_task(shop: Served) -> None:
    key = f"order-{shop.port}"
    first, second = ordered(shop, "ada", key=key), ordered(shop, "ada", key=key)
    assert first["task_id"] == second["task_id"]
    assert ordered(shop, "bob", key=key)["task_id"] != first["task_id"]


def test_browsers_load_the_client_and_the_element_from_it(shop: Served) -> None:
    for path in ("client/index.js", "element/index.js"):
        answer = httpx.get(f"{shop.origin}{shop.way.prefix}/live/{path}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert answer.headers["content-type"].startswith("text/javascript")
        again = httpx.get(answer.url, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304

"""What a follower asks next, and what it makes of each answer: without I/O."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskbeam.client import following as module
from taskbeam.client.following import Failure, Following, Transport
from taskbeam.contract.errors import RecordsExpired, Refused, Unauthenticated, UnknownTask

SSE, POLL = {"content-type": "text/event-stream; charset=utf-8"}, {"content-type": "application/json"}
PROBLEM = {"content-type": "application/problem+json"}


def event(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"1000-{number}", "type": "data", "final": False} | more


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(
        b"data: %b\nid: %b\n\n" % (json.dumps(each).encode(), each["id"].encode()) for each in events
    )


def numbers(bodies: list[Any]) -> list[int]:
    return [int(body["id"].partition("-")[2]) for body in bodies]


def streamed(following: Following, *chunks: bytes) -> list[int]:
    following.ask()
    following.answer(200, SSE)
    return numbers([body for chunk in chunks for body in following.receive(chunk)])


def polled(following: Following, document: object) -> list[int]:
    following.ask()
    following.answer(200, POLL)
    assert list(following.receive(json.dumps(document).encode())) == []
    return numbers(list(following.finish()))


def refused(following: Following, status: int, code: str, *, retry: bool = False, **headers: str) -> None:
    following.ask()
    following.answer(status, PROBLEM | {name.replace("_", "-"): value for name, value in headers.items()})
    list(following.receive(json.dumps({"code": code, "title": "No", "retry": retry}).encode()))
    list(following.finish())


def on_polls() -> Following:
    following = Following("1000-3", uniform=lambda _, limit: limit)
    following.fail(Failure.REFUSED)
    return following


def test_a_stream_up_to_its_final_event() -> None:
    following = Following()
    assert (following.ask().query, following.ask().accept) == ({}, "text/event-stream")
    assert streamed(following, sse(event(1)), sse(event(2, final=True), event(3))) == [1, 2]
    assert (following.over, following.broken, str(following.cursor)) == (True, True, "1000-2")


def test_a_stream_that_is_cut_goes_on_from_the_cursor() -> None:
    following = Following(uniform=lambda _, limit: limit)
    assert streamed(following, sse(event(1), event(2))[:-5]) == [1]
    assert list(following.finish()) == []
    assert (following.ask().query, following.transport) == ({"after": "1000-1"}, Transport.SSE)
    assert (following.pause, following.over) == (1.0, False)


def test_the_text_so_far_comes_before_the_first_record_and_moves_no_cursor() -> None:
    following = Following()
    following.ask()
    following.answer(200, SSE)
    so_far = b'data: {"type": "output", "task_id": "a"}\n\n'
    found = list(following.receive(so_far + sse(event(1), event(2))))
    assert [body.get("id") for body in found] == [None, "1000-1", "1000-2"]


def test_nothing_is_told_twice() -> None:
    following = Following("1000-1")
    assert streamed(following, sse(event(1), event(2), event(2), event(3))) == [2, 3]


def test_a_hole_is_asked_for() -> None:
    following = Following("1000-1")
    assert streamed(following, sse(event(2), event(4), event(5))) == [2]
    assert (following.broken, following.ask().query) == (True, {"after": "1000-2"})


def test_204_is_the_end() -> None:
    following = Following("1000-9")
    following.ask()
    following.answer(204, {})
    assert list(following.finish()) == []
    assert following.over


@pytest.mark.parametrize(
    "garbage", [b"data: {]\n\n", b'data: {"id": "nonsense"}\n\n', b"data: 5\n\n", b'data: {"id": 7}\n\n']
)
def test_garbage_is_a_cut(garbage: bytes) -> None:
    following = Following("1000-1")
    assert streamed(following, garbage) == []
    assert following.broken
    assert not following.over


def test_a_stream_that_is_never_heard_gives_way_to_polls_at_once() -> None:
    following = Following()
    following.fail(Failure.SILENT)
    assert (following.transport, following.pause) == (Transport.POLL, 0.0)
    assert following.ask().query == {"wait": "0"}


def test_one_that_was_heard_has_three_strikes() -> None:
    following = Following()
    streamed(following, sse(event(1)))
    for _ in range(module.STRIKES - 1):
        following.fail(Failure.SILENT)
        assert following.transport is Transport.SSE
    following.fail(Failure.SILENT)
    assert following.transport is Transport.POLL


def test_what_answers_without_being_a_stream_gives_way() -> None:
    following = Following()
    following.ask()
    following.answer(200, {"content-type": "text/html"})
    list(following.receive(b"<p>Welcome to the hotel's network"))
    list(following.finish())
    assert following.transport is Transport.POLL


def test_pauses_grow_and_begin_again_when_something_came() -> None:
    following = Following("1000-1", uniform=lambda _, limit: limit)
    pauses = []
    for _ in range(8):
        following.fail(Failure.REFUSED)
        pauses.append(following.pause)
    assert pauses == [0.0, 1.0, 0.0, 2.0, 0.0, 4.0, 0.0, 8.0]
    streamed(following, sse(event(2)))
    following.fail(Failure.CUT)
    assert following.pause == 1.0


def test_of_a_task_of_which_nothing_is_stored_each_further_poll_waits() -> None:
    following = Following()
    following.fail(Failure.REFUSED)
    unknown = {"task_id": "t", "type": "state", "state": "PENDING", "final": False, "known": False}
    for wait in ("0", "20", "20"):
        assert following.ask().query == {"wait": wait}
        following.answer(200, POLL)
        document = {"events": [unknown], "last_event_id": "0-0", "final": False}
        assert list(following.receive(json.dumps(document).encode())) == []
        assert list(following.finish()) == [unknown]
    assert polled(following, {"events": [event(1, final=True)], "final": True}) == [1]


def test_polls_go_on_until_the_answer_is_final() -> None:
    following = on_polls()
    ask = following.ask()
    assert (ask.query, ask.accept) == ({"after": "1000-3", "wait": "20"}, "application/json")
    assert polled(following, {"events": [event(4), event(5)], "final": False}) == [4, 5]
    assert following.pause == 0.0
    assert polled(following, {"events": [], "final": False}) == []
    assert following.pause == module.REST
    assert polled(following, {"events": [event(6)], "final": True}) == [6]
    assert following.over


@pytest.mark.parametrize("document", [[], {"events": 5, "final": False}, {"events": [5]}, {}, "text"])
def test_a_document_that_is_no_answer_is_a_failure(document: object) -> None:
    following = on_polls()
    assert polled(following, document) == []
    assert (following.over, following.transport) == (False, Transport.SSE)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "unknown_task", UnknownTask),
        (404, "unknown_feed", UnknownTask),
        (410, "expired", RecordsExpired),
        (401, "token_expired", Unauthenticated),
        (403, "forbidden", Refused),
    ],
)
def test_what_no_further_request_changes_is_raised(status: int, code: str, kind: type[Refused]) -> None:
    with pytest.raises(kind) as raised:
        refused(Following(), status, code)
    assert (raised.value.status, raised.value.code) == (status, code)


def test_an_answer_of_somebody_else_is_raised_by_its_status() -> None:
    following = Following()
    following.ask()
    following.answer(302, {"content-type": "text/html"})
    with pytest.raises(Refused, match="HTTP 302") as raised:
        list(following.finish())
    assert raised.value.code == "http_302"


def test_a_passing_problem_is_waited_for_as_long_as_it_says() -> None:
    following = Following("1000-1", uniform=lambda _, limit: limit)
    refused(following, 429, "too_many_connections", retry=True, retry_after="7")
    assert (following.over, following.pause) == (False, 7.0)
    refused(following, 503, "unavailable", retry=True, retry_after="86400")
    assert following.pause == module.LAST_PAUSE


def test_a_refused_token_is_renewed_once() -> None:
    following = Following("1000-1", renewable=True)
    refused(following, 401, "token_expired")
    assert following.pause == 0.0
    with pytest.raises(Unauthenticated):
        refused(following, 401, "token_expired")
    following = Following("1000-1", renewable=True)
    refused(following, 401, "token_expired")
    assert (following.ask().renew, following.ask().renew) == (True, False)


def test_a_token_that_ends_amidst_a_stream_is_renewed_each_time() -> None:
    following = Following("1000-1", renewable=True)
    ended = b'event: problem\ndata: {"code": "token_expired", "title": "Expired"}\n\n'
    assert streamed(following, sse(event(2)), ended, sse(event(3))[:0]) == [2]
    assert following.broken
    assert following.ask().renew
    assert streamed(following, sse(event(3)), ended) == [3]
    assert following.ask().renew


def test_a_task_may_be_silent_for_longer_than_any_token_is_good() -> None:
    following = Following("1000-1", renewable=True, uniform=lambda _, limit: limit)
    ended = b'event: problem\ndata: {"code": "token_expired", "title": "Expired"}\n\n'
    pauses = []
    for _ in range(3):
        assert streamed(following, b": ping\n", ended) == []
        pauses.append(following.pause)
    assert pauses == [0.0, 1.0, 2.0]  # or one that is over at once would be renewed without end
    with pytest.raises(Unauthenticated):
        refused(following, 401, "token_expired")


def test_a_gateway_may_be_away_for_longer_than_a_token_is_good() -> None:
    following = Following("1000-1", renewable=True)
    refused(following, 401, "token_expired")
    assert following.ask().renew
    following.fail(Failure.CUT)
    refused(following, 401, "token_expired")  # of the token that was got for the request before
    assert following.ask().renew


def test_a_problem_amidst_a_stream_ends_it() -> None:
    with pytest.raises(UnknownTask):
        streamed(Following(), b'event: problem\ndata: {"code": "unknown_task", "title": "No such task"}\n\n')


def test_an_answer_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    following = on_polls()
    following.ask()
    following.answer(200, POLL)
    list(following.receive(b"x" * 11))
    assert following.broken

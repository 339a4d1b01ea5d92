"""What a refusal asks for, in both of the forms in which redis-py gives it."""

from __future__ import annotations

import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import ResponseError

from taskbeam.cluster.redirection import Ask, Redirection, redirection
from taskbeam.cluster.slot_map import Address

ROWS = [
    ("MOVED 3999 127.0.0.1:6381", Redirection(Ask.MOVED, 3999, Address("127.0.0.1", 6381))),
    ("MOVED 3999 2001:db8::1:6381", Redirection(Ask.MOVED, 3999, Address("2001:db8::1", 6381))),
    ("MOVED 3999 :6381", Redirection(Ask.MOVED, 3999, Address("", 6381))),
    ("ASK 3999 other.example:6381", Redirection(Ask.ONCE, 3999, Address("other.example", 6381))),
    ("TRYAGAIN Multiple keys request during rehashing of slot", Redirection(Ask.LATER)),
    ("CLUSTERDOWN The cluster is down", Redirection(Ask.NO_MASTER)),
    ("CLUSTERDOWN Hash slot not served", Redirection(Ask.NO_MASTER)),
    ("MASTERDOWN Link with MASTER is down", Redirection(Ask.NO_MASTER)),
    ("CROSSSLOT Keys in request don't hash to the same slot", None),
    ("NOSCRIPT No matching script", None),
    ("OOM command not allowed", None),
]


@pytest.mark.parametrize(("said", "asked"), ROWS)
def test_as_text(said: str, asked: Redirection | None) -> None:
    assert redirection(ResponseError(said)) == asked


@pytest.mark.parametrize(("said", "asked"), ROWS)
def test_as_a_class_of_redis_py(said: str, asked: Redirection | None) -> None:
    assert redirection(BaseParser.parse_error(said)) == asked

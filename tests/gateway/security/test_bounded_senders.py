"""A send token may be good for so many tasks only, and for those of some names."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.auth.keys import parse_keys
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.jobs.token_uses import TokenUses
from taskbeam.gateway.problems import FORBIDDEN, UNAUTHENTICATED, TaskbeamError
from tests.support.results import connected_to, control
from tests.support.tokens import KEYS, bearer, sign

from .revoking import two_gateways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

TOKENS = Tokens(parse_keys(KEYS), "taskbeam", 900, 3600)


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    with two_gateways(valkey) as pair:
        yield pair


def once(**more: Any) -> str:
    return sign(scope="send read", owner="user-7", uses=1, **more)


def send(served: Gateway, token: str, key: str | None = None) -> httpx.Response:
    headers = bearer(token) | ({} if key is None else {"Idempotency-Key": key})
    return httpx.post(f"{served.http}/reports", json={"user_id": 7}, headers=headers, timeout=60)


class TestUses:
    def test_a_token_for_one_task_sends_one_on_whichever_gateway(self, both: list[Gateway]) -> None:
        token = once()
        assert send(both[0], token).status_code == 202
        for served in both:
            answer = send(served, token)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    def test_of_many_at_once_one_is_sent(self, both: list[Gateway]) -> None:
        token = once()
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda turn: send(both[turn % 2], token).status_code, range(16)))
        assert sorted(answers) == [202] + [403] * 15

    def test_a_repeated_request_gets_the_same_task_and_spends_nothing(self, both: list[Gateway]) -> None:
        token = sign(scope="send read", owner="user-7", uses=2)
        answers = [send(both[turn % 2], token, f"twice {id(both)}") for turn in range(4)]
        assert [answer.status_code for answer in answers] == [202] * 4
        assert len({answer.json()["task_id"] for answer in answers}) == 1
        assert [send(both[0], token).status_code for _ in range(2)] == [202, 403]

    def test_a_refused_request_leaves_its_key_free(self, both: list[Gateway]) -> None:
        spent, key = once(), f"free {id(both)}"
        send(both[0], spent)
        assert send(both[0], spent, key).status_code == 403
        assert send(both[0], once(), key).status_code == 202

    def test_what_fails_has_spent_nothing(self, valkey: Valkey) -> None:
        identity = Identity(token_id="fails", scopes=frozenset({Action.SEND}), uses=1)

        async def spend() -> None:
            async with connected_to(valkey.url(1)) as client:
                uses = TokenUses(client, control())
                for _ in range(3):
                    with pytest.raises(OSError, match="broker"):
                        async with uses.spent(identity):
                            raise OSError("no broker")
                async with uses.spent(identity):
                    pass
                with pytest.raises(TaskbeamError) as raised:
                    async with uses.spent(identity):
                        pass
                assert raised.value.problem is FORBIDDEN

        asyncio.run(spend())

    @pytest.mark.parametrize("uses", [0, -1, 1.5, True, "1", []])
    def test_of_another_form_are_no_token(self, uses: object) -> None:
        with pytest.raises(TaskbeamError) as raised:
            TOKENS.verify(sign(uses=uses))
        assert raised.value.problem is UNAUTHENTICATED


class TestNames:
    @pytest.mark.parametrize(
        ("names", "status"),
        [(["reports.generate"], 202), (["other", "reports.generate"], 202), (["reports"], 403), ([], 403)],
    )
    def test_are_those_of_the_tasks_that_it_sends(
        self, both: list[Gateway], names: list[str], status: int
    ) -> None:
        token = once(names=names)
        assert [send(served, token).status_code for served in both] == [status, 403]

    def test_are_in_a_token_that_the_gateway_signs(self) -> None:
        for names in ((), ("a",), None):
            identity = TOKENS.verify(TOKENS.issue(Identity(subject="s", uses=3, names=names)))
            assert (identity.uses, identity.names) == (3, names)

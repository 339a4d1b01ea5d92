"""The life of a connection, as its table has it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway.problems import HEAD_TOO_LARGE, TOO_LARGE
from taskbeam.gateway.server.connection_life import (
    CHUNK_OVERHEAD,
    RULES,
    TRANSITIONS,
    Bounds,
    ConnectionLife,
    Late,
    Phase,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDS = Bounds(head_bytes=1000, head=10, body=60, handshake=30)


@pytest.fixture
def life() -> ConnectionLife:
    return ConnectionLife(BOUNDS)


def test_every_phase_has_a_rule() -> None:
    assert set(RULES) == set(Phase)


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_in_which_a_client_can_let_us_wait_has_a_deadline(phase: Phase) -> None:
    rule = RULES[phase]
    waits_for_us = phase in (Phase.ANSWERING, Phase.GONE)
    assert (rule.deadline is None) == (rule.late is Late.NOTHING) == waits_for_us
    assert rule.waits == (not waits_for_us)


def test_every_phase_can_be_reached() -> None:
    reached = {Phase.HEAD, Phase.CLOSING, Phase.GONE, *TRANSITIONS.values()}
    assert reached == set(Phase)


class TestARequest:
    def test_goes_through_the_phases(self, life: ConnectionLife) -> None:
        phases = [life.phase]
        happenings: tuple[Callable[[], None], ...] = (
            lambda: life.received(100),
            life.head_ends,
            lambda: life.received(50),
            life.message_ends,
            life.answered,
            lambda: life.received(2),  # a bare CRLF is the beginning of a head, too
        )
        for happens in happenings:
            happens()
            phases.append(life.phase)
        assert phases == [
            Phase.HEAD,
            Phase.HEAD,
            Phase.BODY,
            Phase.BODY,
            Phase.ANSWERING,
            Phase.KEEP_ALIVE,
            Phase.HEAD,
        ]

    def test_each_phase_sets_its_deadline_once(self, life: ConnectionLife) -> None:
        before = life.turn
        for _ in range(5):
            life.received(1)
        assert life.turn == before

    def test_answered_before_its_body_has_come_keeps_the_bodys_deadline(self, life: ConnectionLife) -> None:
        life.head_ends()
        life.answered()
        phases = [life.phase]
        life.message_ends()
        assert [*phases, life.phase] == [Phase.BODY, Phase.KEEP_ALIVE]

    def test_behind_another_one_has_a_deadline_though_the_first_is_not_answered(
        self, life: ConnectionLife
    ) -> None:
        life.head_ends()
        life.message_ends()
        life.received(1)
        assert (life.phase, life.seconds) == (Phase.HEAD, BOUNDS.head)
        life.answered()
        assert life.phase is Phase.HEAD


class TestMemory:
    def test_of_a_head(self, life: ConnectionLife) -> None:
        life.received(1000)
        assert life.excess() is None
        life.received(1)
        assert life.excess() is HEAD_TOO_LARGE

    def test_of_trailers(self, life: ConnectionLife) -> None:
        life.head_ends()
        for _ in range(10):
            life.trailer(100)
        assert life.excess() is None
        life.trailer(1)
        assert life.excess() is HEAD_TOO_LARGE

    def test_of_chunk_extensions(self, life: ConnectionLife) -> None:
        life.head_ends()
        life.body(100)
        life.received(1000 + 100 * CHUNK_OVERHEAD)
        assert life.excess() is None
        life.received(1)
        assert life.excess() is TOO_LARGE

    def test_of_a_body_in_the_smallest_chunks(self, life: ConnectionLife) -> None:
        life.head_ends()
        for _ in range(100_000):
            life.received(len(b"1\r\nx\r\n"))
            life.body(1)
        assert life.excess() is None


def test_once_gone_it_stays_gone(life: ConnectionLife) -> None:
    life.gone()
    life.closes()
    life.received(1)
    assert life.phase is Phase.GONE
    assert not life.is_heard

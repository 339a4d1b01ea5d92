"""Which master has which slot, as data."""

from __future__ import annotations

import pytest

from taskbeam.cluster.slot_map import SLOTS, Address, SlotMap, slot_of

ASKED = Address("asked", 7000)

#: As a cluster answers: a replica stands behind its master; what a server says of itself may be nothing.
REPLY = [
    [8000, SLOTS - 1, [b"two", 7001, b"id", []], [b"three", 7002, b"id", []]],
    [0, 5000, [None, 7000, b"id", []]],
    [5001, 5001, [b"?", 7003, b"id", []]],
]


@pytest.mark.parametrize(
    ("slot", "master"),
    [
        (0, Address("asked", 7000)),
        (5000, Address("asked", 7000)),
        (5001, Address("asked", 7003)),
        (5002, None),
        (7999, None),
        (8000, Address("two", 7001)),
        (SLOTS - 1, Address("two", 7001)),
    ],
)
def test_each_slot_has_the_master_that_the_cluster_names(slot: int, master: Address | None) -> None:
    assert SlotMap.parse(REPLY, ASKED).master(slot) == master


def test_nobody_is_known_before_the_cluster_was_asked() -> None:
    assert SlotMap().master(0) is None
    assert SlotMap().masters == ()


def test_what_a_redirection_says_is_newer_than_the_map() -> None:
    slots = SlotMap.parse(REPLY, ASKED)
    slots.move(8000, Address("new", 7004))

    assert slots.master(8000) == Address("new", 7004)
    assert slots.master(8001) == Address("two", 7001)
    assert slots.masters == (
        Address("asked", 7000),
        Address("asked", 7003),
        Address("two", 7001),
        Address("new", 7004),
    )


def test_names_with_one_tag_have_one_slot() -> None:
    assert slot_of("{tag}:head") == slot_of(b"{tag}:log") == slot_of("tag")
    assert slot_of("head") != slot_of("log")

"""Who waits, and who has to go when there are too many. Pure."""

from __future__ import annotations

from taskbeam.gateway.limits.waiting_room import Place, WaitingRoom


class Guest:
    """Leaves when it is told to."""

    def __init__(self, room: WaitingRoom, network: str | None) -> None:
        self.out = False
        self.place: Place | None = None
        self.place = room.enter(self, network)

    def turn_out(self) -> None:
        self.out = True
        if self.place is not None:
            self.place.leave()


def test_a_network_with_too_many_loses_its_oldest() -> None:
    room = WaitingRoom(100, per_network=3)
    guests = [Guest(room, "192.0.2.1") for _ in range(5)]
    assert [guest.out for guest in guests] == [True, True, False, False, False]
    assert len(room) == 3


def test_a_full_room_loses_the_oldest_of_the_largest_network() -> None:
    room = WaitingRoom(10, per_network=100)
    honest = Guest(room, "198.51.100.7")
    crowd = [Guest(room, "192.0.2.1") for _ in range(9)]
    newcomer = Guest(room, "203.0.113.5")
    assert not honest.out
    assert not newcomer.out
    assert [guest.out for guest in crowd] == [True, *[False] * 8]


def test_a_proxy_is_no_network_and_who_comes_through_it_is() -> None:
    room = WaitingRoom(100, per_network=1)
    behind = [Guest(room, None) for _ in range(3)]
    assert not any(guest.out for guest in behind)
    for guest, network in zip(behind, ("192.0.2.1", "192.0.2.2", "192.0.2.1"), strict=True):
        assert guest.place is not None
        guest.place.move(network)
    assert [guest.out for guest in behind] == [True, False, False]


def test_who_is_answered_does_not_wait_and_is_not_turned_out() -> None:
    room = WaitingRoom(100, per_network=1)
    first = Guest(room, "192.0.2.1")
    assert first.place is not None
    first.place.leave()
    second = Guest(room, "192.0.2.1")
    assert (first.out, second.out) == (False, False)
    first.place.wait()
    assert (first.out, second.out) == (False, True)


def test_nothing_is_left_of_those_who_went() -> None:
    room = WaitingRoom(100, per_network=100)
    guests = [Guest(room, f"2001:db8:{number:x}::/64") for number in range(50)]
    for guest in guests:
        assert guest.place is not None
        guest.place.leave()
        guest.place.leave()  # a second time changes nothing
    assert len(room) == 0
    assert room._waiting._members == {}

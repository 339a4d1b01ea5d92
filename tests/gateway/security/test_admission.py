"""Who is let in, without a socket: what counts for whom, and who goes when strangers are many."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import ANYONE, Action, Identity
from taskbeam.gateway.limits.admission import Admission, AdmissionControl
from taskbeam.gateway.limits.crowds import Crowds
from taskbeam.gateway.limits.headcount import Limits
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.gateway.auth.revocation import Revocations
    from taskbeam.gateway.limits.places import Place
    from taskbeam.gateway.problems import Problem


class NoRevocations:
    def revoked(self, _: Identity) -> bool:
        return False


class Told:
    """A connection that is told to go."""

    def __init__(self, admission: Admission | Place) -> None:
        self.problem: Problem | None = None
        admission.attach(self)

    def dismiss(self, problem: Problem) -> None:
        self.problem = problem


def control(connections: int = 40, address: int = 10, identity: int = 3) -> AdmissionControl:
    limits = Limits(connections, address, identity, messages=1, bytes=1)
    return AdmissionControl(limits, cast("Revocations", NoRevocations()), clock=lambda: 1000.0)


def token(number: int = 0, **members: Any) -> Identity:
    """A fresh one."""
    return Identity(token_id=f"token-{number}", **members)


def is_refused(book: AdmissionControl, address: str | None, identity: Identity | None) -> bool:
    try:
        book.admit(address, identity).leave()
    except TaskbeamError as error:
        return error.problem is problems.TOO_MANY_CONNECTIONS
    return False


class TestWhomAnIdentityCountsFor:
    @pytest.mark.parametrize(
        ("identity", "key"),
        [
            (token(subject="ada", owner="shop"), "owner:ada"),
            (token(owner="ada"), "owner:ada"),
            (token(), "token:token-0"),
            (Identity.for_owner("ada"), "owner:ada"),
            (ANYONE, None),
        ],
    )
    def test_is_subject_owner_or_token(self, identity: Identity, key: str | None) -> None:
        assert identity.key == key

    @pytest.mark.parametrize("identity", [token(subject="ada"), token(owner="ada"), token(), ANYONE])
    def test_is_the_same_for_a_part_of_it(self, identity: Identity) -> None:
        """A ticket, or a cookie, is no way around a limit."""
        part = identity.reader_of("a-task")
        assert part.key == identity.key
        assert (part.owner, part.scopes) == (None, identity.scopes & {Action.READ})

    def test_fresh_tokens_of_one_owner_are_one(self) -> None:
        book = control(identity=3)
        for number in range(3):
            book.admit(f"192.0.2.{number}", token(number, owner="ada"))
        assert is_refused(book, "192.0.2.9", token(9, owner="ada"))
        assert is_refused(book, "192.0.2.9", token(9, owner="ada").reader_of("a-task"))
        assert not is_refused(book, "192.0.2.9", token(9, owner="eve"))


class TestANetwork:
    def test_of_ipv6_is_a_64(self) -> None:
        book = control(address=10)
        for number in range(10):
            book.admit(f"2001:db8:0:1:{number:x}::1", ANYONE)
        assert is_refused(book, "2001:db8:0:1:ffff:ffff:ffff:ffff", ANYONE)
        assert not is_refused(book, "2001:db8:0:2::1", ANYONE)


class TestATokenOfASubscription:
    def test_counts_once_for_each_socket(self) -> None:
        book = control(identity=1)
        socket = book.admit(None, None)
        brought = [socket.bring(token(number, owner="ada")) for number in range(5)]
        socket.bring(token(owner="eve"))
        other = book.admit(None, None)
        with pytest.raises(TaskbeamError):
            other.bring(token(6, owner="ada"))
        for each in brought:
            assert is_refused(book, None, token(7, owner="ada"))
            each.leave()
            each.leave()
        assert not is_refused(book, None, token(7, owner="ada"))

    def test_of_the_sockets_own_identity_counts_nothing_more(self) -> None:
        book = control(identity=1)
        socket = book.admit(None, token(owner="ada"))
        brought = socket.bring(token(1, owner="ada"))
        socket.identify(token(2, owner="eve"))
        assert is_refused(book, None, token(3, owner="ada"))
        brought.leave()
        assert not is_refused(book, None, token(3, owner="ada"))
        assert is_refused(book, None, token(3, owner="eve"))

    def test_is_given_back_with_its_socket(self) -> None:
        book = control(identity=1)
        socket = book.admit(None, None)
        brought = socket.bring(token(owner="ada"))
        socket.leave()
        brought.leave()
        assert not is_refused(book, None, token(owner="ada"))
        assert (len(book), len(book.unidentified)) == (0, 0)


class TestStrangers:
    """A quarter of 40 may be nobody's."""

    def test_leave_room_for_those_who_say_who_they_are(self) -> None:
        book = control(connections=40, address=10)
        for number in range(60):
            book.admit(f"192.0.2.{number % 6}", None)
        assert len(book) == len(book.unidentified) == 10
        for number in range(30):
            book.admit(f"198.51.100.{number % 10}", token(number))
        assert len(book) == 40

    def test_of_the_network_with_the_most_the_oldest_goes(self) -> None:
        book = control()
        quiet = Told(book.admit("198.51.100.1", None))
        crowd = [Told(book.admit(f"192.0.2.{number % 3}", None)) for number in range(9)]
        newcomer = Told(book.admit("198.51.100.2", None))
        assert [each.problem for each in crowd] == [problems.TOO_MANY_CONNECTIONS, *[None] * 8]
        assert (quiet.problem, newcomer.problem) == (None, None)

    def test_who_say_who_they_are_are_strangers_no_more(self) -> None:
        book = control()
        told = []
        for number in range(10):
            admission = book.admit("192.0.2.1", None)
            told.append(Told(admission))
            if number % 2:
                admission.identify(token(number))
            else:
                admission.bring(token(number))
        assert len(book.unidentified) == 0
        for number in range(10):
            book.admit(f"198.51.100.{number}", None)
        assert not any(each.problem for each in told)

    def test_again_when_the_token_of_a_subscription_is_given_back(self) -> None:
        book = control()
        socket = book.admit("192.0.2.1", None)
        brought = socket.bring(token())
        others = [Told(book.admit("192.0.2.2", None)) for _ in range(10)]
        brought.leave()
        assert len(book.unidentified) == 10
        assert others[0].problem is problems.TOO_MANY_CONNECTIONS

    def test_that_had_to_go_count_for_nothing(self) -> None:
        """A message may be under way when they are told."""
        book = control(connections=4, identity=1)
        gone = book.admit(None, None)
        book.admit(None, None)
        gone.identify(token(owner="ada"))
        gone.bring(token(1, owner="eve")).leave()
        assert (len(book), len(book.unidentified)) == (1, 1)
        assert not is_refused(book, None, token(owner="ada"))
        assert not is_refused(book, None, token(owner="eve"))
        gone.leave()
        assert len(book) == 1

    def test_are_none_on_an_open_gateway(self) -> None:
        book = control(connections=40, address=40)
        for _ in range(40):
            book.admit("192.0.2.1", ANYONE)
        assert len(book) == 40

    def test_of_a_network_that_is_full_push_nobody_out(self) -> None:
        book = control(connections=40, address=2)
        told = [Told(book.admit(f"192.0.2.{number // 2}", None)) for number in range(10)]
        assert is_refused(book, "192.0.2.1", None)
        assert not any(each.problem for each in told)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 9)), max_size=80))
def test_the_first_to_go_is_of_the_largest_crowd(steps: list[tuple[bool, int, int]]) -> None:
    crowds: Crowds[tuple[str, int]] = Crowds()
    model: dict[str, list[tuple[str, int]]] = {}
    for comes, network_number, number in steps:
        network = f"network-{network_number}"
        member = (network, number)
        members = model.setdefault(network, [])
        if comes and member not in members:
            crowds.add(network, member)
            members.append(member)
        elif not comes:
            crowds.discard(network, member)
            if member in members:
                members.remove(member)
        assert len(crowds) == sum(map(len, model.values()))
        most = max(map(len, model.values()))
        if most:
            first = crowds.first_to_go()
            assert len(model[first[0]]) == most
            assert model[first[0]][0] == first
        else:
            with pytest.raises(KeyError):
                crowds.first_to_go()


class TestSubscriptions:
    """On sockets for many tasks, each counts for whom it is about."""

    @staticmethod
    def of(book: AdmissionControl, owner: str) -> int:
        return book.headcount.subscriptions.here(f"owner:{owner}")

    def book(self, most: int = 2) -> AdmissionControl:
        limits = Limits(40, 10, 3, messages=1, bytes=1, subscriptions=most)
        return AdmissionControl(limits, cast("Revocations", NoRevocations()), clock=lambda: 1000.0)

    def test_that_are_too_many_are_refused_on_whichever_socket(self) -> None:
        book = self.book()
        own = book.admit(None, token(owner="ada")).subscribe()
        stranger = book.admit(None, None)
        brought = stranger.bring(token(1, owner="ada"))
        for refused in (book.admit(None, token(2, owner="ada")).subscribe, own_and(stranger, "ada")):
            with pytest.raises(TaskbeamError, match="too many subscriptions") as error:
                refused()
            assert error.value.problem is problems.TOO_MANY
        assert self.of(book, "ada") == 2
        stranger.bring(token(3, owner="ada"), brought).leave()
        for each in (own, brought, own, brought):
            each.leave()
        assert self.of(book, "ada") == 0
        assert len(book.unidentified) == 1

    def test_move_with_the_sockets_own_identity(self) -> None:
        book = self.book()
        socket, other = book.admit(None, token(owner="ada")), book.admit(None, token(owner="eve"))
        places: list[Place] = [socket.subscribe(), socket.subscribe()]
        places.append(socket.bring(token(1, owner="grace")))
        eves = other.subscribe()
        with pytest.raises(TaskbeamError):
            socket.identify(token(2, owner="eve"))
        assert (self.of(book, "ada"), self.of(book, "eve")) == (2, 1)
        eves.leave()
        socket.identify(token(3, owner="eve"))
        socket.identify(token(4, owner="eve"))
        assert [self.of(book, name) for name in ("ada", "eve", "grace")] == [0, 2, 1]
        places[0].leave()
        assert self.of(book, "eve") == 1
        socket.leave()
        for place in places:
            place.leave()
        assert [self.of(book, name) for name in ("ada", "eve", "grace")] == [0, 0, 0]

    def test_that_were_too_many_are_told_once(self) -> None:
        book = self.book()
        own, brought = (socket := book.admit(None, token(owner="ada"))).subscribe(), socket.bring(token(1))
        hosts = [Told(own), Told(brought)]
        assert [own.turn_away(), brought.turn_away(), own.turn_away(), brought.turn_away()] == [
            True,
            True,
            False,
            False,
        ]
        assert [host.problem for host in hosts] == [problems.TOO_MANY] * 2
        assert self.of(book, "ada") == 0

    def test_of_an_api_key_count_apart(self) -> None:
        limits = Limits(40, 10, 1, messages=1, bytes=1, per_key=2)
        book = AdmissionControl(limits, cast("Revocations", NoRevocations()), clock=lambda: 1000.0)
        for number in range(2):
            book.admit(None, token(number, sources=("token:x", "key:shop")))
        assert is_refused(book, None, token(2, sources=("key:shop",)))
        assert not is_refused(book, None, token(2, sources=("key:shop",), owner="ada"))


def own_and(socket: Admission, owner: str) -> Callable[[], object]:
    """Another subscription of the socket, with a token."""
    return lambda: socket.bring(token(9, owner=owner))


def test_those_whose_time_is_over_go_some_at_a_time() -> None:
    book = control(connections=400, address=400)
    crowd = [book.admit("192.0.2.1", None) for _ in range(7)]
    for admission in crowd:
        admission.expect(problems.UNAUTHENTICATED, seconds=0)
    told = [Told(admission) for admission in crowd]
    gone = []
    while book.sweep(3):
        gone.append(sum(one.problem is problems.UNAUTHENTICATED for one in told))
    assert gone == [3, 6]
    assert all(one.problem is problems.UNAUTHENTICATED for one in told)


def test_those_who_were_revoked_go_some_at_a_time() -> None:
    limits = Limits(40, 40, 40, messages=1, bytes=1)
    everybody = cast("Revocations", SimpleNamespace(revoked=lambda _: True))
    book = AdmissionControl(limits, everybody, clock=lambda: 1000.0)
    told = [Told(book.admit("192.0.2.1", token(number))) for number in range(4)]
    assert [book.expel(3), book.expel(3)] == [True, False]
    assert all(one.problem is problems.TOKEN_REVOKED for one in told)

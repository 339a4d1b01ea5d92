"""The rules of one task's channel, one class per rule."""

from __future__ import annotations

from dataclasses import replace

from taskbeam.follow.channel import MAX_ARRIVED, Channel
from taskbeam.follow.outputs import Close, Deliver, End, Read, Stand, Subscribe, Unsubscribe
from taskbeam.journal.events import EventId, Record, Unnumbered
from taskbeam.journal.history import Absence, Gap, History

EPOCH = 1_763_800_000_000


def at(seq: int, epoch: int = EPOCH) -> EventId:
    return EventId(epoch, seq)


def record(seq: int, *, final: bool = False, epoch: int = EPOCH) -> Record:
    return Record(at(seq, epoch), final, b"{}")


def records(first: int, last: int, epoch: int = EPOCH) -> list[Record]:
    return [record(seq, epoch=epoch) for seq in range(first, last + 1)]


def history(
    first: int, last: int, *, of: int | None = None, final: bool = False, epoch: int = EPOCH
) -> History:
    """A read that brought ``first`` to ``last`` of a journal that ends at ``of``."""
    end = last if of is None else of
    found = records(first, last, epoch)
    if final:
        found[-1] = record(last, final=True, epoch=epoch)
    return History(at(end, epoch), record(end, final=final, epoch=epoch), found)


def live_channel(*members: str, cursor: int = 2) -> Channel[str]:
    """A channel whose members are all live at the cursor."""
    channel: Channel[str] = Channel()
    for member in members:
        channel.join(member, None)
    channel.subscribed()
    channel.history(history(1, cursor))
    return channel


def delivered(outputs: list[object], member: str) -> list[EventId]:
    return [
        found.id
        for output in outputs
        if isinstance(output, Deliver) and member in output.members
        for found in output.records
    ]


class TestJoining:
    def test_the_first_member_subscribes_and_waits_for_the_acknowledgement(self) -> None:
        assert Channel[str]().join("a", None) == [Subscribe()]

    def test_the_journal_is_read_after_the_acknowledgement(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(4))
        assert channel.subscribed() == [Read(at(4))]

    def test_one_read_serves_all_who_wait_from_the_oldest_cursor(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(4))
        channel.join("b", at(2))
        assert channel.subscribed() == [Read(at(2))]
        outputs = channel.history(history(3, 6))
        assert delivered([*outputs], "a") == [at(5), at(6)]
        assert delivered([*outputs], "b") == [at(3), at(4), at(5), at(6)]

    def test_who_joins_during_a_read_waits_for_the_next(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(4))
        channel.subscribed()
        assert channel.join("b", at(1)) == []
        assert channel.history(history(5, 5))[-1] == Read(at(1))

    def test_what_is_published_during_the_read_waits_and_is_merged_by_id(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        assert channel.published(record(2)) == []
        assert channel.published(record(3)) == []
        assert delivered([*channel.history(history(1, 2))], "a") == [at(1), at(2), at(3)]
        assert delivered([*channel.published(record(4))], "a") == [at(4)]

    def test_an_up_to_date_member_is_admitted_with_an_empty_delivery(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(3))
        channel.subscribed()
        (admission,) = channel.history(History(at(3), record(3), []))
        assert isinstance(admission, Deliver)
        assert admission.members == ("a",)
        assert list(admission.records) == []

    def test_a_task_without_a_journal_is_unknown(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        assert channel.history(Absence.UNKNOWN) == [Close(("a",), End.UNKNOWN), Unsubscribe()]

    def test_a_journal_born_during_the_read_is_read_again(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        channel.published(record(1))
        assert channel.history(Absence.UNKNOWN) == [Read(None)]

    def test_that_there_was_none_before_the_connection_was_lost_says_nothing(self) -> None:
        """The task may have been sent in between, and then nobody heard of it."""
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        channel.lost()
        assert channel.subscribed() == []  # the read is still under way
        assert channel.history(Absence.UNKNOWN) == [Read(None)]

    def test_others_stay_live_while_one_joins(self) -> None:
        channel = live_channel("a")
        channel.join("b", at(1))
        assert delivered([*channel.published(record(3))], "a") == [at(3)]
        assert delivered([*channel.history(history(2, 2, of=2))], "b") == [at(2), at(3)]
        (both,) = channel.published(record(4))
        assert isinstance(both, Deliver)
        assert both.members == ("a", "b")

    def test_who_is_ahead_of_the_live_members_waits_for_them_without_a_repeat(self) -> None:
        channel = live_channel("a", cursor=2)
        channel.join("b", at(2))
        assert delivered([*channel.history(history(3, 4))], "b") == [at(3), at(4)]
        assert delivered([*channel.published(record(3))], "b") == []
        assert delivered([*channel.published(record(4))], "b") == []
        fifth = channel.published(record(5))
        assert delivered([*fifth], "a") == delivered([*fifth], "b") == [at(5)]


class TestWhereTasksStand:
    def test_who_goes_live_is_told_before_what_arrived_meanwhile(self) -> None:
        """What has no number may be newer than what was read, or older; the numbers of the task say so."""
        channel: Channel[str] = Channel()
        channel.join("a", at(1))
        channel.subscribed()
        mention, standing = Unnumbered(b"mention", EPOCH), (Unnumbered(b"standing"),)
        assert channel.published(record(3)) == channel.mentioned(mention) == []
        replay, stand, arrived = channel.history(replace(history(2, 2), standing=standing))
        assert delivered([replay], "a") == [at(2)]
        assert stand == Stand(("a",), standing)
        assert isinstance(arrived, Deliver)
        assert [each.body for each in arrived.records] == [b"{}", b"mention"]

    def test_who_is_live_is_told_nothing(self) -> None:
        channel = live_channel("a")
        channel.join("b", at(1))
        outputs = channel.history(replace(history(2, 2), standing=(Unnumbered(b"standing"),)))
        assert [each.members for each in outputs if isinstance(each, Stand)] == [("b",)]

    def test_nor_is_whoever_has_more_to_read(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(1))
        channel.subscribed()
        outputs = channel.history(replace(history(2, 3, of=4), standing=(Unnumbered(b"standing"),)))
        assert not any(isinstance(each, Stand) for each in outputs)


class TestBesideAnotherJournal:
    """What has no number, and was published on the same channel by another database of the server."""

    MINE, THEIRS = Unnumbered(b"mine", EPOCH), Unnumbered(b"theirs", EPOCH + 1)

    def test_who_is_live_does_not_get_it(self) -> None:
        channel = live_channel("a")
        assert channel.mentioned(self.THEIRS) == []
        assert channel.mentioned(self.MINE) == [Deliver(("a",), (self.MINE,))]

    def test_nor_does_who_is_ahead(self) -> None:
        channel = live_channel("a")
        channel.join("b", at(1))
        channel.history(history(2, 2))
        assert channel.mentioned(self.THEIRS) == []
        assert channel.mentioned(self.MINE) == [Deliver(("a", "b"), (self.MINE,))]

    def test_nor_who_reads(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(1))
        channel.subscribed()
        assert channel.mentioned(self.THEIRS) == channel.mentioned(self.MINE) == []
        _, arrived = channel.history(history(2, 2))
        assert arrived == Deliver(("a",), [self.MINE])


class TestOrder:
    def test_a_duplicate_is_dropped(self) -> None:
        channel = live_channel("a", cursor=2)
        assert channel.published(record(2)) == []

    def test_a_hole_in_the_numbers_leads_to_a_read(self) -> None:
        channel = live_channel("a", cursor=2)
        assert channel.published(record(4)) == [Read(at(2))]
        assert delivered([*channel.history(history(3, 4))], "a") == [at(3), at(4)]

    def test_a_late_record_of_an_older_epoch_is_dropped(self) -> None:
        channel = live_channel("a", cursor=2)
        assert channel.published(record(9, epoch=EPOCH - 1)) == []

    def test_a_new_epoch_leads_to_a_read_and_a_gap(self) -> None:
        channel = live_channel("a", cursor=2)
        assert channel.published(record(1, epoch=EPOCH + 1)) == [Read(at(2))]
        (delivery,) = channel.history(history(1, 1, epoch=EPOCH + 1))
        assert isinstance(delivery, Deliver)
        assert delivery.gap == Gap(at(2), at(0, EPOCH + 1), "epoch")


class TestReconnect:
    def test_every_acknowledgement_leads_to_a_read(self) -> None:
        channel = live_channel("a", cursor=2)
        assert channel.subscribed() == [Read(at(2))]

    def test_nothing_is_read_while_the_connection_is_lost(self) -> None:
        channel = live_channel("a", cursor=2)
        channel.lost()
        assert channel.join("b", None) == []
        assert channel.subscribed() == [Read(None)]

    def test_a_read_from_before_the_acknowledgement_is_made_again(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        channel.subscribed()
        outputs = channel.history(history(1, 2))
        assert delivered([*outputs], "a") == [at(1), at(2)]
        assert outputs[-1] == Read(at(2))

    def test_a_failed_read_is_asked_again(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(1))
        channel.subscribed()
        assert channel.read_failed() == [Read(at(1))]

    def test_a_journal_that_lost_its_newest_records_is_told_as_a_gap(self) -> None:
        channel = live_channel("a", cursor=5)
        assert channel.subscribed() == [Read(at(5))]
        (delivery,) = channel.history(history(1, 3))
        assert isinstance(delivery, Deliver)
        assert delivery.gap == Gap(at(5), at(0), "epoch")


class TestLongReplay:
    def test_is_read_in_pieces(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        outputs = channel.history(history(1, 3, of=5))
        assert outputs[-1] == Read(at(3))
        assert delivered([*channel.history(history(4, 5))], "a") == [at(4), at(5)]

    def test_more_published_than_may_wait_leads_to_another_read(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", None)
        channel.subscribed()
        for seq in range(2, MAX_ARRIVED + 3):
            channel.published(record(seq))
        assert channel.history(history(1, 1))[-1] == Read(at(1))


class TestTheEnd:
    def test_a_final_event_closes_all_and_drops_the_channel(self) -> None:
        channel = live_channel("a", cursor=2)
        delivery, *rest = channel.published(record(3, final=True))
        assert isinstance(delivery, Deliver)
        assert rest == [Close(("a",), End.FINISHED), Unsubscribe()]

    def test_a_task_that_has_ended_is_replayed_and_closed(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(1))
        channel.subscribed()
        delivery, *rest = channel.history(history(2, 3, final=True))
        assert delivered([delivery], "a") == [at(2), at(3)]
        assert rest == [Close(("a",), End.FINISHED), Unsubscribe()]

    def test_who_waits_while_others_finish_gets_the_end_too(self) -> None:
        channel = live_channel("a", cursor=2)
        channel.join("b", None)
        assert Close(("a",), End.FINISHED) in channel.published(record(3, final=True))
        outputs = channel.history(history(1, 2))
        assert delivered([*outputs], "b") == [at(1), at(2), at(3)]
        assert outputs[-2:] == [Close(("b",), End.FINISHED), Unsubscribe()]

    def test_who_has_everything_is_not_admitted_before_the_end_is_certain(self) -> None:
        """Else a client that comes back after the end would be given a stream, and not be told to stop."""
        channel: Channel[str] = Channel()
        channel.join("a", at(2))
        channel.subscribed()  # as may be due to somebody who was here before, and has gone
        channel.subscribed()
        ended = History(at(2), record(2, final=True), [])
        assert channel.history(ended) == [Read(at(2))]
        *_, closed, dropped = channel.history(ended)
        assert (closed, dropped) == (Close(("a",), End.FINISHED), Unsubscribe())


class TestLeaving:
    def test_a_live_member_leaves_with_the_shared_cursor(self) -> None:
        channel = live_channel("a", cursor=2)
        channel.published(record(3))
        assert channel.leave("a") == (at(3), [Unsubscribe()])

    def test_a_waiting_member_leaves_with_its_own_cursor(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(7))
        assert channel.leave("a") == (at(7), [Unsubscribe()])

    def test_a_member_that_is_read_for_leaves_with_its_own_cursor(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(7))
        channel.subscribed()
        assert channel.leave("a") == (at(7), [Unsubscribe()])
        assert channel.members == 0


class TestALostPublication:
    """Somebody looks where the journal ends, and where the live members are."""

    def test_the_position_is_that_of_the_live_members(self) -> None:
        channel = live_channel("a", cursor=2)
        channel.published(record(3))
        assert channel.position == at(3)
        channel.leave("a")
        assert channel.position is None

    def test_members_that_read_have_none(self) -> None:
        channel: Channel[str] = Channel()
        channel.join("a", at(2))
        channel.subscribed()
        assert channel.position is None

    def test_the_journal_is_read_where_it_does_not_end_there(self) -> None:
        channel = live_channel("a", "b", cursor=2)
        assert channel.missed(at(2)) == [Read(at(2))]
        assert delivered([*channel.history(history(3, 3))], "b") == [at(3)]

    def test_nothing_is_read_where_something_came_meanwhile(self) -> None:
        channel = live_channel("a", cursor=2)
        channel.published(record(3))
        assert channel.missed(at(2)) == []

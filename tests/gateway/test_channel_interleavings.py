"""Every interleaving of subscribe, ack, publish, history, gap, reconnect, join and leave (hypothesis).

The machine around the channel is a model of Redis: a journal, and a connection on which commands,
messages and answers each wait their turn. Whatever the order, each member must see exactly the
journal: in order, nothing twice, nothing missing that it was not told of.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskbeam.follow.channel import Channel
from taskbeam.follow.outputs import Close, Deliver, End, LookLater, Output, Read, Subscribe, Unsubscribe
from taskbeam.journal.events import EventId, Record, Start, Tail
from taskbeam.journal.history import Absence, History

READ_LIMIT = 3


@dataclass
class Journal:
    """The journal's records, all of them, and the first that it still has."""

    epoch: int = 1
    records: list[Record] = field(default_factory=list)
    trimmed: int = 0

    @property
    def last(self) -> EventId:
        return self.records[-1].id

    @property
    def ended(self) -> bool:
        return bool(self.records) and self.records[-1].final

    def append(self, *, final: bool = False) -> Record:
        found = Record(EventId(self.epoch, len(self.records) + 1), final, b"{}")
        self.records.append(found)
        return found

    def has(self, cursor: EventId) -> bool:
        """Whether the journal continues the cursor."""
        if not self.trimmed <= cursor.seq <= len(self.records):
            return False
        beside = self.records[max(cursor.seq - 1, self.trimmed) : cursor.seq + 1]
        return cursor.epoch in {self.last.epoch, *(found.id.epoch for found in beside)}

    def read(self, after: Start) -> History | Absence:
        """What read.lua does."""
        if not self.records:
            return Absence.UNKNOWN
        if isinstance(after, Tail):
            fits, start = True, max(len(self.records) - after.size, self.trimmed)
        else:
            fits = after is None or self.has(after)
            start = after.seq if fits and after else self.trimmed
        records = self.records[start : start + READ_LIMIT]
        return History(self.last, self.records[-1], records, asked=after, fits=fits)


@dataclass
class Member:
    """What one client has seen; with a tail, nothing yet."""

    cursor: Start
    joined: bool = True
    end: End | None = None


class ChannelMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal()
        self.channel: Channel[int] = Channel()
        self.members: list[Member] = []
        self.connected = True
        self.subscribed = False
        self.commands: list[Subscribe | Unsubscribe] = []
        self.messages: list[Record | None] = []  # None is an acknowledgement
        self.asked: list[tuple[Channel[int], Read]] = []
        self.answers: list[tuple[Channel[int], History | Absence]] = []
        self.looks = 0

    # What the hub does.

    def carry_out(self, outputs: list[Output[int]]) -> None:
        for output in outputs:
            match output:
                case Subscribe():
                    self.commands.append(output)
                case Unsubscribe():
                    self.commands.append(output)
                    self.channel = Channel()
                case LookLater():
                    self.looks += 1
                case Read():
                    self.asked.append((self.channel, output))
                case Deliver():
                    for index in output.members:
                        self.receive(self.members[index], output)
                case Close(members, end):
                    for index in members:
                        self.close(self.members[index], end)

    def receive(self, member: Member, delivery: Deliver[int]) -> None:
        assert member.joined
        if delivery.gap is not None:
            gap = delivery.gap
            if isinstance(member.cursor, Tail):
                assert member.cursor.size == 0, "nothing is missing before the first"
            else:
                assert gap.after == (member.cursor or EventId(gap.resume.epoch, 0))
            member.cursor = gap.resume
        if isinstance(member.cursor, Tail) and delivery.records:
            first = delivery.records[0].id
            member.cursor = EventId(first.epoch, first.seq - 1)
        for found in delivery.records:
            assert not isinstance(member.cursor, Tail)
            epoch, seq = member.cursor or EventId(found.id.epoch, 0)
            assert found.id == (epoch, seq + 1), "a hole, or a repeat"
            member.cursor = found.id

    def close(self, member: Member, end: End) -> None:
        assert member.joined
        member.joined, member.end = False, end
        cursor = member.cursor
        if end is End.FINISHED and isinstance(cursor, EventId) and cursor.epoch == self.journal.epoch:
            assert self.journal.ended
            assert member.cursor == self.journal.last

    # What clients do.

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        known = [None, Tail(0), Tail(2), *(found.id for found in self.journal.records), EventId(0, 7)]
        cursor = data.draw(st.sampled_from(known))
        self.members.append(Member(cursor))
        self.carry_out(self.channel.join(len(self.members) - 1, cursor))

    @precondition(lambda self: any(member.joined for member in self.members))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        index = data.draw(st.sampled_from([i for i, member in enumerate(self.members) if member.joined]))
        cursor, outputs = self.channel.leave(index)
        assert cursor == self.members[index].cursor or self.members[index].cursor == Tail(0)
        self.members[index].joined = False
        self.carry_out(outputs)

    # What the task does.

    @precondition(lambda self: not self.journal.ended)
    @rule(final=st.sampled_from([False] * 9 + [True]))
    def append(self, final: bool) -> None:
        found = self.journal.append(final=final)
        if self.connected and self.subscribed:
            self.messages.append(found)

    @precondition(lambda self: self.journal.records and not self.journal.ended)
    @rule(final=st.sampled_from([False] * 9 + [True]))
    def append_without_publishing(self, final: bool) -> None:
        self.journal.append(final=final)

    @rule()
    def the_position_is_checked(self) -> None:
        position = self.channel.position
        if position is not None and self.journal.records and self.journal.last != position:
            self.carry_out(self.channel.missed(position))

    @precondition(lambda self: len(self.journal.records) > self.journal.trimmed + 1)
    @rule()
    def trim(self) -> None:
        self.journal.trimmed += 1

    @rule()
    def redis_loses_the_journal(self) -> None:
        self.journal = Journal(epoch=self.journal.epoch + 1)

    @rule(data=st.data())
    def redis_begins_another_life(self, data: st.DataObject) -> None:
        """It restarts, perhaps without its newest writes; numbers go on in a new epoch."""
        before = self.journal
        kept = data.draw(st.integers(before.trimmed + 1, len(before.records))) if before.records else 0
        self.journal = Journal(before.epoch + 1, before.records[:kept], before.trimmed)
        if self.connected:
            self.connection_is_lost()
        self.asked, failed = [], self.asked
        for channel, _ in failed:
            if channel is self.channel:
                self.carry_out(channel.read_failed())

    @precondition(lambda self: self.looks)
    @rule()
    def it_is_time_to_look_again(self) -> None:
        self.looks -= 1
        self.carry_out(self.channel.look_again())

    # What Redis and the network do.

    @precondition(lambda self: self.connected and self.commands)
    @rule()
    def redis_obeys(self) -> None:
        command = self.commands.pop(0)
        self.subscribed = isinstance(command, Subscribe)
        if self.subscribed:
            self.messages.append(None)

    @precondition(lambda self: self.messages)
    @rule()
    def message_arrives(self) -> None:
        message = self.messages.pop(0)
        self.carry_out(self.channel.subscribed() if message is None else self.channel.published(message))

    @precondition(lambda self: self.asked)
    @rule()
    def redis_reads(self) -> None:
        channel, read = self.asked.pop(0)
        self.answers.append((channel, self.journal.read(read.after)))

    @precondition(lambda self: self.answers)
    @rule()
    def answer_arrives(self) -> None:
        channel, history = self.answers.pop(0)
        if channel is self.channel:
            self.carry_out(channel.history(history))

    @precondition(lambda self: self.asked)
    @rule()
    def read_fails(self) -> None:
        channel, _ = self.asked.pop(0)
        if channel is self.channel:
            self.carry_out(channel.read_failed())

    @precondition(lambda self: self.connected)
    @rule()
    def connection_is_lost(self) -> None:
        self.connected = self.subscribed = False
        self.commands.clear()
        self.messages.clear()
        self.channel.lost()

    @precondition(lambda self: not self.connected)
    @rule()
    def reconnect(self) -> None:
        self.connected = True
        if self.channel.members:
            self.commands.append(Subscribe())

    # What must hold.

    @invariant()
    def nobody_is_forgotten(self) -> None:
        assert self.channel.members == sum(member.joined for member in self.members)

    @rule()
    def all_comes_to_rest(self) -> None:
        """Whatever is under way arrives; members that are live are what most rules are about."""
        for _ in range(1000):
            if self.connected and self.commands:
                self.redis_obeys()
            elif self.messages:
                self.message_arrives()
            elif self.asked:
                self.redis_reads()
            elif self.answers:
                self.answer_arrives()
            else:
                break
        else:
            raise AssertionError("the channel never comes to rest")

    def teardown(self) -> None:
        """When all is quiet, every member has the whole journal, and is closed if the task has ended."""
        if not self.connected:
            self.reconnect()
        self.all_comes_to_rest()
        self.the_position_is_checked()
        self.all_comes_to_rest()
        for member in self.members:
            if member.joined:
                if self.journal.records:
                    assert member.cursor in (self.journal.last, Tail(0))
                    assert not self.journal.ended
                else:
                    assert member.cursor is not None or self.channel.cursor is not None


TestInterleavings = ChannelMachine.TestCase
TestInterleavings.settings = settings(max_examples=400, stateful_step_count=40)

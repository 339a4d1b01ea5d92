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

from taskbeam.follow.channel import Channel, Close, Deliver, End, Output, Read, Subscribe, Unsubscribe
from taskbeam.journal.events import EventId, Record
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

    def read(self, after: EventId | None) -> History | Absence:
        """What read.lua does."""
        if not self.records:
            return Absence.UNKNOWN
        start = self.trimmed
        if after and after.epoch == self.epoch and self.trimmed <= after.seq <= len(self.records):
            start = after.seq
        return History(self.last, self.records[-1], self.records[start : start + READ_LIMIT])


@dataclass
class Member:
    """What one client has seen."""

    cursor: EventId | None
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

    # What the hub does.

    def carry_out(self, outputs: list[Output[int]]) -> None:
        for output in outputs:
            match output:
                case Subscribe():
                    self.commands.append(output)
                case Unsubscribe():
                    self.commands.append(output)
                    self.channel = Channel()
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
            assert gap.after == member.cursor
            assert gap.after.epoch != self.journal.epoch or gap.after.seq < self.journal.trimmed
            member.cursor = gap.resume
        for found in delivery.records:
            if member.cursor is not None:
                assert found.id == (member.cursor.epoch, member.cursor.seq + 1), "a hole, or a repeat"
            member.cursor = found.id

    def close(self, member: Member, end: End) -> None:
        assert member.joined
        member.joined, member.end = False, end
        if end is End.FINISHED and member.cursor is not None and member.cursor.epoch == self.journal.epoch:
            assert self.journal.ended
            assert member.cursor == self.journal.last

    # What clients do.

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        known = [None, *(found.id for found in self.journal.records), EventId(0, 7)]
        cursor = data.draw(st.sampled_from(known))
        self.members.append(Member(cursor))
        self.carry_out(self.channel.join(len(self.members) - 1, cursor))

    @precondition(lambda self: any(member.joined for member in self.members))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        index = data.draw(st.sampled_from([i for i, member in enumerate(self.members) if member.joined]))
        cursor, outputs = self.channel.leave(index)
        assert cursor == self.members[index].cursor
        self.members[index].joined = False
        self.carry_out(outputs)

    # What the task does.

    @precondition(lambda self: not self.journal.ended)
    @rule(final=st.sampled_from([False] * 9 + [True]))
    def append(self, final: bool) -> None:
        found = self.journal.append(final=final)
        if self.connected and self.subscribed:
            self.messages.append(found)

    @precondition(lambda self: len(self.journal.records) > self.journal.trimmed + 1)
    @rule()
    def trim(self) -> None:
        self.journal.trimmed += 1

    @rule()
    def redis_loses_the_journal(self) -> None:
        self.journal = Journal(epoch=self.journal.epoch + 1)

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
        for member in self.members:
            if member.joined:
                assert member.cursor is not None, "a member waits for a task without a journal"
                # Of another epoch: the journal was lost, and nothing was published since.
                if member.cursor.epoch == self.journal.epoch:
                    assert member.cursor == self.journal.last
                    assert not self.journal.ended


TestInterleavings = ChannelMachine.TestCase
TestInterleavings.settings = settings(max_examples=400, stateful_step_count=40)

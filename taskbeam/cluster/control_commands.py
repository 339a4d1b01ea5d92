"""What the slot of what belongs to no task is told of tasks. Each may be said again, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Verdict
from taskbeam.journal.scripts import BEGIN_RUN, END_RUN, LEAVE_QUEUE, TAKE_TICKET, TELL_NEWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.journal.control_keys import QueueKeys
    from taskbeam.journal.entry import Appended, Entry, Place, Registration
    from taskbeam.journal.resp_connection import Part
    from taskbeam.journal.scripts import Script

#: What the scripts touch beside what they are called for. Of a slot that is moving some keys are here and
#: some there: a server refuses a script for that only where it is told of all of them.
_NEWS = (CLUSTER.dashboard, CLUSTER.news)
_MARKS = (CLUSTER.notify_asked, CLUSTER.notify_due)

#: All that are sent by a worker or a sender.
SCRIPTS = (TAKE_TICKET, LEAVE_QUEUE, BEGIN_RUN, END_RUN, TELL_NEWS)


class Command(NamedTuple):
    """A script, its keys and its arguments."""

    script: Script
    keys: tuple[str, ...]
    args: tuple[str | int, ...]

    @property
    def words(self) -> tuple[Part, ...]:
        """As it is sent to a server that knows the script."""
        return ("EVALSHA", self.script.digest, *self.given)

    @property
    def given(self) -> tuple[Part, ...]:
        """What stands behind the script."""
        return (len(self.keys), *self.keys, *self.args)

    @property
    def run(self) -> tuple[str | int, ...]:
        """The run that it begins or ends; empty: it does neither."""
        return (self.keys[0], *self.args[:2]) if self.script in (BEGIN_RUN, END_RUN) else ()

    @property
    def marks(self) -> bool:
        """Whether it says that an end may be due to be told."""
        return len(self.args) > {END_RUN: 3, TELL_NEWS: 1}.get(self.script, len(self.args))


def take_ticket(queue: QueueKeys, result: str, line: str, number: int) -> Command:
    """A task, whose result key it is, gets in line; the answer is its ticket.

    ``line``: the name of whoever asks, ``number``: how often it has asked. Whoever asks again with the same
    one is given the same ticket.
    """
    return Command(TAKE_TICKET, (queue.tickets, CLUSTER.taken(line), *_NEWS), (result, number))


def leave_queue(place: Place, result: str) -> Command:
    """A task is out of the line."""
    keys = (place.queue.tickets, place.queue.withdrawn, *_NEWS)
    return Command(LEAVE_QUEUE, keys, (place.ticket, int(place.begins), result))


def begin_run(registered: Registration, result: str) -> Command:
    """A run is about to begin. Said when it is over, it changes nothing."""
    return Command(BEGIN_RUN, (registered.runs_key, CLUSTER.over(result), *_NEWS), (result, registered.row))


def end_run(entry: Entry, registered: Registration, appended: Appended) -> Command:
    """A run is over, as an entry says that was answered; where it succeeded, how long it took is learnt."""
    result = entry.keys.result
    keys, args = [registered.runs_key, CLUSTER.over(result), *_NEWS, *_MARKS], [result, registered.row]
    if entry.ran is not None and appended.verdict is Verdict.APPENDED:
        keys.append(entry.ran.times_key)
        args.append(repr(entry.ran.seconds))
        if appended.place is not None:
            keys.append(appended.place.queue.tickets)
    if due := end_due(entry, appended):
        args += ["", *due] if len(args) == 2 else due
    return Command(END_RUN, tuple(keys), tuple(args))


def tell_news(result: str, due: tuple[str, ...] = ()) -> Command:
    """Something has begun or ended a task which no run does; ``due``: as `end_due` has it."""
    return Command(TELL_NEWS, (*_NEWS, *_MARKS), (result, *due))


def end_due(entry: Entry, appended: Appended) -> tuple[str, ...]:
    """The end of the entry's task, where it may be due to be told; empty: it is not."""
    due = appended.due
    # A member as notifications/members.py reads it.
    return (f"end {due.id} {entry.task_id}", due.asked, due.owner) if due is not None else ()


def shortened(commands: Iterable[Command], most: int) -> tuple[list[Command], int]:
    """So many of them, and how many were given up.

    A run that begins and ends here needs no row. What is given up are the oldest; last of all those that end
    a run, whose row would stay, and those of ends that are due to be told.
    """
    told = list(commands)
    whole = {each.run for each in told if each.script is BEGIN_RUN}
    whole &= {each.run for each in told if each.script is END_RUN}
    left = [each for each in told if each.run not in whole or each.marks]
    worth = [each.script is END_RUN or each.marks for each in left]
    by_worth = sorted(range(len(left)), key=lambda place: (worth[place], place))
    given_up = set(by_worth[: max(len(left) - most, 0)])
    return [each for place, each in enumerate(left) if place not in given_up], len(given_up)

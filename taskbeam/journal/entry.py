"""What a writer hands to the append script, as plain data."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from json.encoder import encode_basestring_ascii as _quoted
from os import urandom
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from taskbeam.journal.control_keys import QueueKeys
from taskbeam.journal.encode import to_json
from taskbeam.journal.events import EventId
from taskbeam.journal.feeds.owed import Owed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.limits import Limits

#: When an entry is to be refused though its run may speak. ``queued``: unless no run has begun;
#: ``open``: unless the task goes on; ``running``: unless ``run`` runs and is not stalled; ``stalled``:
#: unless ``run`` is stalled; ``waiting``: unless the task waits for another one.
Condition = Literal["queued", "open", "running", "stalled", "waiting"]


#: Members of an entry that the script is handed as they are: texts that most entries have, and others.
_TEXTS = ("run", "state", "name", "life")
_OTHERS = (
    "birth",
    "waiting",
    "final",
    "ends_run",
    "cancel",
    "only",
    "after",
    "delay",
    "number",
    "behind",
    "ticket",
    "units",
    "written",
    "holds",
)


#: How the script's answer begins to say what another server is to be told of the task's place in its queue.
LEFT = "left: "

#: The same of an end that may be due to be told.
DUE = "due: "


def new_token() -> str:
    """A short random name, unique among the last few calls (or the runs) of one task."""
    return urandom(4).hex()


def write_ids(ids: Iterable[str]) -> str:
    """The ids of tasks, as a head keeps them: one a line. An id may be any text."""
    return "\n".join([task_id.replace("%", "%25").replace("\n", "%0A") for task_id in ids])


def read_ids(lines: bytes | str) -> tuple[str, ...]:
    """Read what `write_ids` made."""
    text = lines.decode() if isinstance(lines, bytes) else lines
    return tuple(line.replace("%0A", "\n").replace("%25", "%") for line in text.split("\n")) if text else ()


def _text(reply: bytes | str | int) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)


class Verdict(StrEnum):
    """What the script did with an entry. Revoked: refused, and the run that begins with it is not to run.

    Early: what its writer sent before it is not there, so it has to be sent again, after that.
    """

    APPENDED = "appended"
    EARLY = "early"
    REPEATED = "repeated"
    REFUSED = "refused"
    REVOKED = "revoked"


_VERDICTS: dict[object, Verdict] = {
    spelling: verdict for verdict in Verdict for spelling in (verdict.value, verdict.value.encode())
}


class Delivery(Enum):
    """How far a writer has come with an entry."""

    UNSENT = "not sent yet"
    UNDER_WAY = "sent; there is no answer yet"
    CUT = "sent; the connection was lost before the answer, so it may be in the journal"
    TURNED_AWAY = "Redis could not take it, but may later; it is not in the journal"
    OVERTAKEN = "Redis took a later one of its writer first; it is not in the journal"
    REFUSED = "Redis will never take it"
    WRITTEN = "the script has answered"


class Place(NamedTuple):
    """A task's place in a queue. ``leaves``: it is out of the line; ``begins``: because a run of it began."""

    ticket: int
    queue: QueueKeys
    leaves: bool
    begins: bool

    @classmethod
    def read(cls, told: str) -> Self:
        """As the script tells it: `b`, `e` or `-`, the ticket's number, and the queue."""
        how, ticket, queue = told.split(" ", 2)
        return cls(int(ticket), QueueKeys(queue), how != "-", how == "b")


class DueEnd(NamedTuple):
    """An end that is due to be told, if somebody asked for that.

    ``id``: of the event. ``asked``: '1' = somebody asked for this task, else it depends on its ``owner``.
    """

    id: str
    asked: str
    owner: str

    @classmethod
    def read(cls, told: str) -> Self:
        """As the script tells it."""
        return cls(*told.split(" ", 2))


@dataclass(slots=True)
class Appended:
    """The verdict, and the id of the entry's event (of the journal's last event when refused).

    ``cancelled``: somebody asked the task to stop. ``run``: the entry's. ``dependents``: the tasks that
    wait for this one, where it has ended without success. ``life``: the name of this life of the server.
    ``failed``: the optional steps that failed, each as ``what it does: why``. ``place``: in its queue,
    ``owed``: what its feeds are to be told; ``due``: that its end may be. These three on a cluster.
    """

    verdict: Verdict
    id: EventId
    cancelled: bool = False
    run: str = ""
    dependents: tuple[str, ...] = ()
    life: str = ""
    failed: tuple[str, ...] = ()
    place: Place | None = None
    owed: Owed | None = None
    due: DueEnd | None = None

    @classmethod
    def from_reply(cls, reply: list[Any], run: str = "") -> Appended:
        """Read the script's ``{verdict, epoch, seq, cancel, dependents, life, failed…}``, decoded or not."""
        verdict, epoch, seq, cancel, dependents, life, *failed = reply
        id, ids = EventId(int(epoch), int(seq)), read_ids(dependents)  # noqa: A001
        appended = cls(_VERDICTS[verdict], id, cancel in ("1", b"1"), run, ids, _text(life))
        if failed and isinstance(failed[0], list):
            appended.owed = Owed.from_reply(failed.pop(0))
        if failed:
            steps = [_text(step) for step in failed]
            appended.failed = tuple(step for step in steps if not step.startswith((LEFT, DUE)))
            for step in steps:
                if step.startswith(LEFT):
                    appended.place = Place.read(step.removeprefix(LEFT))
                elif step.startswith(DUE):
                    appended.due = DueEnd.read(step.removeprefix(DUE))
        return appended

    @property
    def begins(self) -> bool:
        """Whether the entry began the journal: nobody has told of the task before."""
        return self.verdict is not Verdict.REFUSED and self.id.seq == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Where a run is registered while it goes on: the runs of its worker, and what is kept there."""

    runs_key: str
    row: str


class Ran(NamedTuple):
    """For how many seconds a run went on, and where that is kept of tasks of its name."""

    seconds: float
    times_key: str


@dataclass(slots=True, kw_only=True)
class Entry:
    """One event to append.

    - ``type`` and ``members`` are the body, but for what only the script knows (id, name, attempt,
      and the state where it is unchanged). It is encoded once, here, and never parsed again.
    - ``state``: the task's state after this event; '' = unchanged, or as before a stall.
    - ``run``: the execution that writes; '' = the worker's main process, or another task.
    - ``birth``: only if it begins a journal (PENDING of a task that was just sent). ``waiting``: it was
      sent with the message of another task, for which it waits. ``next``: a task that waits for it.
      ``beside``: those that wait for the same as this one, kept with the first of them.
    - ``final``, ``ends_run``: the task, or the run (RETRY), ends with it.
    - ``limits``: what the application has configured, and only its own writers have. An entry by others has
      none: it follows the journal's head, and prolongs the journal's life only if it is final.
    - ``delay``: seconds by which the journal lives longer; until the ETA of a task that was just sent.
    - ``meta``: what Celery stores under its result key; empty = nothing.
    - ``after``: refused unless this is the number of the journal's last event; 0 = whatever it is.
    - ``queue``: with ``birth``, the queue that the task takes a ticket of. ``ticket``: the one that it has
      taken before, on a cluster; '' = none. ``ran``: with SUCCESS, how long its run went on.
    - ``permille``: how much of the task is done, where the event says so. ``holds``: it failed, and its
      errbacks are still to be sent.
    - ``labels``: fields of the head (`taskbeam.labels`), kept from the journal's birth on.
    - ``text``: a piece of what the task writes, as it stands in a JSON string; None in all other events.
      ``units``: UTF-16 code units of it, ``written``: of all that the attempt has written with it.
    - ``cancel``: the task is asked to stop. ``registration``: absent outside a worker.
    - ``ts``: Unix seconds, by this machine's clock.
    - ``token``: the writer's own name for this call; a repeated call changes nothing. With a ``number`` it is
      the name of a writer, which sends its calls in the order of their numbers and may repeat all of them.
    - ``behind``: the number of a call that has no answer yet. Unless that one was taken, this one is early.
    - ``life``: the life of the server, as an earlier answer over the same connection named it; '' = unknown.
    - ``delivery``: how far its writer has come with it. ``in_doubt``: it may be in the journal, though no
      answer said so. ``owed``: what the task's feeds are to be told, by the answer; ``place``: the task's in
      its queue, by the answer.
    """

    keys: TaskKeys
    task_id: str
    type: str
    members: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    run: str = ""
    birth: bool = False
    waiting: bool = False
    next: str = ""
    beside: Sequence[str] = ()
    final: bool = False
    ends_run: bool = False
    limits: Limits | None = None
    delay: int = 0
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    meta: str | bytes = b""
    text: str | None = None
    units: int = 0
    written: int = 0
    cancel: bool = False
    only: Condition | None = None
    registration: Registration | None = None
    after: int = 0
    queue: QueueKeys | None = None
    ticket: str = ""
    ran: Ran | None = None
    permille: int | None = None
    holds: bool = False
    ts: float = field(default_factory=time.time)
    token: str = ""
    number: int = 0
    behind: int = 0
    life: str = ""
    delivery: Delivery = Delivery.UNSENT
    in_doubt: bool = False
    owed: Owed | None = None
    place: Place | None = None

    def script_keys(self) -> tuple[str, ...]:
        """The script's KEYS."""
        keys = self.keys
        names = (keys.result, keys.head, keys.log, keys.tombstone)
        if self.registration and keys.beside_control:
            return (*names, self.registration.runs_key)
        return names

    def script_args(self) -> tuple[str | bytes, ...]:
        """The script's ARGV."""
        front = f'"task_id":{to_json(self.task_id)},"type":"{self.type}",'
        members = "".join([f',"{name}":{value}' for name, value in self.members.items()])
        back = f'"ts":{self.ts:.6f},"final":{"true" if self.final else "false"}{members}}}'
        args = (self._rules(), front, back, self.meta)
        return args if self.text is None else (*args, self.text)

    def _rules(self) -> str:
        """A JSON object, put together here, for an encoder takes twice as long.

        What is absent is '', 0 or false to the script; most is absent from most entries.
        """
        keys = self.keys
        if not self.token:
            self.token = new_token()
        rules = [
            f'{{"token":"{self.token}","type":"{self.type}"',
            f'"channel":{_quoted(keys.channel)},"publish":"{keys.publish}"',
        ]
        rules += [f'"{name}":{_quoted(text)}' for name in _TEXTS if (text := getattr(self, name))]
        rules += [f'"{name}":{to_json(value)}' for name in _OTHERS if (value := getattr(self, name))]
        if self.limits:
            rules.append(f'"limits":"{self.limits.encoded}"')
        if self.registration:
            rules.append(f'"row":{_quoted(self.registration.row)}')
        if self.labels:
            labels = ",".join([f'"{name}":{_quoted(text)}' for name, text in self.labels.items()])
            rules.append(f'"labels":{{{labels}}}')
        if self.permille is not None:
            rules.append(f'"permille":{self.permille}')
        if self.next or self.beside or self.queue or self.ran:
            rules += self._of_those_who_wait()
        return ",".join(rules) + "}"

    def _of_those_who_wait(self) -> Iterator[str]:
        """Of its place in line, and of what waits for it. A queue at another server is told by the writer."""
        if self.next:
            yield f'"next":{_quoted(write_ids([self.next]))}'
        if self.beside:
            yield f'"beside":{_quoted(write_ids(self.beside))}'
        if self.queue and self.keys.beside_control:
            yield f'"queue":{_quoted(self.queue.base)}'
        if self.ran:
            yield f'"ran":{self.ran.seconds}'
            if self.keys.beside_control:
                yield f'"times":{_quoted(self.ran.times_key)}'

"""What a thread has sent and has no answer to yet, and what the answers say of it. No I/O."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError, ResponseError

from taskbeam.journal.away import refuses_for_good
from taskbeam.journal.entry import Appended, Delivery, Entry, Verdict
from taskbeam.journal.failed_steps import failed_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Entries that may be unanswered, and for how many seconds. Answers that wait are read together.
MAX_UNANSWERED = 16
ANSWER_DUE = 0.01


def unknown_script(error: ResponseError) -> bool:
    """Whether the server does not know the script (yet)."""
    return isinstance(error, NoScriptError)


class Unanswered:
    """The entries that are under way over one connection, oldest first.

    Of several commands a server may refuse any one and take the next: it knows the script again, or has
    memory again. So each entry names the one before it in the same journal, and is *early* where that is not
    there.
    """

    __slots__ = ("entries", "since")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        # When the oldest was sent, in seconds of the writer's clock.
        self.since = 0.0

    def add(self, entry: Entry, now: float) -> None:
        """It was sent just now."""
        if not self.entries:
            self.since = now
        self.entries.append(entry)
        entry.delivery = Delivery.UNDER_WAY

    def due(self, now: float) -> bool:
        """Whether the answers are to be read before more is sent."""
        return len(self.entries) >= MAX_UNANSWERED or now - self.since > ANSWER_DUE

    def before(self, entry: Entry) -> Entry | None:
        """The newest of the same journal."""
        for other in reversed(self.entries):
            if other.task_id == entry.task_id:
                return other
        return None

    def settle(
        self, replies: Sequence[Any], comes_again: Callable[[ResponseError], bool] = unknown_script
    ) -> Appended | None:
        """All replies have come. Returns the newest answer, or raises the first error.

        If there is none, those entries are kept that met a refusal of which ``comes_again`` says that they
        are to be sent again, or were early. What another error hit, and what is behind it, is for whoever
        catches that.
        """
        again: list[Entry] = []
        newest: Appended | None = None
        first_error: ResponseError | None = None
        for entry, reply in zip(self.entries, replies, strict=True):
            try:
                appended = note(entry, reply)
            except ResponseError as error:
                if comes_again(error):
                    again.append(entry)
                else:
                    first_error = first_error or error
            else:
                if appended.verdict is Verdict.EARLY:
                    again.append(entry)
                else:
                    newest = appended
        self.entries = again if first_error is None else []
        if first_error is not None:
            raise first_error
        return newest

    def cut(self, replies: Sequence[Any] = ()) -> None:
        """The connection is lost, after these replies. What is not written is kept, in order."""
        for entry, reply in zip(self.entries, replies, strict=False):
            with suppress(ResponseError):
                note(entry, reply)
        for entry in self.entries:
            if entry.delivery is Delivery.UNDER_WAY:
                entry.delivery = Delivery.CUT
        self.entries = [entry for entry in self.entries if entry.delivery in _OPEN]


#: Of entries that are to be sent again.
_OPEN = frozenset({Delivery.CUT, Delivery.TURNED_AWAY})


def note(entry: Entry, reply: Any) -> Appended:
    """How far the entry has come, by a reply; raises it if it is an error.

    The script knows what was made before by the highest number of its writer. So an entry that is not in
    doubt, and is answered `REPEATED`, is not there: a later one is.
    """
    if isinstance(reply, Exception):
        if refuses_for_good(reply) and not isinstance(reply, NoScriptError):
            entry.delivery = Delivery.REFUSED
        else:
            entry.delivery = Delivery.CUT if entry.in_doubt else Delivery.TURNED_AWAY
        raise reply
    appended = Appended.from_reply(reply, entry.run)
    entry.owed, entry.place = appended.owed, appended.place
    if appended.verdict is Verdict.REPEATED and not entry.in_doubt:
        entry.delivery, entry.number = Delivery.OVERTAKEN, 0
    elif appended.verdict is Verdict.EARLY:
        entry.delivery = Delivery.TURNED_AWAY
    else:
        entry.delivery = Delivery.WRITTEN
    failed_steps.note(entry.task_id, appended.failed)
    return appended

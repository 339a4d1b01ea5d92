"""What a cluster keeps of tasks in another slot: which runs go on, who is in line, which ends are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.cluster.control_commands import begin_run, end_due, end_run, leave_queue, take_ticket, tell_news
from taskbeam.cluster.control_line import ControlLine
from taskbeam.journal.entry import Place, Verdict, new_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.connection import AbstractConnection

    from taskbeam.cluster.control_commands import Command
    from taskbeam.cluster.control_line import Silence
    from taskbeam.journal.entry import Appended, Entry


class Registrations:
    """Those of one thread.

    A row is sent before the event that begins its run, and struck off after the one that ends it. So a worker
    that dies in between leaves a row of a run that is over, which the watchdog finds to be so, and never a
    run without a row. A ticket is taken before the event with which a task is sent: its journal keeps it, and
    whoever has begun or ended the task is told it by that. That an end is due to be told is said with the row
    that is struck off: while that is there, the watchdog says it. All of it is optional.
    """

    def __init__(self, connect: Callable[[], AbstractConnection], silence: Silence) -> None:
        """``connect`` makes an unconnected connection to whoever has the control slot.

        ``silence``: that of the process.
        """
        self._line = ControlLine(connect, silence)
        self._name, self._tickets = new_token(), 0
        # The run that is registered, and the one that was struck off last.
        self._run = self._over = ""

    def before(self, entry: Entry) -> None:
        """An entry is about to be sent: a task that is sent gets in line, and a new run is registered."""
        self._line.catch_up()
        if entry.birth and not entry.ticket:
            entry.ticket = self._ticket(entry)
        if entry.registration is None or not entry.registration.row or entry.run in (self._run, self._over):
            return
        if entry.final or entry.ends_run:  # it may be told late, by a thread that knows nothing of the run
            return
        self._run = entry.run
        self._line.post(begin_run(entry.registration, entry.keys.result))

    def after(self, entry: Entry, appended: Appended) -> None:
        """An entry was answered: a run that is over is struck off, and who began is out of the line."""
        commands: list[Command] = []
        over = entry.final or entry.ends_run or appended.verdict in (Verdict.REFUSED, Verdict.REVOKED)
        registered = entry.registration if over else None
        # Of another run than this thread's it may have been said before that it is over, because something of
        # it was refused. An end that comes after all is not told with its row then.
        tells = registered is not None and entry.run == self._run
        if registered is not None:
            self._run, self._over = "", entry.run
            commands.append(end_run(entry, registered, appended))
        if entry.queue is not None and entry.ticket and appended.verdict is Verdict.REFUSED:
            # The task goes on under its id: it is not sent.
            number = int(entry.ticket.split(" ", 1)[0])
            place = Place(number, entry.queue, leaves=True, begins=False)
            commands.append(leave_queue(place, entry.keys.result))
        if entry.place is not None and entry.place.leaves:
            commands.append(leave_queue(entry.place, entry.keys.result))
        if not tells and (appended.due is not None or (entry.final and not commands)):
            commands.append(tell_news(entry.keys.result, end_due(entry, appended)))
        if commands:
            self._line.post(*commands)

    def leave(self, entry: Entry) -> None:
        """An entry that was posted was answered; nobody has waited for that: who began is out of the line."""
        if entry.place is not None and entry.place.leaves:
            self._line.post(leave_queue(entry.place, entry.keys.result))

    def settle(self) -> None:
        """Read all answers that are due."""
        self._line.settle()

    def close(self) -> None:
        """Settle, and drop the connection."""
        self._line.close()

    def _ticket(self, entry: Entry) -> str:
        """As the head of a task that is sent keeps it; '' where it has none, or none can be had."""
        if entry.queue is None:
            self._line.post(tell_news(entry.keys.result))
            return ""
        self._tickets += 1
        number = self._line.ask(take_ticket(entry.queue, entry.keys.result, self._name, self._tickets))
        return f"{number} {entry.queue.base}" if isinstance(number, int) else ""

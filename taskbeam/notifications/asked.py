"""Which targets are told of the end of one task: its journal has them.

On a cluster what is due has another slot than the journal. So it is marked there first: whoever asks again
after a fault changes nothing.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from taskbeam.journal.run_script import run_script
from taskbeam.journal.scripts import Script
from taskbeam.notifications.ended import read_ended
from taskbeam.notifications.members import Message, read_due

if TYPE_CHECKING:
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.due import DueSet
    from taskbeam.notifications.targets import TargetStore

#: Targets that may ask to be told of one task.
MOST_OF_TASK = 20

_ASK, _WITHDRAW = (
    Script.of(files(__package__).joinpath(f"{name}.lua").read_text("utf-8")) for name in ("ask", "withdraw")
)


class Asked:
    """All of it raises redis-py's errors."""

    def __init__(self, journals: Exchange, due: DueSet, targets: TargetStore, control: ControlKeys) -> None:
        """``journals``: by what journals are read and written; ``due``: the queue; ``targets``: who asks."""
        self._journals = journals
        self._due = due
        self._targets = targets
        self._control = control

    async def ask(self, keys: TaskKeys, target_id: str) -> Literal["asked", "unknown", "full"]:
        """Let a target be told of the end of one task; at once, where that is over.

        Returns ``unknown`` where there is no such task, ``full`` where `MOST_OF_TASK` are told of it.
        """
        names = (keys.head, self._control.notify_due) if keys.beside_control else (keys.head,)
        arguments = (target_id, keys.task_id, MOST_OF_TASK)
        answer, *message = await run_script(self._journals, _ASK, names, *arguments)
        if message:
            await self._due.put(read_due(message[0].decode()))
            answer, *_ = await run_script(self._journals, _ASK, names, *arguments, 1)
        return answer.decode()  # type: ignore[no-any-return]

    async def withdraw(self, keys: TaskKeys, target_id: str) -> bool:
        """Let a target not be told of one task; returns whether it was to be."""
        names: tuple[Any, ...] = (keys.head,)
        if keys.beside_control:
            names = (keys.head, self._control.notify_due, self._control.notify_tries)
        known, message = await run_script(self._journals, _WITHDRAW, names, target_id, keys.task_id)
        due = read_due(message.decode()) if message and not keys.beside_control else None
        # Where it did not ask, whoever withdrew it before may have died before this step.
        if isinstance(due, Message) and (known or not await self._is_told_anyway(keys, due)):
            await self._due.remove(due)
        return bool(known)

    async def _is_told_anyway(self, keys: TaskKeys, message: Message) -> bool:
        """Whether the target is told of the task among others, for which it did not ask."""
        ended = await read_ended(self._journals, keys, message.end)
        target = await self._targets.get(message.target)
        return ended is not None and target is not None and target.is_told(ended)

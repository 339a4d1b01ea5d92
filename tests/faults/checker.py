"""Compares what clients were told with the journal and with what the tasks say that they did; without I/O.

The promises: every event once, in order, none left out but behind a gap; every word of a run that came to
its end; the same bytes under the same id for everybody; a fate that is true; an end for every client.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from .account import Id, Word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from .account import Account, End, Heard
    from .ledger import Run

SUCCESS = "SUCCESS"

#: The one way to fail that these tasks have.
WORKER_LOST = "worker_lost"

#: Why a gap is told after which everything begins anew.
EPOCH = "epoch"

#: What is counted of each client, and added up.
COUNTS = (
    *("clients", "events", "lost", "twice", "disorder"),
    *("gaps", "dropped", "forks", "untrue", "endless"),
)

#: What no client should meet; a fault may be one of which a gap or a dropped word is told.
FAILURES = tuple(count for count in COUNTS if count not in ("clients", "events"))

#: The bytes of each event of a task, by their checksum.
Bodies = dict[Id, int]


@dataclass
class Findings:
    """What one client, or many of them, met."""

    clients: int = 0
    events: int = 0
    #: Numbers that were left out without a gap, and words that were neither told nor counted as dropped.
    lost: int = 0
    #: Ids, and words, that came again.
    twice: int = 0
    #: Ids that came behind a later one, or from another life of the journal without a gap.
    disorder: int = 0
    gaps: int = 0
    #: Words that the worker says that it dropped.
    dropped: int = 0
    #: Ids under which another client, or the journal, has other bytes.
    forks: int = 0
    #: Ends that are not what the task did.
    untrue: int = 0
    #: Clients without an end.
    endless: int = 0
    #: Clients that ended with a problem, by its code.
    errors: Counter[str] = field(default_factory=Counter)
    #: Seconds.
    silence: float = 0.0

    def add(self, other: Findings) -> None:
        """Count the other's, too."""
        for count in COUNTS:
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.silence = max(self.silence, other.silence)
        self.errors.update(other.errors)

    def beyond(self, allowed: Collection[str]) -> list[str]:
        """The failures, such as `lost 3`, but for those that are allowed; of problems, their codes are."""
        counted = [f"{name} {getattr(self, name)}" for name in FAILURES if getattr(self, name)]
        problems = [f"{code} {count}" for code, count in self.errors.items()]
        return [each for each in (*counted, *problems) if each.rpartition(" ")[0] not in allowed]


def check(account: Account, runs: Mapping[str, Run], bodies: Bodies) -> Findings:
    """What a client met.

    Args:
        account: what it was told.
        runs: of its task, by the ledger.
        bodies: of its task, by `agreed`.
    """
    found = Findings(clients=1, events=len(account.heard))
    _check_ids(account.heard, found)
    _check_words(account, runs, found)
    found.gaps = sum(bool(heard.gap) for heard in account.heard)
    found.dropped = sum(heard.dropped for heard in account.heard)
    # A gap is made for its client: what it says of the cursor differs from one to the next.
    found.forks = sum(bodies[heard.id] != heard.crc for heard in account.heard if not heard.gap)
    if account.end is not None:
        found.untrue = int(not is_true(account.end, runs))
    elif account.error:
        found.errors[account.error] = 1
    else:
        found.endless = 1
    found.silence = longest_silence(account)
    return found


def agreed(journal: Iterable[tuple[Id, int]], accounts: Iterable[Account]) -> Bodies:
    """The bytes of each event of one task: the journal's, else those of the client that was told first.

    Args:
        journal: what the journal still has: ids and checksums.
        accounts: the clients of the task.
    """
    bodies: Bodies = {}
    told = sorted((heard for account in accounts for heard in account.heard if not heard.gap), key=_at)
    for heard in told:
        bodies.setdefault(heard.id, heard.crc)
    return bodies | dict(journal)


def is_true(end: End, runs: Mapping[str, Run]) -> bool:
    """A SUCCESS is the result of a run that came to its end. Where none did, the worker was lost."""
    if end.state == SUCCESS:
        return end.run in runs and runs[end.run].returned
    return end.code == WORKER_LOST and not any(run.returned for run in runs.values())


def longest_silence(account: Account) -> float:
    """Seconds from one event to the next, without those in which the client was away by its own will."""
    longest = 0.0
    for before, after in pairwise(account.heard):
        silence = after.at - before.at
        for left, came in account.away:
            silence -= max(0.0, min(came, after.at) - max(left, before.at))
        longest = max(longest, silence)
    return longest


def _check_ids(events: Sequence[Heard], found: Findings) -> None:
    """Within an epoch each number follows the one before; a gap says where it goes on.

    After a gap of another life of the journal a client is told all that the journal still has, also again.
    """
    last = Id(0, 0)
    seen: set[Id] = set()
    for heard in events:
        if heard.gap:
            last = heard.id
            if heard.gap == EPOCH:
                seen.clear()
            continue
        if heard.id in seen:
            found.twice += 1
        elif heard.id.seq <= last.seq or last.epoch not in (0, heard.id.epoch):
            found.disorder += 1
        else:
            found.lost += heard.id.seq - last.seq - 1
        seen.add(heard.id)
        last = max(last, heard.id)


def _check_words(account: Account, runs: Mapping[str, Run], found: Findings) -> None:
    """Each run says 1, 2, 3 … What is missing is lost, unless a gap or a count says so."""
    last: Word | None = None
    told_of_a_gap = False
    dropped = 0
    for heard in account.heard:
        dropped += heard.dropped
        if heard.gap:
            last, told_of_a_gap, dropped = None, True, 0
        elif heard.word is not None:
            _follow(last, heard.word, dropped, told_of_a_gap=told_of_a_gap, found=found)
            if last is None or last.run != heard.word.run or last.n < heard.word.n:
                last = heard.word
            told_of_a_gap, dropped = False, 0
    run = runs.get(account.end.run) if account.end else None
    # A run that another one superseded may end the task all the same; what it said meanwhile is refused.
    if run is not None and not told_of_a_gap and (last is None or last.run == run.id):
        found.lost += max(0, run.words - (last.n if last else 0) - dropped)


def _follow(last: Word | None, word: Word, dropped: int, *, told_of_a_gap: bool, found: Findings) -> None:
    """A word after the last one that was heard, if any since the last gap."""
    if told_of_a_gap:
        return
    before = last.n if last is not None and last.run == word.run else 0
    if word.n <= before:
        found.twice += 1
    else:
        found.lost += max(0, word.n - before - 1 - dropped)


def _at(heard: Heard) -> float:
    return heard.at

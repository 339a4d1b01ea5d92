"""The canvases: what each is called, and how it is made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from celery import chain, chord, group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery


class Parts:
    """Short names for what the canvases are made of."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def s(self, name: str = "one", *args: Any) -> Any:
        """An immutable signature."""
        return self.app.signature(name, args=args, immutable=True)

    def t(self) -> Any:
        return self.app.signature("total")

    def chain(self, *parts: Any) -> Any:
        return chain(*parts, app=self.app)

    def group(self, *parts: Any) -> Any:
        return group(*parts, app=self.app)

    def chord(self, header: Any, body: Any) -> Any:
        return chord(header, body, app=self.app)

    def pair(self) -> Any:
        return self.group(self.s(), self.s())

    def slowly(self) -> Iterator[Any]:
        """The first members have ended before the last one is sent."""
        for _ in range(3):
            yield self.s()
            time.sleep(0.15)


def stamped(p: Parts) -> Any:
    canvas = p.chord([p.s(), p.s()], p.t())
    canvas.stamp(run="7")
    return canvas


def linked(p: Parts) -> Any:
    task = p.s()
    task.link(p.s())
    return task


def with_errback(task: Any, errback: Any) -> Any:
    task.link_error(errback)
    return task


CANVASES: dict[str, Callable[[Parts], Any]] = {
    "a task": lambda p: p.s(),
    "a group": lambda p: p.group(p.s(), p.s(), p.s()),
    "a group of one": lambda p: p.group([p.s()]),
    "a generator": lambda p: p.group(p.s() for _ in range(3)),
    "a slow generator": lambda p: p.group(p.slowly()),
    "a group in a group": lambda p: p.group(p.s(), p.pair()),
    "chunks": lambda p: p.app.tasks["one"].chunks(zip(range(4), strict=True), 2).group(),
    "a map": lambda p: p.app.tasks["one"].map(range(3)),
    "a chain": lambda p: p.chain(p.s(), p.s(), p.s()),
    "a chord": lambda p: p.chord([p.s(), p.s()], p.t()),
    "a chord of a generator": lambda p: p.chord((p.s() for _ in range(3)), p.t()),
    "a chord of a slow generator": lambda p: p.chord(p.slowly(), p.t()),
    "a group whose results are ignored": lambda p: p.group(
        p.s().set(ignore_result=True), p.s("sends", "task").set(ignore_result=True)
    ),
    "a chain whose links are ignored": lambda p: p.chain(
        p.s().set(ignore_result=True), p.s("fails").set(ignore_result=True), p.s()
    ),
    "members that have expired": lambda p: p.group(p.s().set(expires=0.001), p.s()),
    "a group, then a task": lambda p: p.pair() | p.t(),
    "a task, then a group": lambda p: p.chain(p.s(), p.pair()),
    "a task, a group, a task": lambda p: p.chain(p.s(), p.pair(), p.t()),
    "two groups": lambda p: p.chain(p.pair(), p.pair()),
    "three groups": lambda p: p.chain(p.pair(), p.pair(), p.pair()),
    "two groups in the middle": lambda p: p.chain(p.s(), p.pair(), p.pair(), p.t()),
    "a group, a task, a group": lambda p: p.chain(p.pair(), p.t(), p.pair()),
    "a chord with a group as body": lambda p: p.chord([p.s(), p.s()], p.pair()),
    "a chain in a group": lambda p: p.group(p.chain(p.s(), p.s()), p.s()),
    "a group of chains": lambda p: p.group(p.chain(p.s(), p.s()), p.chain(p.s(), p.s())),
    "a group behind a task in a group": lambda p: p.group(p.chain(p.s(), p.pair())),
    "two such groups": lambda p: p.group(p.chain(p.s(), p.pair()), p.chain(p.s(), p.pair())),
    "a group of chords": lambda p: p.group(p.chord([p.s(), p.s()], p.t()), p.chord([p.s()], p.t())),
    "a chord with a group as body, in a group": lambda p: p.group(p.chord([p.s(), p.s()], p.pair()), p.s()),
    "a chord of chords": lambda p: p.chord([p.chord([p.s(), p.s()], p.s()), p.s()], p.t()),
    "a chord of chains": lambda p: p.chord([p.chain(p.s(), p.s()), p.s()], p.chain(p.t(), p.s())),
    "a chord in a chain in a group": lambda p: p.group(p.chain(p.s(), p.chord([p.s(), p.s()], p.t())), p.s()),
    "a task, then a chord with a group as body": lambda p: p.chain(p.s(), p.chord([p.s()], p.pair())),
    "replaced by a task": lambda p: p.s("replaces", "task"),
    "replaced by a chain": lambda p: p.s("replaces", "chain"),
    "replaced by a group": lambda p: p.s("replaces", "group"),
    "replaced by a chord": lambda p: p.s("replaces", "chord"),
    "a member that is replaced by a group": lambda p: p.group(p.s(), p.s("replaces", "group"), p.s()),
    "a link that is replaced by a chain": lambda p: p.chain(p.s(), p.s("replaces", "chain"), p.s()),
    "a member that adds one to its chord": lambda p: p.chord([p.s("adds"), p.s()], p.t()),
    "tasks of a task": lambda p: p.s("sends", "task", "task"),
    "a group of a task": lambda p: p.s("sends", "group"),
    "canvases of a member": lambda p: p.group(p.s("sends", "chain", "chord"), p.s()),
    "a member that retries": lambda p: p.group(p.s("flaky"), p.s()),
    "a task that retries": lambda p: p.s("flaky"),
    "a link that is called": linked,
    "an errback that is sent": lambda p: with_errback(p.s("fails"), p.app.signature("told")),
    "an errback that is called": lambda p: with_errback(p.s("fails"), p.app.signature("inline")),
    "an errback of a chain": lambda p: with_errback(
        p.chain(p.s(), p.s("fails"), p.s()), p.app.signature("told")
    ),
    "an errback of a member": lambda p: p.group(with_errback(p.s("fails"), p.app.signature("told")), p.s()),
    "an errback of a member that takes too long": lambda p: p.group(
        with_errback(p.s("sleeps").set(time_limit=1), p.app.signature("told")), p.s()
    ),
    "a chain that fails": lambda p: p.chain(p.s("fails"), p.s(), p.pair()),
    "a chord that fails": lambda p: p.chord([p.s("fails"), p.s()], p.t()),
    "stamps": stamped,
}

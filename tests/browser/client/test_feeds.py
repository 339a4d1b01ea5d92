"""A feed in the browser: its list, kept as its events come, over whichever transport."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from taskbeam.journal import events
from taskbeam.journal.feeds.canvas_news import GroupSizes, Size
from taskbeam.journal.feeds.names import feed_keys
from taskbeam.journal.keys import CELERY_PREFIX
from tests.support.results import subscribers_of
from tests.support.tokens import sign
from tests.support.waiting import wait_until

from .watching_feeds import FeedWatching, watching_feed

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task
    from tests.support.proxy import Kind, Proxy

TRANSPORTS: tuple[Kind, ...] = ("websocket", "sse", "poll")


#: Watches the feed of whoever the next token is about.
_ASKING = """async () => {
  const { watchFeed } = await import("/client/index.js");
  const watch = watchFeed("owner:me", { getToken: () => tokens.shift() });
  return (window.feeds ??= []).push({ watch, events: [], lines: [] }) - 1;
}"""


class Owner:
    """Somebody with tasks."""

    def __init__(self, journals: Journals) -> None:
        self.name = f"Ada / Jürgen {uuid4()}"
        self.feed = f"owner:{self.name}"
        self._journals = journals

    def task(self) -> Task:
        """A task that was just sent."""
        return self._journals.task(labels={"owner": self.name})

    def wait_for_subscriber(self, transport: Kind) -> None:
        """Return when a gateway would tell what has no number; over polls nobody hears of it, but lists."""
        if transport == "poll":
            return
        channel = feed_keys(self.feed, CELERY_PREFIX).channel
        wait_until(lambda: subscribers_of(self._journals.redis, channel) > 0)

    def lose(self) -> None:
        """Forget the feed, as Redis does when it loses its data."""
        head = feed_keys(self.feed, CELERY_PREFIX).head
        base = head.removesuffix(":head")
        self._journals.redis.delete(head, *(f"{base}:{part}" for part in ("log", "rows", "order", "ended")))


class Group(Owner):
    """A group of two tasks, which its sender has sent."""

    def __init__(self, journals: Journals) -> None:
        super().__init__(journals)
        self.id = str(uuid4())
        self.feed = f"group:{self.id}"
        self.tasks = [journals.task(labels={"group": self.id, "tree": self.id}) for _ in range(2)]
        sent = Size(self.id, len(self.tasks), member=self.tasks[0].id)
        journals.writer.tell_canvas(GroupSizes(self.tasks[0].keys, 600, (sent,)))


@pytest.fixture
def owner(journals: Journals) -> Owner:
    return Owner(journals)


@pytest.mark.parametrize("transport", TRANSPORTS)
class TestOverEachTransport:
    def test_the_list_keeps_itself(self, tab: Page, owner: Owner, transport: Kind) -> None:
        first, second = owner.task(), owner.task()
        seen = watching_feed(tab, owner.feed, transport=transport)
        seen.wait_for_line("live", transport)
        seen.wait_for_tasks((second, "PENDING"), (first, "PENDING"))
        third = owner.task()
        first.finish()
        seen.wait_for_tasks((third, "PENDING"), (second, "PENDING"), (first, "SUCCESS"))
        assert seen.get("watch.rollup") == {"total": 3, "open": 2, "waiting": 2, "done": {"SUCCESS": 1}}

    def test_progress_comes_too(self, tab: Page, owner: Owner, transport: Kind) -> None:
        task = owner.task()
        task.append()
        seen = watching_feed(tab, owner.feed, transport=transport)
        seen.wait_for_line("live", transport)
        owner.wait_for_subscriber(transport)
        newest = task.append()
        seen.wait_for(f"watch.tasks[0].cursor === '{newest[0]}-{newest[1]}'")

    @pytest.mark.parametrize("beside", ["nobody", "the page itself", "another tab"])
    def test_what_is_reported_behind_the_list_is_not_missed(
        self, profile: BrowserContext, tab: Page, proxy: Proxy, owner: Owner, transport: Kind, beside: str
    ) -> None:
        """Where the feed is followed already, too: then no connection begins."""
        task = owner.task()
        task.append()
        if beside != "nobody":
            first = watching_feed(tab, owner.feed, transport=transport)
            first.wait_for_line("live", transport)
            owner.wait_for_subscriber(transport)
        if beside == "another tab":
            tab = profile.new_page()
            tab.goto(proxy.http)
        newest: list[str] = []

        def list_then_report(route: Route) -> None:
            answer = route.fetch()
            epoch, seq = task.append()
            newest.append(f"{epoch}-{seq}")
            route.fulfill(response=answer)

        tab.route(re.compile(r"/feeds/[^/]*\?limit="), list_then_report, times=1)
        seen = watching_feed(tab, owner.feed, transport=transport)
        seen.wait_for("watch.tasks.length === 1")
        seen.wait_for(f"watch.tasks[0].cursor === '{newest[0]}'")

    def test_what_a_cut_hides_is_there_after_it(
        self, tab: Page, proxy: Proxy, owner: Owner, transport: Kind
    ) -> None:
        task = owner.task()
        task.append()
        seen = watching_feed(tab, owner.feed, transport=transport)
        seen.wait_for_line("live", transport)
        proxy.cut(transport)
        other = owner.task()
        newest = task.append()  # progress, which a feed does not repeat
        seen.wait_for_tasks((other, "PENDING"), (task, events.PROGRESS))
        seen.wait_for(f"watch.tasks[1].cursor === '{newest[0]}-{newest[1]}'")

    def test_a_feed_that_was_lost_begins_again(
        self, tab: Page, proxy: Proxy, owner: Owner, transport: Kind
    ) -> None:
        lost = owner.task()
        seen = watching_feed(tab, owner.feed, transport=transport)
        seen.wait_for_tasks((lost, "PENDING"))
        seen.wait_for_line("live", transport)
        owner.lose()
        proxy.cut(transport)
        task = owner.task()
        seen.wait_for_tasks((task, "PENDING"))
        task.finish()
        seen.wait_for_tasks((task, "SUCCESS"))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_group_ends_with_its_last_task(tab: Page, journals: Journals, transport: Kind) -> None:
    group = Group(journals)
    first, second = group.tasks
    seen = watching_feed(tab, group.feed, transport=transport)
    seen.wait_for_line("live", transport)
    first.finish()
    seen.wait_for("watch.rollup.permille === 500")
    assert seen.get("[watch.line, watch.rollup.size, watch.rollup.final]") == ["live", 2, False]
    second.finish()
    seen.wait_for("watch.line === 'ended'")
    assert seen.get("[watch.error, watch.rollup.permille, watch.rollup.final]") == [None, 1000, True]
    assert sorted(seen.tasks) == sorted((task.id, "SUCCESS") for task in group.tasks)
    again = watching_feed(tab, group.feed, transport=transport)
    again.wait_for("watch.line === 'ended'")
    assert again.get("watch.rollup.permille") == 1000


def test_an_empty_feed_waits_for_its_first_task(tab: Page, owner: Owner) -> None:
    seen = watching_feed(tab, owner.feed)
    seen.wait_for("watch.rollup !== null")
    assert seen.tasks == []
    seen.wait_for_line("live", "websocket")
    task = owner.task()
    seen.wait_for_tasks((task, "PENDING"))


def test_the_newest_are_kept(tab: Page, owner: Owner) -> None:
    tasks = [owner.task() for _ in range(4)]
    seen = watching_feed(tab, owner.feed, limit=3)
    seen.wait_for_tasks(*((task, "PENDING") for task in tasks[:0:-1]))
    newest = owner.task()
    seen.wait_for_tasks((newest, "PENDING"), *((task, "PENDING") for task in tasks[:1:-1]))
    assert seen.get("watch.rollup.total") == 5


def test_a_gateway_that_cannot_be_reached_is_asked_again(tab: Page, owner: Owner) -> None:
    task = owner.task()
    tab.evaluate("import('/client/index.js').then(() => null)")  # later it is not to be had
    tab.context.set_offline(True)
    seen = watching_feed(tab, owner.feed)
    seen.wait_for("watch.line === 'offline'")
    tab.context.set_offline(False)
    seen.wait_for_tasks((task, "PENDING"))


def test_a_feed_that_is_none_of_ours_cannot_be_followed(tab: Page) -> None:
    seen = watching_feed(tab, "owner:me")  # nobody is anybody at an open gateway
    seen.wait_for("watch.error !== null")
    assert seen.get("[watch.line, watch.error.code]") == ["gone", "unknown_feed"]


def test_a_watch_that_is_closed_lets_go(tab: Page, owner: Owner, journals: Journals) -> None:
    channel = feed_keys(owner.feed, CELERY_PREFIX).channel
    seen = watching_feed(tab, owner.feed)
    wait_until(lambda: subscribers_of(journals.redis, channel) == 1)
    seen.get("watch.close()")
    wait_until(lambda: subscribers_of(journals.redis, channel) == 0)
    assert seen.get("[watch.line, watch.error]") == ["ended", None]


def test_two_people_in_two_tabs_have_each_their_own(
    profile: BrowserContext, guarded: Gateway, journals: Journals
) -> None:
    people = [Owner(journals), Owner(journals)]
    tasks = [person.task() for person in people]
    seen = []
    for person in people:
        page = profile.new_page()
        page.goto(guarded.http)
        seen.append(watching_feed(page, "owner:me", token=sign(owner=person.name)))
    for each, task in zip(seen, tasks, strict=True):
        each.wait_for_line("live", "websocket")
        each.wait_for_tasks((task, "PENDING"))
    for task in tasks:
        task.finish()
    for each, task in zip(seen, tasks, strict=True):
        each.wait_for_tasks((task, "SUCCESS"))
        assert each.get("events.map(({ task_id }) => task_id)") == [task.id]


def test_a_token_that_is_refused_is_asked_for_again(
    profile: BrowserContext, guarded: Gateway, journals: Journals
) -> None:
    owner = Owner(journals)
    task = owner.task()
    page = profile.new_page()
    page.goto(guarded.http)
    tokens = [sign(owner=owner.name, exp=time.time() - 60), sign(owner=owner.name)]
    page.evaluate("tokens => (window.tokens = tokens)", tokens)
    seen = FeedWatching(page, page.evaluate(_ASKING))
    seen.wait_for_tasks((task, "PENDING"))
    seen.wait_for_line("live", "websocket")
    assert page.evaluate("tokens.length") == 0

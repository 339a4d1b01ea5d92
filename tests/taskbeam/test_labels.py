"""Owner, tags and title go with a task wherever it goes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import pytest
from celery import chain, chord

from taskbeam.celery.labels import head_of, labelled, labels_of
from taskbeam.journal.labels import FIELDS, MAX_LENGTH, Labels
from tests.support.results import client_of, names, results_at

from .apps import results_app
from .feed import Feed
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
    from celery import Celery

    from stack.valkey import Valkey

    from .journal import Journal

OURS = {"owner": "user-7", "tags": ["billing", "May"], "title": "Invoices"}
LABELS = Labels(owner="user-7", tags=("billing", "May"), title="Invoices")


@pytest.fixture
def results(valkey: Valkey) -> Iterator[redis.Redis]:
    with client_of(valkey.url(9)) as client:
        yield client


def sender(header: Any) -> Any:
    """The request of the task that sends."""
    return SimpleNamespace(id="sender", headers={"taskbeam": header})


def labels_in(client: redis.Redis, task_id: str) -> Labels:
    """What the task's head says."""
    values: Any = client.hmget(names(task_id).head, list(FIELDS))
    return Labels.of_head(values)


class TestWhichHold:
    def test_none_without_any(self) -> None:
        assert labels_of({}, None) == Labels()

    def test_those_of_the_context(self) -> None:
        with labelled(owner="user-7", tags=["billing", "May"], title="Invoices"):
            assert labels_of({}, sender({"owner": "another"})) == replace(LABELS, tree="sender")
        assert labels_of({}, None) == Labels()

    def test_an_explicit_header_before_those_of_the_context(self) -> None:
        with labelled(owner="another", tags=["x"]):
            assert labels_of({"taskbeam": OURS}, None) == LABELS

    def test_those_of_the_sending_task_last(self) -> None:
        assert labels_of({}, sender(OURS)) == replace(LABELS, tree="sender")

    def test_those_of_the_applications_function_where_nobody_says_whose(self) -> None:
        asked: list[Any] = []

        def function(*call: Any) -> Any:
            asked.append(call)
            return {"owner": call[2]["user"]} if "user" in call[2] else None

        body: Any = ([1], {"user": "user-7"}, {})
        headers = {"id": "a", "task": "reports.make"}
        assert labels_of(headers, None, body, function) == Labels(owner="user-7")
        assert labels_of(headers, sender({"tree": "t"}), body, function) == Labels(owner="user-7", tree="t")
        assert asked == [("reports.make", *body[:2])] * 2
        assert labels_of(headers, None, ([], {}, {}), function) == Labels()
        with labelled(owner="user-8"):
            assert labels_of(headers, None, body, function).owner == "user-8"
        assert labels_of(headers, sender({"owner": "user-8"}), body, function).owner == "user-8"

    @pytest.mark.parametrize("said", [7, "owner", {"owner": 7}, {"tags": "x"}, [1]])
    def test_a_function_that_fails_labels_nothing(self, said: Any) -> None:
        assert labels_of({"id": "a"}, None, function=lambda *_: said) == Labels()
        assert labels_of({"id": "a"}, None, function=lambda *_: 1 / 0) == Labels()  # type: ignore[arg-type]

    def test_the_group_is_the_tasks_own(self) -> None:
        assert labels_of({"group": "g", "group_index": 0}, sender(OURS)).group == "g"

    def test_a_chords_body_names_the_group_of_its_header_and_is_no_member(self) -> None:
        assert labels_of({"group": "g", "group_index": None}, None).groups == ()


class TestTheGroupBehindASendersOwn:
    """Celery names the first group in the messages of its members, however many of them wait to be told."""

    LATER: ClassVar[Any] = {
        "subtask_type": "group",
        "options": {"task_id": "second", "group_id": "first"},
        "kwargs": {"tasks": [{"options": {"task_id": "b", "group_id": "first", "group_index": 0}}]},
    }

    @staticmethod
    def headers(task_id: str) -> dict[str, Any]:
        return {"id": task_id, "group": "first", "group_index": 0}

    def test_is_the_one_that_the_caller_holds(self) -> None:
        last = SimpleNamespace(id="a", headers=None, chord=self.LATER)
        assert labels_of(self.headers("b"), last).groups == ("second",)
        assert labels_of(self.headers("added by a member"), last).groups == ("first",)

    def test_rides_with_the_task_and_its_retries(self) -> None:
        named = ("first",)
        header = Labels(groups=("second",)).header(named)
        assert header == {"groups": ["second"]}
        request = SimpleNamespace(
            id="b", headers={"taskbeam": header}, group="first", group_index=0, task="add", chord=None
        )
        assert head_of(request) == {"group": "second"}
        again = self.headers("b") | {"taskbeam": header}
        assert labels_of(again, request).groups == ("second",)
        assert labels_of({"id": "c"}, request).groups == ()

    def test_needs_no_header_where_the_message_says_it(self) -> None:
        assert Labels(groups=("first",)).header(("first",)) == {}


class TestWhatIsNoLabel:
    @pytest.mark.parametrize("owner", [7, "", "two\nlines", "x" * (MAX_LENGTH + 1), ["a"], "\0"])
    def test_is_left_out_of_a_header(self, owner: object) -> None:
        assert Labels.of_header({"owner": owner, "tags": [owner, "kept"]}) == Labels(tags=("kept",))

    @pytest.mark.parametrize("header", ["x", 7, [], {"tags": "x"}, {"tags": {"x": 1}}])
    def test_of_any_form(self, header: object) -> None:
        assert Labels.of_header(header) == Labels()

    @pytest.mark.parametrize("owner", ["", "two\nlines", "x" * (MAX_LENGTH + 1)])
    def test_is_told_to_who_writes_the_code(self, owner: str) -> None:
        with pytest.raises(ValueError, match="a label is a line"), labelled(owner=owner):
            pass

    @pytest.mark.parametrize(
        "given", [{"owner": 7}, {"owner": b"ada"}, {"title": object()}, {"tags": [1]}, {"tags": "billing"}]
    )
    def test_what_is_no_text_is_told_to_who_writes_the_code(self, given: Any) -> None:
        with pytest.raises(ValueError, match=r"^a label is a str|^tags are a list"), labelled(**given):
            pass

    def test_one_text_as_the_tags_is_told_to_the_operator(self, caplog: pytest.LogCaptureFixture) -> None:
        assert Labels.of_header({"tags": "billing"}) == Labels()
        assert "Ignoring a task's tags: they are no list, but str." in caplog.text

    def test_head_and_back(self) -> None:
        head = LABELS.head()
        assert (
            Labels.of_head([value.encode() if (value := head.get(name)) else None for name in FIELDS])
            == LABELS
        )


def _labels_of(name: str, _: Any, kwargs: Any) -> Any:
    """What an application may say of its tasks."""
    return {"owner": kwargs["user"], "tags": [name]} if "user" in kwargs else None


class TestTheOptions:
    @pytest.fixture
    def app(self, valkey: Valkey) -> Celery:
        options = {"labels_of": _labels_of, "weights": {"heavy": 5}}
        url = "taskbeam+" + results_at(valkey.url(9))
        return results_app(url, task_default_queue=str(uuid4()), taskbeam_options=options)

    def test_a_function_labels_what_nobody_has_labelled(self, app: Celery, results: redis.Redis) -> None:
        user = f"Jürgen {uuid4()}"
        sent = app.send_task("light", kwargs={"user": user})
        assert labels_in(results, sent.id) == Labels(owner=user, tags=("light",))
        assert Feed(results, f"owner:{user}").rows == {sent.id: "PENDING"}
        with labelled(owner="another"):
            assert labels_in(results, app.send_task("light", kwargs={"user": user}).id).owner == "another"

    def test_those_that_wait_are_whose_the_first_one_is(self, app: Celery, results: redis.Redis) -> None:
        first = app.signature("light", kwargs={"user": "user-7"})
        header: Any = {"taskbeam": {"owner": "user-8"}}
        own = app.signature("light").set(headers=header)
        last: Any = chain(first, app.signature("light"), own, app=app).apply_async()
        assert labels_in(results, last.parent.id).owner == "user-7"
        assert labels_in(results, last.id).owner == "user-8"

    def test_a_weight_is_that_of_the_tasks_name(self, app: Celery, results: redis.Redis) -> None:
        last: Any = chain(app.signature("light"), app.signature("heavy"), app=app).apply_async()
        heads = [names(each).head for each in (last.parent.id, last.id)]
        assert [results.hget(head, "weight") for head in heads] == [None, b"5"]
        rows = Feed(results, f"tree:{last.parent.id}").rows
        assert rows == {last.parent.id: "0 1 PENDING", last.id: "0 5 PENDING"}


class TestTheHead:
    def test_keeps_those_of_the_birth(self, journal: Journal) -> None:
        journal.send(labels=LABELS.head())
        journal.append("STARTED", "a", labels={"owner": "thief"})
        assert labels_in(journal.client, journal.task_id) == LABELS

    def test_keeps_them_when_a_new_run_begins_after_the_end(self, journal: Journal) -> None:
        journal.send(labels=LABELS.head())
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        journal.append("STARTED", "b", labels={"owner": "thief"})
        assert labels_in(journal.client, journal.task_id) == LABELS

    def test_has_those_of_the_newer_sending(self, journal: Journal) -> None:
        journal.send(labels=LABELS.head())
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        journal.send(labels={"owner": "user-8"})
        assert labels_in(journal.client, journal.task_id) == Labels(owner="user-8")

    def test_gets_them_from_the_worker_when_redis_lost_its_own(self, journal: Journal) -> None:
        journal.append("PROGRESS", "a", "progress", labels=LABELS.head())
        assert labels_in(journal.client, journal.task_id) == LABELS


class TestWithCelery:
    def test_a_task(self, jobs: Celery, results: redis.Redis) -> None:
        sent = jobs.send_task("jobs.add", [1, 2], headers={"taskbeam": OURS})
        assert sent.get(timeout=DEADLINE) == 3
        assert labels_in(results, sent.id) == LABELS

    def test_a_retry(self, jobs: Celery, results: redis.Redis) -> None:
        with labelled(owner="user-7"):
            sent = jobs.send_task("jobs.flaky")
        assert sent.get(timeout=DEADLINE) == "done"
        assert labels_in(results, sent.id).owner == "user-7"

    def test_every_link_of_a_chain(self, jobs: Celery, results: redis.Redis) -> None:
        add = jobs.tasks["jobs.add"]
        with labelled(owner="user-7"):
            last: Any = chain(add.s(1, 2), add.s(3), add.s(4)).apply_async()
        assert last.get(timeout=DEADLINE) == 10
        while last is not None:
            assert labels_in(results, last.id).owner == "user-7"
            last = last.parent

    def test_a_chord_with_its_body(self, jobs: Celery, results: redis.Redis) -> None:
        add, total = jobs.tasks["jobs.add"], jobs.tasks["jobs.total"]
        with labelled(owner="user-7"):
            body = chord([add.s(1, 2), add.s(3, 4)])(total.s())
        assert body.get(timeout=DEADLINE) == 10
        assert labels_in(results, body.id).owner == "user-7"
        group: Any = body.parent
        members = group.results
        labels = [labels_in(results, member.id) for member in members]
        assert labels == [Labels(owner="user-7", groups=(group.id,))] * 2

    def test_a_task_without_any_has_none(self, jobs: Celery, results: redis.Redis) -> None:
        sent = jobs.send_task("jobs.add", [1, 2])
        sent.get(timeout=DEADLINE)
        assert labels_in(results, sent.id) == Labels()

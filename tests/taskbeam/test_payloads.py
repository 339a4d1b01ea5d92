"""A payload is of the type that its task has registered, or clients do not receive it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from jsonschema import Draft202012Validator
from pydantic import AfterValidator, BaseModel, ValidationError

from taskbeam import Payloads, Stored, stored
from taskbeam.celery.payload_check import PayloadCheck, check_of
from taskbeam.celery.payloads import Payload
from taskbeam.celery.published_schemas import publish_schemas
from taskbeam.journal.describe import Description
from taskbeam.journal.encode import to_json
from tests.support.results import control, results_at
from tests.support.worker import worker
from tests.test_architecture import loaded_by

from .typed_jobs import BAD, GOOD, PAYLOADS, typed_app
from .waiting import DEADLINE, ended, until

if TYPE_CHECKING:
    import redis

    from stack.valkey import Valkey


@dataclass
class Cell:
    """What pydantic knows, too."""

    value: int


class Page(BaseModel):
    """What has a file."""

    url: Stored


def raising(error: BaseException) -> Any:
    def check(_: Any) -> Any:
        raise error

    return Annotated[int, AfterValidator(check)]


def task(payloads: Payloads) -> object:
    return SimpleNamespace(taskbeam_payloads=payloads)


class TestAFault:
    @pytest.mark.parametrize(
        ("kind", "value", "fault"),
        [
            (int, 7, None),
            (int, "7", "Input should be a valid integer"),  # nothing is converted
            (float, 7, None),
            (list[int], [1, None, 3], "1: Input should be a valid integer"),
            (list[bool], list("abcde"), "; ".join(f"{n}: Input should be a valid boolean" for n in range(3))),
            (Stored, stored("a b.pdf"), None),  # as clients receive it
            (Stored, 7, "Input should be a valid string"),
            (Cell, {"value": 1, "more": 2}, None),
            (Cell, {}, "value: Field required"),
            (None, object(), None),
        ],
    )
    def test_is_told_by_its_place(self, kind: Any, value: Any, fault: str | None) -> None:
        found = Payloads(result=kind).fault(Payload.RESULT, to_json(value) if kind else "?")
        assert (found and found.removesuffix("; and 2 more")) == fault

    def test_says_no_value(self) -> None:
        assert "planted-secret" not in (Payloads(chunk=int).fault(Payload.CHUNK, '"planted-secret"') or "")


class TestACheck:
    @pytest.mark.parametrize(
        ("kind", "members", "left"),
        [
            ("state", {"result": "7"}, {"result": "7"}),
            ("state", {"result": '"7"', "files": '["a"]'}, {"result_omitted": "true"}),
            ("state", {"data": '"7"'}, {"data_omitted": "true"}),
            ("progress", {"progress": "{}", "data": '"7"'}, {"progress": "{}", "data_omitted": "true"}),
            ("progress", {"progress": "{}"}, {"progress": "{}"}),
            ("data", {"data": '"7"', "files": '["a"]'}, {"data_omitted": "true"}),
            ("log", {"data": '"7"'}, {"data": '"7"'}),
            ("state", {"result_omitted": "true"}, {"result_omitted": "true"}),
            ("state", {"error": "{}"}, {"error": "{}"}),
        ],
    )
    def test_takes_away_what_does_not_fit(
        self, kind: str, members: dict[str, str], left: dict[str, str]
    ) -> None:
        check = PayloadCheck("7", "jobs.typed", Payloads(result=int, meta=int, chunk=int))
        assert check.fit(Description(kind, members)).members == left

    def test_says_so_once_for_each_kind(self, caplog: pytest.LogCaptureFixture) -> None:
        check = PayloadCheck("7", "jobs.typed", Payloads(result=int, chunk=int))
        for _ in range(3):
            check.fit(Description("data", {"data": "null"}))
            check.fit(Description("state", {"result": "null"}))
        assert [record.message.split(" is not ")[0] for record in caplog.records] == [
            "Task jobs.typed[7]: its chunk",
            "Task jobs.typed[7]: its result",
        ]
        assert "(Input should be a valid integer)" in caplog.text

    def test_survives_a_validator(self, caplog: pytest.LogCaptureFixture) -> None:
        check = PayloadCheck("7", "jobs.typed", Payloads(result=raising(KeyError("of the application"))))
        assert check.fit(Description("state", {"result": "7"})).members == {"result_omitted": "true"}
        assert "checking it raised KeyError" in caplog.text

    def test_lets_a_time_limit_pass(self) -> None:
        check = PayloadCheck("7", "jobs.typed", Payloads(result=raising(SoftTimeLimitExceeded())))
        with pytest.raises(SoftTimeLimitExceeded):
            check.fit(Description("state", {"result": "7"}))

    def test_is_none_of_a_task_that_has_registered_nothing(self) -> None:
        assert check_of(object(), "7") is None


class TestWithoutPydantic:
    def test_nothing_loads_it_before_a_payload_is_checked(self) -> None:
        loaded = loaded_by("import taskbeam; taskbeam.Payloads(result=dict)")
        assert "taskbeam.celery.payloads" in loaded
        assert "pydantic" not in loaded

    def test_events_are_sent_as_they_are(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, client: redis.Redis
    ) -> None:
        monkeypatch.setitem(sys.modules, "pydantic", None)
        event = Description("state", {"result": "null"})
        assert PayloadCheck("7", "jobs.typed", Payloads(result=int)).fit(event) is event
        typed = type("Typed", (), {"taskbeam_payloads": Payloads(result=int)})
        publish_schemas({"jobs.typed": typed}, client, control())
        assert [record.message.count("install pydantic") for record in caplog.records] == [1, 0]
        assert "Install pydantic where this worker runs" in caplog.text
        assert not client.hexists(control().schemas, "jobs.typed")


class TestASchema:
    def test_describes_each_payload_as_clients_receive_it(self) -> None:
        schema = json.loads(PAYLOADS.schema("jobs.typed"))
        Draft202012Validator.check_schema(schema)
        valid = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        good = json.loads(to_json({"result": GOOD, "meta": {"stage": "x"}, "chunk": {"cells": []}}))
        assert schema["title"] == "jobs.typed"
        assert valid.is_valid(good)
        assert not valid.is_valid(good | {"result": BAD})
        assert not valid.is_valid(good | {"chunk": {"cells": ["1"]}})

    def test_of_a_stored_file_says_that_it_is_a_string(self) -> None:
        schema = json.loads(Payloads(result=Stored).schema("x"))
        assert schema["properties"]["result"]["type"] == "string"

    def test_a_model_of_the_tasks_own_has_the_mark(self) -> None:
        """So the gateway knows the file when the task returns what the model dumps."""
        made = Page(url=stored("a b.pdf"))
        assert made.model_dump()["url"] == stored("a b.pdf")
        assert made.model_dump_json() == '{"url":"/files/a%20b.pdf"}'
        with pytest.raises(ValidationError):
            Page.model_validate({"url": "/files/a.pdf"})

    def test_of_two_payloads_that_share_a_type_has_both(self) -> None:
        payloads = Payloads(result=list[Cell], chunk=Cell)
        valid = Draft202012Validator(json.loads(payloads.schema("x")))
        assert valid.is_valid({"result": [{"value": 1}], "chunk": {"value": 1}})
        assert not valid.is_valid({"result": [{"value": 1}], "chunk": {"value": "1"}})

    def test_is_withdrawn_by_a_worker_whose_task_has_none(self, client: redis.Redis) -> None:
        with_payloads = task(Payloads(result=int))
        publish_schemas({"jobs.one": with_payloads, "jobs.two": with_payloads}, client, control())
        publish_schemas({"jobs.one": object()}, client, control())
        assert client.hkeys(control().schemas) == [b"jobs.two"]
        client.delete(control().schemas)

    def test_of_a_type_that_has_none_holds_up_no_other(
        self, client: redis.Redis, caplog: pytest.LogCaptureFixture
    ) -> None:
        odd, good = task(Payloads(result=object())), task(Payloads(result=int))
        publish_schemas({"jobs.odd": odd, "jobs.good": good}, client, control())
        assert client.hkeys(control().schemas) == [b"jobs.good"]
        assert "Task jobs.odd: its payloads have no JSON Schema" in caplog.text
        client.delete(control().schemas)


def test_a_worker_checks_and_publishes(valkey: Valkey) -> None:
    broker, backend = valkey.url(14), "taskbeam+" + results_at(valkey.url(9))
    app = typed_app(broker, backend)
    with worker(broker, backend, app="tests.taskbeam.typed_jobs") as process:
        good, bad = app.send_task("jobs.typed"), app.send_task("jobs.mistyped")
        *_, first, second, third, line, chunk, end = ended(app, good.id)
        assert "data" not in first  # of progress() alone
        assert (second["data"], third["data"], chunk["data"]) == (
            {"stage": "Writing"},
            {"stage": "Upload"},
            {"cells": [1, 2]},
        )
        assert line["data"] == "nobody types a line"
        assert end["result"] == {"day": "2026-05-01", "rows": 3, "url": "/files/reports/x.pdf"}
        assert end["files"] == ["reports/x.pdf"]

        *_, reported, one, two, end = ended(app, bad.id)
        assert reported["progress"]["percent"] == pytest.approx(66.67)
        assert [event["data_omitted"] for event in (reported, one, two)] == [True] * 3
        assert (end["state"], end["result_omitted"]) == ("SUCCESS", True)
        assert not {"data", "result"} & {*reported, *one, *two, *end}
        assert bad.get(timeout=DEADLINE) == BAD  # Celery's own

        complaint = f"Task jobs.mistyped[{bad.id}]: its result is not what taskbeam_payloads says (day: Field"
        until(lambda: complaint in process.output)
        assert "planted-secret" not in process.output.split("succeeded")[0]
        assert process.output.count("its chunk is not") == process.output.count("its meta is not") == 1
        misread = "Task jobs.misread: its taskbeam_payloads is a ModelMetaclass, and not used"
        until(lambda: misread in process.output)
    redis: Any = app.backend
    schemas = redis.client.hgetall(control().schemas)
    assert set(schemas) == {b"jobs.typed", b"jobs.mistyped"}
    assert schemas[b"jobs.typed"].decode() == PAYLOADS.schema("jobs.typed")

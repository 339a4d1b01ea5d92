"""What a running task writes reaches its journal, whatever Redis does, and costs the task no wait."""

from __future__ import annotations

import contextlib
import csv
import logging
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

import pytest

import taskbeam
from stack.valkey import Valkey
from taskbeam.celery.output import flush_output
from taskbeam.celery.run import current_run
from taskbeam.celery.written_text import PIECE
from taskbeam.journal.entry import Entry
from tests.support.reading import ReadText
from tests.support.redis_cluster import one_server
from tests.support.results import results_at
from tests.support.worker import worker

from .apps import backend_of, journal_of, keys_of, ours, results_app
from .running import running
from .waiting import ended, until
from .writing_jobs import ODD, writing_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery import Celery


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(4)))


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Valkey]:
    """A Redis for the results alone, which keeps them over a restart."""
    with Valkey(None, tmp_path / "results") as server:
        yield server


@pytest.fixture(scope="module", params=["prefork", "threads"])
def urls(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[tuple[str, str]]:
    """The broker and the backend of a worker with the jobs that write."""
    broker, backend = valkey.url(14), "taskbeam+" + results_at(valkey.url(9))
    with worker(broker, backend, pool=request.param, app="tests.taskbeam.writing_jobs"):
        yield broker, backend


@pytest.fixture
def jobs(urls: tuple[str, str]) -> Celery:
    return writing_app(*urls)


def read(app: Celery, task_id: str) -> ReadText:
    """The text as a client has it that was there from the beginning."""
    return ReadText(journal_of(app, task_id))


def kept(app: Celery, task_id: str) -> str | None:
    """The text as Redis keeps it, in a JSON string."""
    found = cast("bytes | None", backend_of(app).client.get(keys_of(app, task_id).output))
    return None if found is None else found.decode()


def finish(app: Celery, task_id: str, result: Any = None, state: str = "SUCCESS") -> None:
    """End the run of this thread."""
    run = current_run()
    assert run is not None
    ours(app).store_result(task_id, result, state, request=run.request)


class TestWriting:
    def test_it_is_on_its_way_by_itself(self, app: Celery) -> None:
        with running(app) as task_id:
            taskbeam.write("Once")
            until(lambda: read(app, task_id).text == "Once")
            taskbeam.write(" upon")
            until(lambda: read(app, task_id).text == "Once upon")
        assert kept(app, task_id) == "Once upon"

    def test_the_end_comes_after_it(self, app: Celery) -> None:
        with running(app) as task_id:
            for number in range(1000):
                taskbeam.write(f"{number} ")
            finish(app, task_id)
        events = journal_of(app, task_id)
        assert read(app, task_id).text == "".join(f"{number} " for number in range(1000))
        assert [event["state"] for event in events if event["type"] == "state"] == ["SUCCESS"]
        assert events[-1]["final"]
        assert len(events) < 20

    def test_files_redirections_and_csv_write_it_too(self, app: Celery) -> None:
        with running(app) as task_id:
            print("a", 1, sep="-", file=taskbeam.output, flush=True)
            csv.writer(taskbeam.output).writerows([["b", "c,d"], ["é😀", None]])
            with contextlib.redirect_stdout(taskbeam.output):
                print("redirected")
            with taskbeam.output as file:
                assert file.write("kept open") == 9
                file.writelines(["\n", "lines"])
            taskbeam.output.write("!")
            assert taskbeam.output.writable()
            assert not taskbeam.output.readable()
            finish(app, task_id)
        text = 'a-1\nb,"c,d"\r\né😀,\r\nredirected\nkept open\nlines!'
        assert read(app, task_id).text == text

    def test_a_long_text_comes_in_pieces_that_fit(self, app: Celery) -> None:
        with running(app) as task_id:
            taskbeam.write("😀" * (2 * PIECE + 1))
            finish(app, task_id)
        assert read(app, task_id).text == "😀" * (2 * PIECE + 1)

    def test_what_there_is_no_room_for_is_counted(self, valkey: Valkey) -> None:
        app = results_app("taskbeam+" + results_at(valkey.url(4)), taskbeam_options={"output_bytes": 10})
        with running(app) as task_id:
            for _ in range(100):
                taskbeam.write("token")
            finish(app, task_id)
        found = read(app, task_id)
        assert (found.text, found.omitted) == ("tokentoken", 490)
        assert kept(app, task_id) == "tokentoken"

    def test_only_text_is_written(self, app: Celery) -> None:
        with running(app), pytest.raises(TypeError, match="str, not bytes"):
            taskbeam.write(b"bytes")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="str, not int"):
            taskbeam.output.write(7)  # type: ignore[arg-type]

    def test_outside_a_task_nothing_happens(self) -> None:
        taskbeam.write("nobody reads it")
        print("nobody", file=taskbeam.output)

    def test_an_eager_task_writes_for_nobody(self, app: Celery) -> None:
        def writes() -> str:
            with taskbeam.step("eagerly", weight=50):
                taskbeam.write("nobody reads it")
            return "done"

        result = app.task(name="tests.writes")(writes).apply()
        assert result.get() == "done"
        assert journal_of(app, result.id) == []
        assert kept(app, result.id) is None

    def test_who_writes_nothing_pays_nothing(self, app: Celery) -> None:
        with running(app) as task_id:
            taskbeam.write("")
            finish(app, task_id)
        run_fields = backend_of(app).client.hkeys(keys_of(app, task_id).head)
        assert b"output" not in run_fields
        assert kept(app, task_id) is None


class TestFromAnywhere:
    def test_threads_that_know_the_task_write_for_it(self, app: Celery) -> None:
        def write_some(name: str) -> None:
            for _ in range(500):
                taskbeam.write(name)

        with running(app) as task_id, ThreadPoolExecutor(8) as pool:
            for name in "abcdefgh":
                pool.submit(copy_context().run, write_some, name)
            pool.shutdown()
            finish(app, task_id)
        text = read(app, task_id).text
        assert {name: text.count(name) for name in "abcdefgh"} == dict.fromkeys("abcdefgh", 500)
        assert len(text) == 4000

    @one_server("it stops the one server with the results")
    def test_a_logging_handler_writes_also_while_redis_is_lost(self, results: Valkey) -> None:
        app = results_app("taskbeam+" + results.url())
        handler = logging.StreamHandler(taskbeam.output)
        logging.getLogger("taskbeam").addHandler(handler)
        try:
            with running(app) as task_id:
                taskbeam.write("before\n")
                until(lambda: read(app, task_id).text)
                results.stop()
                for number in range(100):
                    taskbeam.write(f"{number}\n")
                    taskbeam.progress(number, 100)
                until(lambda: ours(app)._outbox._outages.closed)
                results.start()
                finish(app, task_id)
        finally:
            logging.getLogger("taskbeam").removeHandler(handler)
        lines = read(app, task_id).text.splitlines()
        assert [line for line in lines if line.isdecimal()] == [str(number) for number in range(100)]

    def test_a_signal_handler_writes_wherever_it_interrupts(self, app: Celery) -> None:
        written = threading.Event()

        def interrupt(*_: object) -> None:
            if written.is_set():
                taskbeam.write("!")

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            with running(app) as task_id:
                written.set()
                signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
                for number in range(20_000):
                    taskbeam.write("x")
                    if number % 500 == 0:
                        run = current_run()
                        assert run is not None
                        flush_output(run)
                signal.setitimer(signal.ITIMER_REAL, 0)
                finish(app, task_id)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        text = read(app, task_id).text
        assert text.count("x") == 20_000
        assert text.count("!") > 0


@one_server("it stops the one server with the results")
class TestRedisIsAway:
    @pytest.mark.parametrize("away", ["pause", "stop", "kill"])
    def test_the_text_is_whole_when_it_is_back_and_the_task_did_not_wait(
        self, results: Valkey, away: str
    ) -> None:
        app = results_app("taskbeam+" + results.url())
        generator = random.Random(7)
        written: list[str] = []

        def write_some() -> None:
            for _ in range(200):
                written.append(generator.choice(["a", "é", "😀", "\ud83d", "\ude00", "\r\n", "א", "\0"]))
                taskbeam.write(written[-1])

        with running(app) as task_id:
            write_some()
            until(lambda: read(app, task_id).text)
            if away == "kill":
                backend_of(app).client.execute_command("SAVE")
                results.kill()
            else:
                getattr(results, away)()
            began = time.monotonic()
            for _ in range(5):
                write_some()
                time.sleep(0.05)
            assert time.monotonic() - began < 30  # it is away for as long as nobody resumes it
            (results.resume if away == "pause" else results.start)()
            write_some()
            finish(app, task_id)
            until(lambda: journal_of(app, task_id)[-1]["final"])
        whole = "".join(written).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        found = read(app, task_id)
        assert (found.text, found.omitted, found.holes) == (whole, 0, 0)

    def test_what_the_worker_has_no_room_for_is_counted(self, results: Valkey) -> None:
        options = {"buffer_events": 3, "output_bytes": 1 << 20}
        app = results_app("taskbeam+" + results.url(), taskbeam_options=options)
        with running(app) as task_id:
            run = current_run()
            assert run is not None
            taskbeam.write("before ")
            until(lambda: read(app, task_id).text)
            results.stop()
            for _ in range(20):
                taskbeam.write("meanwhile ")
                flush_output(run)
            results.start()
            until(lambda: not ours(app)._outbox._outages.closed)
            taskbeam.write("after")
            finish(app, task_id)
        found = read(app, task_id)
        assert found.text.startswith("before meanwhile ")
        assert found.text.endswith("after")
        assert len(found.text) + found.omitted == len("before after") + 200
        assert found.omitted > 0


class TestARealWorker:
    def test_the_text_is_byte_for_byte_what_was_written(self, jobs: Celery) -> None:
        task_id = jobs.send_task("jobs.write", [50]).id
        events = ended(jobs, task_id)
        whole = (ODD * 50).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        assert ReadText(events).text == whole
        assert events[-1]["result"] == len(ODD) * 50

    def test_a_new_attempt_begins_anew(self, jobs: Celery) -> None:
        task_id = jobs.send_task("jobs.write_again", ["try "]).id
        events = ended(jobs, task_id)
        texts = [(event["attempt"], event["output"]) for event in events if event["type"] == "output"]
        assert texts == [
            (1, {"offset": 0, "text": "try 0"}),
            (2, {"offset": 0, "text": "try 1"}),
        ]
        assert kept(jobs, task_id) == "try 1"
        assert ReadText(events).text == "try 1"

    def test_a_failure_keeps_what_was_written(self, jobs: Celery) -> None:
        task_id = jobs.send_task("jobs.write_and_fail", ["as far as"]).id
        events = ended(jobs, task_id)
        assert [event["state"] for event in events[-2:]] == ["STARTED", "FAILURE"]
        assert ReadText(events).text == "as far as"

    def test_a_cancelled_task_keeps_what_it_wrote(self, jobs: Celery) -> None:
        task_id = jobs.send_task("jobs.write_until_cancelled").id
        until(lambda: ReadText(journal_of(jobs, task_id)).text)
        backend_of(jobs).append(cancel_entry(jobs, task_id))
        events = ended(jobs, task_id)
        assert events[-1]["state"] == "REVOKED"
        assert ReadText(events).text.endswith("stopped")


def cancel_entry(app: Celery, task_id: str) -> Any:
    """As the gateway asks a running task to stop."""
    return Entry(
        keys=keys_of(app, task_id),
        task_id=task_id,
        type="state",
        members={"cancel": '"requested"'},
        cancel=True,
        only="open",
    )

"""Gateways and workers with no more of Redis' permissions than the page lists are refused nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import httpx
from celery import chord

from stack.valkey import Valkey
from taskbeam import labelled
from tests.support.closing import close_app
from tests.support.event_stream import EventStream
from tests.support.gateway import ROOT, gateway
from tests.support.jobs import jobs_app
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker import worker

if TYPE_CHECKING:
    from tests.support.redis_cluster import Cluster

USER, PASSWORD = "limited", "secret"


def rules() -> list[str]:
    """As the page says them to Redis."""
    page = (ROOT / "docs/cluster.md").read_text()
    command = page.split("ACL SETUSER taskbeam on >password ")[1].split("\n```")[0]
    return command.replace("\\\n", " ").replace("'", "").split()


def test_they_are_refused_nothing(cluster: Cluster) -> None:
    for node in cluster.nodes:
        node.client.execute_command("ACL", "SETUSER", USER, "on", f">{PASSWORD}", *rules())
        node.client.acl_log_reset()
    try:
        with Valkey() as broker:
            run_everything("taskbeam+" + cluster.url().replace("//", f"//{USER}:{PASSWORD}@"), broker.url())
        refused = [cast("list[Any]", node.client.acl_log()) for node in cluster.nodes]
        assert [entry["object"] for each in refused for entry in each] == []
    finally:
        for node in cluster.nodes:
            node.client.acl_deluser(USER)


def run_everything(backend: str, messages: str) -> None:
    app = jobs_app(messages, backend)
    with (
        gateway("", broker_url=messages, result_backend=backend, dashboard=1, metrics=1) as served,
        worker(messages, backend),
    ):
        header = [app.signature("jobs.add", args=(number, 1)) for number in range(6)]
        with labelled(owner="ada", tags=["sums"]):
            result: Any = chord(header, app.signature("jobs.total"), app=app).apply_async()
        assert result.get(timeout=DEADLINE) == 21
        told = httpx.get(f"{served.http}/tasks/{result.id}/events?wait=1", timeout=DEADLINE)
        assert told.json()["events"][-1]["state"] == "SUCCESS"

        for feed in ("owner:ada", "tag:sums", f"group:{result.parent.id}", f"tree:{result.parent.id}"):
            page = httpx.get(f"{served.http}/feeds/{feed}", timeout=DEADLINE).raise_for_status().json()
            assert page["rollup"]["total"] >= len(header), feed
            with EventStream(served, feed, "?after=0-0", collection="feeds") as stream:
                assert stream.event()["feed"] == feed
        scraped = httpx.get(f"{served.http}/metrics", timeout=DEADLINE).text
        assert 'taskbeam_queue_depth{queue="celery"} 0.0' in scraped

        def listed() -> set[str]:
            page = httpx.get(f"{served.http}/dashboard/tasks", timeout=DEADLINE).json()
            return {row["id"] for row in page.get("tasks", [])}

        wait_until(lambda: result.id in listed())
        result.forget()
    close_app(app)

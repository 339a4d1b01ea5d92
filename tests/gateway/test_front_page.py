"""The address of a gateway that is served alone leads to the dashboard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings
from taskbeam.gateway.connections.celery_application import celery_application
from tests.support.results import results_at

if TYPE_CHECKING:
    from stack.valkey import Valkey


@pytest.mark.parametrize(("dashboard", "status"), [(True, 200), (False, 404)])
def test_it_is_the_dashboard_where_that_is_on(valkey: Valkey, dashboard: bool, status: int) -> None:
    celery_app = celery_application(
        CelerySettings(broker_url=valkey.url(0), result_backend="taskbeam+" + results_at(valkey.url(1)))
    )

    async def answer() -> httpx.Response:
        settings = GatewaySettings(auth="open", dashboard=dashboard)
        gateway = Gateway(celery_app, settings=settings, watch_signals=False)
        transport = httpx.ASGITransport(gateway.asgi())
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            try:
                return await client.get("/", follow_redirects=True)
            finally:
                await gateway.stop()

    found = asyncio.run(answer())
    assert found.status_code == status
    assert ("<title>Dashboard" in found.text) is dashboard

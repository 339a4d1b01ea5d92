"""Celery's own backend stores no result on a Redis Cluster, so there is none to hear: a gateway says so."""

from __future__ import annotations

import pytest
from celery import Celery

from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway import Gateway, GatewaySettings


@pytest.mark.anyio
async def test_a_gateway_is_told_why_it_hears_no_workers_without_taskbeam() -> None:
    backend = "taskbeam+rediscluster://127.0.0.1:1"
    app = Celery(broker="memory://", backend=backend, set_as_current=False)
    gateway = Gateway(app, settings=GatewaySettings(auth="open", stock=True))
    with pytest.raises(CeleryConfigurationError, match="can store none on a Redis Cluster") as refused:
        gateway.start()
    assert "give the workers Taskbeam's backend" in str(refused.value)

"""The page that Prometheus reads. This module alone needs `prometheus_client`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from taskbeam.gateway.metrics.table import METRICS, Kind, Now
from taskbeam.measures.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric as Family

    from taskbeam.gateway.metrics.surroundings import Surroundings
    from taskbeam.gateway.metrics.table import Metric, Values
    from taskbeam.gateway.runtime import Runtime


class Exposition:
    """Reads what the gateway has counted when it is asked, so that counting costs nothing but an addition."""

    def __init__(self, gateway: Runtime, surroundings: Surroundings) -> None:
        self._gateway = gateway
        self._surroundings = surroundings
        self._collector = _GatewayCollector()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self._collector)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    async def page(self) -> bytes:
        """All metrics, in Prometheus' text format. Redis has two seconds to tell of workers and queues."""
        self._collector.now = Now(self._gateway, await self._surroundings.look())
        return generate_latest(self._registry)


class _GatewayCollector(Collector):
    """The table's metrics, as they are at one moment."""

    now: Now

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            values = metric.read(self.now)
            if values is not None:
                yield _family(metric, values)


def _family(metric: Metric, values: Values) -> Family:
    if isinstance(values, Histogram):
        return _histogram(metric, values)
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = kind(
        metric.name, metric.help, labels=() if metric.label is None else (metric.label,)
    )
    if isinstance(values, (int, float)):
        family.add_metric((), float(values))
    elif values is not None:
        for label, value in values.items():
            family.add_metric((str(label),), float(value))
    return family


def _histogram(metric: Metric, values: Histogram) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help)
    buckets = [("+Inf" if bound == float("inf") else str(bound), float(n)) for bound, n in values.buckets()]
    family.add_metric((), buckets, values.sum)
    return family

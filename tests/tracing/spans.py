"""What processes of a test export: each span a line of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan


def _line(span: ReadableSpan) -> str:
    return json.dumps(json.loads(span.to_json())) + "\n"


def provider_writing_to(path: str, service: str) -> TracerProvider:
    """Keeps each span as soon as it ends; several processes may share the file."""
    # Open for as long as the process lives, and unbuffered but for the line.
    file = open(path, "a", buffering=1)  # noqa: SIM115, PTH123
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=file, formatter=_line)))
    return provider


def spans_in(path: Path, trace_id: str) -> list[dict[str, Any]]:
    """Those of one trace, with ``service`` beside what OpenTelemetry writes."""
    spans = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return [
        span | {"service": span["resource"]["attributes"]["service.name"]}
        for span in spans
        if span["context"]["trace_id"] == f"0x{trace_id}"
    ]

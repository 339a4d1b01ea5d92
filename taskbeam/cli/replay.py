"""`taskbeam replay`: a gateway for tests of pages, where recorded tasks happen again."""

from __future__ import annotations

from pathlib import Path

import click
import uvicorn

from taskbeam.testing.gateway import ReplayGateway
from taskbeam.testing.replay import DEFAULT_INTERVAL


@click.command()
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
@click.option("--interval", type=float, default=DEFAULT_INTERVAL, show_default=True, metavar="SECONDS")
@click.option("--as-recorded", is_flag=True, help="Pause between events as long as when they were recorded.")
@click.option(
    "--cut-after", type=click.IntRange(1), metavar="EVENTS", help="Cut each connection after these."
)
@click.option("--keep", type=click.IntRange(1), metavar="EVENTS", help="A client gets a gap for older ones.")
@click.option(
    "--send",
    "sends",
    multiple=True,
    metavar="PATH=TASK",
    help="A POST to PATH sends TASK again.",
)
def replay(
    recording: Path,
    host: str,
    port: int,
    interval: float,
    cut_after: int | None,
    keep: int | None,
    sends: tuple[str, ...],
    *,
    as_recorded: bool,
) -> None:
    """Serve a RECORDING (`taskbeam.testing`) as a gateway: each task begins when it is first asked for.

    \b
    taskbeam replay report.json --send /reports=reports.generate
    taskbeam replay report.json --interval 0.05 --cut-after 3 --keep 5
    """
    try:
        application = ReplayGateway(
            recording,
            interval=None if as_recorded else interval,
            cut_after=cut_after,
            keep=keep,
            sends=dict(_pair(each) for each in sends),
        )
    except (KeyError, ValueError) as error:
        raise click.ClickException(f"Cannot replay {recording}: {error}") from error
    uvicorn.run(application, host=host, port=port)


def _pair(text: str) -> tuple[str, str]:
    path, equals, name = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text} has no =: write PATH=TASK", param_hint="--send")
    return path, name

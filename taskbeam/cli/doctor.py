"""`taskbeam doctor`: look at everything that the gateway needs, and say what to do."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.cli.checks.examination import Examination
from taskbeam.cli.checks.finding import Finding, Level
from taskbeam.gateway.settings import GatewaySettings

MARKS = {Level.OK: "ok     ", Level.WARNING: "warning", Level.PROBLEM: "PROBLEM"}
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}

#: Exit codes; 2 is that of a configuration that cannot even be read.
FINE, HAS_PROBLEMS = 0, 1


@click.command()
@celery_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
def doctor(celery_target: str | None, as_json: bool) -> None:
    """Check Redis, the broker, the workers, this machine, the history's database and the settings.

    It writes a few keys of its own into Redis, to see whether it may, and removes them. In a database
    without the history's table it makes that, as the gateway would.

    \b
    Exit code:
      0  there is no problem, though there may be warnings
      1  there is a problem
      2  it could not look: a setting cannot be read, or there is no such Celery application
    """
    own = celery_target is not None
    examination = Examination(load_celery(celery_target), GatewaySettings(), own_application=own)
    findings = []
    for finding in examination.findings():
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    has_problems = any(finding.level is Level.PROBLEM for finding in findings)
    sys.exit(HAS_PROBLEMS if has_problems else FINE)


def _print(finding: Finding) -> None:
    mark = click.style(MARKS[finding.level], fg=COLOURS[finding.level])
    click.echo(f"{mark}  {finding.subject}: {finding.what}")
    if finding.do:
        click.echo(f"         {finding.do}")

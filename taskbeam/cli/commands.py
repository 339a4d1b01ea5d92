"""All commands, and what they have in common."""

from __future__ import annotations

import click

from taskbeam.cli.doctor import doctor
from taskbeam.cli.in_words import Commands
from taskbeam.cli.keys import keys
from taskbeam.cli.revoke import revoke
from taskbeam.cli.serve import serve
from taskbeam.cli.watchdog import watchdog


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="taskbeam")
def commands() -> None:
    """Celery jobs, live in the browser.

    What the options do not say is read from TASKBEAM_… environment variables.
    """


for command in (serve, doctor, keys, revoke, watchdog):
    commands.add_command(command)

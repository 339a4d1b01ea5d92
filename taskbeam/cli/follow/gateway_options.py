"""Where the gateway is, and what shows that its tasks may be followed: the options of all these commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskbeam.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--url",
        envvar="TASKBEAM_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        help="TASKBEAM_URL: where the gateway is, with its prefix.",
    ),
    click.option("--token", envvar="TASKBEAM_TOKEN", help="TASKBEAM_TOKEN: a token that reads the tasks."),
)


def gateway_options(command: Command) -> Command:
    """Give a command the options ``--url`` and ``--token``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def client_of(url: str, token: str | None) -> Client:
    """The client that the options mean. Raises `click.UsageError`."""
    if not url.startswith(("http://", "https://")):
        raise click.UsageError("--url has to begin with http:// or https://.")
    return Client(url, token=token)

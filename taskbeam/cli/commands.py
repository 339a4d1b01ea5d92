"""All commands. Each is loaded when it is used: together they need more than an installation has to have."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import click


class _Command(NamedTuple):
    """Where a command is, what it does, and the extra that brings what it needs."""

    module: str
    help: str
    extra: str


COMMANDS = {
    "serve": _Command("serve", "Serve the gateway, or your application with the gateway in it.", "gateway"),
    "doctor": _Command("doctor", "Examine the configuration, Redis, the broker and the workers.", "gateway"),
    "keys": _Command("keys", "Keys of tokens and API keys: make, list, rotate, revoke.", "gateway"),
    "login": _Command("login", "Print a link that opens the dashboard, once.", "gateway"),
    "revoke": _Command("revoke", "Revoke tokens, on every gateway.", "gateway"),
    "webhooks": _Command("webhooks", "Services that are told how tasks end.", "gateway,notify"),
    "notify": _Command("notify", "Tell webhooks and devices, without a gateway.", "gateway,notify"),
    "watchdog": _Command("watchdog", "Look for lost workers, without a gateway.", "gateway"),
    "follow": _Command("follow.follow", "Follow tasks live, up to their ends.", "client"),
    "feed": _Command("follow.feed", "Follow all tasks of a feed live.", "client"),
    "ls": _Command("follow.feed", "List the tasks of a feed.", "client"),
    "send": _Command("follow.send", "Send a task by its name, and follow it.", "gateway,client"),
    "cancel": _Command("follow.cancel", "Cancel tasks.", "client"),
    "replay": _Command("replay", "Serve recorded tasks as a gateway, for tests of pages.", "gateway"),
}

#: What each extra brings that its commands import.
_NEEDS = {
    "gateway": ("fastapi", "uvicorn", "pydantic_settings"),
    "client": ("httpx", "rich"),
    "notify": ("httpcore", "standardwebhooks"),
}


class _Commands(click.Group):
    """A group whose commands need not look for errors of configuration."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, extra = COMMANDS[cmd_name]
        needed = [name for each in extra.split(",") for name in _NEEDS[each]]
        missing = [name for name in needed if find_spec(name) is None]
        if missing:
            raise click.ClickException(
                f"The command {cmd_name} needs {', '.join(missing)}: pip install 'taskbeam[{extra}]'"
            )
        command: click.Command = getattr(import_module(f"taskbeam.cli.{module}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception:
            if find_spec("pydantic_settings") is None:
                raise
            from taskbeam.cli.in_words import configuration_errors

            with configuration_errors():
                raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="taskbeam")
def commands() -> None:
    """Celery jobs, live in the browser.

    What the options do not say is read from TASKBEAM_… environment variables.
    """

"""What to think of this machine, of the settings here, of the broker, and of the history's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.cli.checks.finding import Finding, ok, problem, warning
from taskbeam.gateway.server.open_files import OWN_DESCRIPTORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.cli.checks.version_facts import Package

#: The packages whose versions are worth a line where all is well.
NAMED = ("Python", "celery", "redis", "uvicorn")


def about_packages(packages: Sequence[Package]) -> Iterator[Finding]:
    """``packages``: what Taskbeam needs."""
    for each in packages:
        if not each.fits:
            found = f"{each.installed} is installed" if each.installed else "is not installed"
            yield problem(
                "Versions",
                f"{each.name} {found}, and {each.needed or 'any version'} is needed",
                f'pip install "{each.name}{each.needed}"' if each.name != "Python" else "Use another Python.",
            )
    if not packages:
        yield warning(
            "Versions", "unknown: taskbeam is not installed as a package", 'pip install "taskbeam[gateway]"'
        )
    elif all(each.fits for each in packages):
        named = {each.name: each.installed for each in packages}
        shown = ", ".join(f"{name} {named[name]}" for name in NAMED if name in named)
        yield ok("Versions", shown)


def about_broker(failure: str | None) -> Finding:
    """``failure``: why it cannot be reached."""
    if failure is None:
        return ok("Broker", "it can be reached")
    return problem("Broker", failure, "Tasks cannot be sent or cancelled until it is there.")


def about_history(failure: str | None) -> Finding:
    """``failure``: why its database cannot be used."""
    if failure is None:
        return ok("History", "its database can be used")
    return problem(
        "History",
        f"its database cannot be used: {failure}",
        "Check TASKBEAM_HISTORY. Until it answers, the dashboard shows only what Redis has.",
    )


def about_descriptors(soft_limit: float, hard_limit: float, connections: int) -> Finding:
    """``soft_limit``: open files of a process; ``hard_limit``: to which Taskbeam's server raises it;
    ``connections``: that a gateway may have.
    """
    needed = connections + OWN_DESCRIPTORS
    if hard_limit < needed:
        return problem(
            "Open files",
            f"a process may have {hard_limit:.0f}, and the gateway takes up to {connections} connections",
            f"Raise the limit to {needed} (`ulimit -Hn`, LimitNOFILE= of systemd, `ulimits` of Docker), or"
            " lower TASKBEAM_MAX_CONNECTIONS.",
        )
    if soft_limit < needed:
        return warning(
            "Open files",
            f"a process may have {soft_limit:.0f}; `taskbeam serve` raises it for {connections} connections",
            f"On another server, run `ulimit -n {needed}` before it.",
        )
    return ok("Open files", f"they are enough for {connections} connections")


def about_keys(
    error: str | None, *, open_to_all: bool, there_are_some: bool, own_application: bool
) -> Finding:
    """``error``: why the token keys cannot be used.

    ``there_are_some``: whether TASKBEAM_TOKEN_KEYS is set. ``own_application``: whether the gateway may be
    in an application that knows its users itself.
    """
    if open_to_all:
        return warning(
            "Tokens",
            "TASKBEAM_AUTH=open: whoever knows a task's id reads and cancels it",
            "In production, unset it and set TASKBEAM_TOKEN_KEYS (taskbeam keys new).",
        )
    if error is None:
        return ok("Tokens", "the keys can be used")
    if own_application and not there_are_some:
        return warning(
            "Tokens",
            "there are no keys, so only a Gateway with `identify` starts here, and it signs no tokens",
            "If yours has none, set TASKBEAM_TOKEN_KEYS to what `taskbeam keys new` prints.",
        )
    return problem("Tokens", error, "Set TASKBEAM_TOKEN_KEYS to what `taskbeam keys new` prints.")


def about_proxies(named: str) -> Finding:
    """``named``: the proxies in FORWARDED_ALLOW_IPS."""
    if named.strip() == "*":
        return warning(
            "Proxies",
            "FORWARDED_ALLOW_IPS=*: whoever connects may say which address it has",
            "Name your proxies' addresses, unless nobody else can connect.",
        )
    if named:
        return ok("Proxies", f"X-Forwarded-For is believed from {named}, and from nobody else")
    return ok("Proxies", "X-Forwarded-For is believed from nobody: FORWARDED_ALLOW_IPS names no proxy")


def about_variables(lines: Sequence[str]) -> Iterator[Finding]:
    """``lines``: what `unknown_variables` says."""
    for line in lines:
        yield warning("Environment", line, "Correct its name, or unset it.")

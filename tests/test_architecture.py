"""The walls of the house: who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("taskbeam", "app", "worker", "stack")

#: Which of our own packages each may import.
ALLOWED: dict[str, set[str]] = {
    "taskbeam": set(),
    "app": {"taskbeam"},
    "worker": {"taskbeam"},
    "stack": set(),
}


#: Inside the library: which of its packages each may import at run time.
LAYERS: dict[str, set[str]] = {
    "background": {"tracing"},
    "outgoing": {"background"},
    "push": {"outgoing"},
    "tracing": set(),
    "measures": set(),
    "journal": {"background", "measures"},
    "cluster": {"background", "measures", "journal"},
    "notifications": {"background", "journal", "outgoing", "push"},
    "storage": set(),
    "presence": {"background", "journal"},
    "queues": {"background", "journal"},
    "follow": {"background", "journal", "cluster", "measures"},
    "stock": {"background", "journal"},
    "celery": {"background", "tracing", "journal", "cluster", "presence", "queues"},
    "connections": {"journal", "cluster", "celery"},
    "contract": {"journal"},
    "waiting": {"background", "journal", "cluster", "queues", "follow", "celery", "connections", "contract"},
    # Beside the words of the contract it is a program of its own, which speaks HTTP.
    "client": {"background", "journal", "contract"},
    # Beside a worker's own way to the journal it has what a client reads. Nobody imports it but tests, and
    # the command that replays what they have recorded.
    "testing": {"background", "journal", "follow", "celery", "contract"},
    # It sends tasks, too, and takes everything about Redis from Celery's backend.
    "gateway": {
        "background",
        "outgoing",
        "push",
        "notifications",
        "tracing",
        "measures",
        "journal",
        "cluster",
        "presence",
        "queues",
        "follow",
        "stock",
        "celery",
        "connections",
    },
    "cli": {
        "background",
        "journal",
        "presence",
        "queues",
        "follow",
        "celery",
        "connections",
        "contract",
        "gateway",
        "client",
        "testing",
        "push",
        "notifications",
        "outgoing",
        "cluster",
    },
}


@dataclass(frozen=True)
class Import:
    """One module that is imported, by its full name."""

    name: str
    relative: bool
    types_only: bool


def modules(package: str) -> dict[str, Path]:
    """The package's modules by full name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imports(name: str, path: Path) -> list[Import]:
    """What the module imports; of ``from x import y`` it is ``x.y`` where that is a module of ours."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]

    def read(node: ast.AST, types_only: bool) -> Iterator[Import]:
        match node:
            case ast.Import(names):
                for alias in names:
                    yield Import(alias.name, False, types_only)
            case ast.ImportFrom(module, names, level):
                base = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                source = ".".join([*base, *([module] if module else [])])
                for alias in names:
                    member = f"{source}.{alias.name}"
                    yield Import(member if is_module(member) else source, bool(level), types_only)
            case ast.If(test=ast.Name("TYPE_CHECKING"), body=body, orelse=orelse):
                for statement in body:
                    yield from read(statement, True)
                for statement in orelse:
                    yield from read(statement, types_only)
            case _:
                for child in ast.iter_child_nodes(node):
                    yield from read(child, types_only)

    return list(read(ast.parse(path.read_text()), False))


def calls_at_import(tree: ast.AST) -> Iterator[str]:
    """The names that the module uses while it is loaded, dotted: not those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for outside in (
                *node.args.defaults,
                *node.args.kw_defaults,
                *getattr(node, "decorator_list", []),
            ):
                if outside is not None:
                    yield ast.unparse(outside)
        elif isinstance(node, (ast.Attribute, ast.Call)):
            yield ast.unparse(node)
        else:
            yield from calls_at_import(node)


def is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


every_package = pytest.mark.parametrize("package", PACKAGES)


@every_package
def test_opentelemetry_is_loaded_by_whoever_uses_it(package: str) -> None:
    """Not by us: whoever has not loaded it has no span, and is not to pay for it."""
    wrong = [
        f"{name}: {ast.unparse(node)}"
        for name, path in modules(package).items()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "opentelemetry" in ast.unparse(node)
    ]
    assert wrong == []


def test_whatever_is_logged_about_a_task_names_it_in_a_field() -> None:
    """By ``extra=about(task_id=…)``: log lines may be JSON (docs/operating.md)."""
    calls = [
        (f"{name}:{node.lineno}", ast.unparse(node))
        for name, path in modules("taskbeam").items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger.")
    ]
    about_tasks = [call for call in calls if re.search(r"task_id|request\.id|task\.id", call[1])]
    assert len(about_tasks) > 20
    assert [where for where, text in about_tasks if "extra=about(task_id=" not in text] == []


class TestWalls:
    @every_package
    def test_a_package_imports_only_what_it_may(self, package: str) -> None:
        ours = set(PACKAGES) - ALLOWED[package] - {package} | {"tests", "benchmarks"}
        wrong = [
            f"{name} imports {imported.name}"
            for name, path in modules(package).items()
            for imported in imports(name, path)
            if imported.name.partition(".")[0] in ours
        ]
        assert wrong == []

    @pytest.mark.parametrize("layer", LAYERS)
    def test_a_layer_of_the_library_imports_only_those_below(self, layer: str) -> None:
        wrong = [
            f"{name} imports {imported.name}"
            for name, path in modules("taskbeam").items()
            if name.split(".")[1:2] == [layer]
            for imported in imports(name, path)
            if not imported.types_only
            and imported.name.startswith("taskbeam.")
            and imported.name.split(".")[1] not in LAYERS[layer] | {layer}
        ]
        assert wrong == []

    def test_each_folder_of_the_library_is_a_layer(self) -> None:
        folders = {path.parent.name for path in (ROOT / "taskbeam").glob("*/__init__.py")}
        assert folders <= set(LAYERS)

    @pytest.mark.parametrize("layer", ["background", "journal", "presence", "queues", "celery"])
    def test_what_runs_within_a_job_logs_without_harm(self, layer: str) -> None:
        """A handler is somebody else's code: it may raise, and it may call us."""
        wrong = [
            path.name
            for path in (ROOT / "taskbeam" / layer).glob("*.py")
            if "logging.getLogger" in path.read_text() and path.name != "logger.py"
        ]
        assert wrong == []

    def test_the_service_uses_only_public_modules(self) -> None:
        """As any application would: what it needs is in an `__all__`, but for the server that runs it."""
        gateway = {f"taskbeam.gateway{name}" for name in ("", ".problems", ".settings")}
        public = {"taskbeam", "taskbeam.storage"} | gateway
        wrong = [
            f"{name} imports {imported.name}"
            for name, path in modules("app").items()
            for imported in imports(name, path)
            if imported.name.startswith("taskbeam") and imported.name not in public
        ]
        assert wrong in ([], ["app.__main__ imports taskbeam.gateway.server.run"])

    @pytest.mark.parametrize("package", ["app", "worker", "stack"])
    def test_its_own_modules_are_imported_relatively(self, package: str) -> None:
        """So that a folder can ship under another name."""
        wrong = [
            f"{name} imports {imported.name}"
            for name, path in modules(package).items()
            for imported in imports(name, path)
            if not imported.relative and imported.name.partition(".")[0] == package
        ]
        assert wrong == []


LOADED = "import sys; print(*sorted(sys.modules))"


def loaded_by(statement: str) -> set[str]:
    """The modules of a fresh interpreter that did this."""
    argv = [sys.executable, "-c", f"{statement}; {LOADED}"]
    return set(subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout.split())


class TestWhatAProcessLoads:
    """Read from the process itself: an import may hide in a function, or in somebody else's package."""

    SENDER = (
        "import celery; "
        "app = celery.Celery(broker='memory://', backend='{scheme}://127.0.0.1:1'); "
        "app.backend; app.signature('a.task')"
    )

    def test_a_sender_loads_no_more_of_celery_than_with_the_stock_backend(self) -> None:
        """Of Celery's worker least of all, nor anything of the gateway."""
        ours = loaded_by(self.SENDER.format(scheme="taskbeam+redis"))
        more = ours - loaded_by(self.SENDER.format(scheme="redis"))
        foreign = ("taskbeam.gateway", "taskbeam.follow", "fastapi", "starlette", "uvicorn", "celery.worker")
        assert "taskbeam.celery.signals" in more
        assert [name for name in more if name.startswith(foreign)] == []

    def test_nor_does_it_by_importing_taskbeam(self) -> None:
        assert [name for name in loaded_by("import taskbeam") if name.startswith("celery.worker")] == []

    def test_a_worker_loads_no_line_of_the_gateway(self) -> None:
        statement = (
            f"{self.SENDER.format(scheme='taskbeam+redis')}; import celery.bin.worker; "
            "import taskbeam.celery.signals as signals; signals.revoked_tasks()"
        )
        foreign = ("taskbeam.gateway", "taskbeam.follow", "fastapi", "starlette", "uvicorn")
        assert [name for name in loaded_by(statement) if name.startswith(foreign)] == []

    def test_a_command_that_serves_nothing_loads_no_web_framework(self) -> None:
        """It would be most of the time that such a command takes."""
        commands = ("api_keys", "keys", "revoke", "webhooks", "watchdog", "notify")
        loaded = loaded_by("; ".join(f"import taskbeam.cli.{name}" for name in commands))
        assert "taskbeam.gateway.settings" in loaded
        assert [name for name in loaded if name.startswith(("fastapi", "uvicorn"))] == []

    def test_each_public_name_of_the_gateway_is_where_it_says(self) -> None:
        gateway = import_module("taskbeam.gateway")
        assert [name for name in dir(gateway) if not hasattr(gateway, name)] == []
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            _ = gateway.nothing


class TestCycles:
    @every_package
    def test_no_two_modules_need_each_other(self, package: str) -> None:
        """Not even through an import inside a function; what only type checkers read is no need."""
        known = modules(package)
        graph = {
            name: {
                imported.name
                for imported in imports(name, path)
                if not imported.types_only and imported.name in known and imported.name != name
            }
            for name, path in known.items()
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(" → ".join(error.args[1]))


class TestLoadingAModule:
    @every_package
    def test_neither_reads_the_environment_nor_opens_anything(self, package: str) -> None:
        forbidden = ("environ", "getenv", "from_url(", "Redis(", "connect(", "open(", "Settings(")
        wrong = []
        for name, path in modules(package).items():
            tree = ast.parse(path.read_text())
            tree.body = [node for node in tree.body if not is_main_guard(node)]
            wrong += [
                f"{name}: {use}" for use in calls_at_import(tree) if any(word in use for word in forbidden)
            ]
        assert wrong == []


class TestFiles:
    @every_package
    def test_each_is_named_for_its_idea(self, package: str) -> None:
        vague = {"utils", "helpers", "common", "misc", "base", "core"}
        assert not [name for name in modules(package) if name.rpartition(".")[2] in vague]

    @every_package
    def test_each_says_what_it_is_about(self, package: str) -> None:
        silent = [
            name
            for name, path in modules(package).items()
            if not ast.get_docstring(ast.parse(path.read_text()))
        ]
        assert silent == []

"""No work goes on in the background but under supervision: the test reads the code for tasks and threads."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: What makes a task or a thread.
MAKERS = {"create_task", "ensure_future", "Thread", "run_coroutine_threadsafe"}

#: Who makes one that somebody waits for, so that its failure is heard.
AWAITED = {
    "taskbeam/background/calls.py": "a call, for whose outcome its caller waits",
    "taskbeam/background/cancellation.py": "its caller waits for the end of the work",
    "taskbeam/background/tasks.py": "this is the supervisor",
    "taskbeam/background/threads.py": "this is the supervisor",
    "taskbeam/cli/supervisor.py": "the command waits for the keepers of its processes",
    "taskbeam/cluster/async_topology.py": "one look at a cluster, which tells whoever needs it",
    "taskbeam/follow/cluster_subscriber.py": "its run waits for all, and ends with the first that fails",
    "taskbeam/gateway/auth/access.py": "a look-up, which answers whoever asked",
    "taskbeam/gateway/auth/remote_keys.py": "one look at a key set, for which all who need it wait",
    "taskbeam/gateway/connections/broker_check.py": "one attempt, whose outcome is read",
    "taskbeam/gateway/delivery/polling.py": "a poll waits for both",
    "taskbeam/gateway/runtimes.py": "the end of its event loop waits for it, and tells of its failure",
    "taskbeam/gateway/jobs/purging.py": "the thread that takes messages waits for the end of their tasks",
    "taskbeam/gateway/transports/portable_socket.py": "a socket waits for its reader, which logs",
    "taskbeam/notifications/sender.py": "its work waits for all requests that are under way",
    "taskbeam/waiting/result.py": "whoever waits for a group waits for all of its members",
    "taskbeam/journal/pipelined_connection.py": "one attempt to connect, which tells whoever asked",
}


def makers(path: Path) -> list[str]:
    return [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MAKERS
    ]


def test_tasks_and_threads_are_made_by_the_supervisor_or_waited_for() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("taskbeam", "app")
        for path in (ROOT / package).rglob("*.py")
        if makers(path)
    }
    assert found - set(AWAITED) == set()


def test_every_exception_to_the_rule_is_still_one() -> None:
    assert [name for name in AWAITED if not makers(ROOT / name)] == []

"""The gateway: repeats tasks' journals to whoever may follow them, over WebSocket, SSE and REST."""

from taskbeam.gateway.auth.caller import Caller
from taskbeam.gateway.auth.identity import FOLLOW, Action, Identity
from taskbeam.gateway.auth.keys import KeyConfigurationError
from taskbeam.gateway.auth.policy import Authorize, Task
from taskbeam.gateway.auth.senders import Sender
from taskbeam.gateway.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway.gateway import Gateway
from taskbeam.gateway.http.browser_safety import install_browser_safety
from taskbeam.gateway.http.problem_details import install_problems
from taskbeam.gateway.jobs.accepted import Accepted, TaskUrls
from taskbeam.gateway.jobs.sending import SentTask
from taskbeam.gateway.limits.body import BodyLimit
from taskbeam.gateway.problems import Problem, TaskbeamError
from taskbeam.gateway.settings import CelerySettings, GatewaySettings, ServerSettings

__all__ = [
    "FOLLOW",
    "Accepted",
    "Action",
    "Authorize",
    "BodyLimit",
    "Caller",
    "CeleryConfigurationError",
    "CelerySettings",
    "Gateway",
    "GatewaySettings",
    "Identity",
    "KeyConfigurationError",
    "Problem",
    "Sender",
    "SentTask",
    "ServerSettings",
    "Task",
    "TaskUrls",
    "TaskbeamError",
    "install_browser_safety",
    "install_problems",
]

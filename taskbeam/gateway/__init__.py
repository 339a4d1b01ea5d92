"""The gateway: repeats tasks' journals to whoever may follow them, over WebSocket, SSE and REST."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbeam.connections.configuration_error import CeleryConfigurationError
    from taskbeam.gateway.auth.caller import Caller
    from taskbeam.gateway.auth.feed_access import AuthorizeFeed
    from taskbeam.gateway.auth.identity import FOLLOW, Action, Identity
    from taskbeam.gateway.auth.issuer import Issuer
    from taskbeam.gateway.auth.keys import KeyConfigurationError
    from taskbeam.gateway.auth.policy import Authorize, Task
    from taskbeam.gateway.auth.senders import Sender
    from taskbeam.gateway.connections.celery_application import celery_application
    from taskbeam.gateway.gateway import Gateway
    from taskbeam.gateway.http.browser_safety import install_browser_safety
    from taskbeam.gateway.http.head import AnswersHead
    from taskbeam.gateway.http.hosts import AllowedHosts
    from taskbeam.gateway.http.negotiation import JSON_ONLY
    from taskbeam.gateway.http.problem_details import (
        IDENTITY_PROBLEMS,
        TASK_PROBLEMS,
        documented,
        install_problems,
    )
    from taskbeam.gateway.http.sending import IdempotencyKey, accepted_responses
    from taskbeam.gateway.http.static_files import Files
    from taskbeam.gateway.jobs.accepted import Accepted, TaskUrls
    from taskbeam.gateway.jobs.sending import SentTask
    from taskbeam.gateway.limits.body import BodyLimit
    from taskbeam.gateway.problems import Problem, TaskbeamError
    from taskbeam.gateway.quotas.quota import Quota
    from taskbeam.gateway.settings import CelerySettings, GatewaySettings, ServerSettings
    from taskbeam.journal.feeds.names import FeedKind, FeedName
    from taskbeam.notifications.configured import Webhook

__all__ = [
    "FOLLOW",
    "IDENTITY_PROBLEMS",
    "JSON_ONLY",
    "TASK_PROBLEMS",
    "Accepted",
    "Action",
    "AllowedHosts",
    "AnswersHead",
    "Authorize",
    "AuthorizeFeed",
    "BodyLimit",
    "Caller",
    "CeleryConfigurationError",
    "CelerySettings",
    "FeedKind",
    "FeedName",
    "Files",
    "Gateway",
    "GatewaySettings",
    "IdempotencyKey",
    "Identity",
    "Issuer",
    "KeyConfigurationError",
    "Problem",
    "Quota",
    "Sender",
    "SentTask",
    "ServerSettings",
    "Task",
    "TaskUrls",
    "TaskbeamError",
    "Webhook",
    "accepted_responses",
    "celery_application",
    "documented",
    "install_browser_safety",
    "install_problems",
]

#: Where each name is. Whoever asks for it loads it (PEP 562): a command needs few, and all take a second.
_HOMES = {
    "FOLLOW": "taskbeam.gateway.auth.identity",
    "IDENTITY_PROBLEMS": "taskbeam.gateway.http.problem_details",
    "JSON_ONLY": "taskbeam.gateway.http.negotiation",
    "TASK_PROBLEMS": "taskbeam.gateway.http.problem_details",
    "Accepted": "taskbeam.gateway.jobs.accepted",
    "Action": "taskbeam.gateway.auth.identity",
    "AllowedHosts": "taskbeam.gateway.http.hosts",
    "AnswersHead": "taskbeam.gateway.http.head",
    "Authorize": "taskbeam.gateway.auth.policy",
    "AuthorizeFeed": "taskbeam.gateway.auth.feed_access",
    "BodyLimit": "taskbeam.gateway.limits.body",
    "Caller": "taskbeam.gateway.auth.caller",
    "CeleryConfigurationError": "taskbeam.connections.configuration_error",
    "CelerySettings": "taskbeam.gateway.settings",
    "FeedKind": "taskbeam.journal.feeds.names",
    "FeedName": "taskbeam.journal.feeds.names",
    "Files": "taskbeam.gateway.http.static_files",
    "Gateway": "taskbeam.gateway.gateway",
    "GatewaySettings": "taskbeam.gateway.settings",
    "IdempotencyKey": "taskbeam.gateway.http.sending",
    "Identity": "taskbeam.gateway.auth.identity",
    "Issuer": "taskbeam.gateway.auth.issuer",
    "KeyConfigurationError": "taskbeam.gateway.auth.keys",
    "Problem": "taskbeam.gateway.problems",
    "Quota": "taskbeam.gateway.quotas.quota",
    "Sender": "taskbeam.gateway.auth.senders",
    "SentTask": "taskbeam.gateway.jobs.sending",
    "ServerSettings": "taskbeam.gateway.settings",
    "Task": "taskbeam.gateway.auth.policy",
    "TaskUrls": "taskbeam.gateway.jobs.accepted",
    "TaskbeamError": "taskbeam.gateway.problems",
    "Webhook": "taskbeam.notifications.configured",
    "accepted_responses": "taskbeam.gateway.http.sending",
    "celery_application": "taskbeam.gateway.connections.celery_application",
    "documented": "taskbeam.gateway.http.problem_details",
    "install_browser_safety": "taskbeam.gateway.http.browser_safety",
    "install_problems": "taskbeam.gateway.http.problem_details",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return __all__

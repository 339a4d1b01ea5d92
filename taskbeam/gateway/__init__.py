"""The gateway: repeats tasks' journals to whoever may follow them, over WebSocket, SSE and REST."""

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

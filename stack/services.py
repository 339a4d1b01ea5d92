"""The services that run beside Redis: their command lines, environment and signs of readiness."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .ports import LOOPBACK, addresses_of, is_loopback
from .readiness import LineWritten, Readiness, UrlAnswers
from .settings import Settings, broker_url, result_backend
from .vapid import kept_vapid_key

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKER = "worker"
WORKER_CONCURRENCY = 2


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Readiness


def environment(settings: Settings, redis_url: str) -> dict[str, str]:
    """The settings of worker and gateway on the Redis server of `redis_url`."""
    return {
        "TASKBEAM_BROKER_URL": broker_url(redis_url),
        "TASKBEAM_RESULT_BACKEND": settings.result_backend or result_backend(redis_url),
        "TASKBEAM_DATABASE_URL": settings.database,
        "TASKBEAM_FILES_DIR": str(settings.files),
        "TASKBEAM_UPLOADS_DIR": str(settings.uploads),
        "TASKBEAM_ACCOUNTS_DB": str(settings.accounts),
        "TASKBEAM_PUBLIC_URL": settings.public_url or settings.address,
        "TASKBEAM_DASHBOARD": str(settings.dashboard),
        **({"TASKBEAM_HISTORY": settings.kept} if settings.dashboard else {}),
        # Whoever reaches a loopback address is on this machine, as the operator is.
        "TASKBEAM_EVERYBODY_OPERATES": str(is_loopback(settings.host)),
        **({"TASKBEAM_STACK_PID": str(os.getpid())} if _is_ours_alone(settings) else {}),
        # On a server that somebody else has started there may be other workers.
        "TASKBEAM_ALONE": str(settings.redis_url is None),
        "TASKBEAM_AUTH": settings.auth,
        "TASKBEAM_VAPID_KEY": settings.vapid_key or kept_vapid_key(settings.vapid_file),
        "TASKBEAM_VAPID_CONTACT": settings.vapid_contact,
        "TASKBEAM_MAIL_WEBHOOK": f"{settings.address}/hooks/mail",
        "TASKBEAM_MAIL_SECRET_FILE": str(settings.mail_secret_file),
        "TASKBEAM_WEBHOOK_NETWORKS": json.dumps(_own_networks(settings)),
        "TASKBEAM_HOST": settings.host,
        "TASKBEAM_PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }


def _is_ours_alone(settings: Settings) -> bool:
    """Whether nobody but who is at this machine is meant to reach the gateway.

    What has a public address has a proxy, which reaches the loopback address for everybody.
    """
    return is_loopback(settings.host) and settings.public_url is None and settings.auth == "open"


def _own_networks(settings: Settings) -> list[str]:
    """Where webhooks may go beside public addresses: what was opened, and the gateway's own addresses."""
    host = urlsplit(settings.address).hostname or LOOPBACK
    return [*map(str, settings.webhook_networks), *addresses_of(host)]


def services(settings: Settings, redis_url: str, mail_port: int) -> tuple[Service, ...]:
    """What to start, in this order; it is stopped in the reverse order.

    `mail_port` is where the mail server listens, if no other one is named.
    """
    smtp_url = str(settings.smtp_url or f"smtp://{LOOPBACK}:{mail_port}")
    env = {**environment(settings, redis_url), "TASKBEAM_SMTP_URL": smtp_url}
    mail = Service(
        name="mail",
        argv=(sys.executable, "-m", "stack.mail"),
        env=env,
        ready=LineWritten(" ready."),
    )
    worker = Service(
        name=WORKER,
        argv=(
            # No queue named: it serves all that the application declares.
            *(sys.executable, "-m", "worker", "worker"),
            f"--concurrency={WORKER_CONCURRENCY}",
            "--loglevel=INFO",
        ),
        env=env,
        ready=LineWritten(" ready."),  # Celery's "celery@host ready.": it consumes from now on
    )
    gateway = Service(
        name="gateway",
        argv=(sys.executable, "-m", "app"),
        env=env,
        ready=UrlAnswers(f"{settings.address}/readyz"),
    )
    return (worker, gateway) if settings.smtp_url else (mail, worker, gateway)

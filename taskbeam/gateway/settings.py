"""What a deployment may choose: about the gateway, the process that serves it, and the Celery behind it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    AliasChoices,
    Field,
    IPvAnyNetwork,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from taskbeam.gateway.auth.issuer import Issuer
from taskbeam.gateway.dashboard.links import checked as address_template
from taskbeam.gateway.http.hosts import host_pattern
from taskbeam.gateway.http.origins import allowed_origin
from taskbeam.notifications.configured import Webhook
from taskbeam.notifications.task_pattern import checked
from taskbeam.presence.watchdog import DEFAULT_GRACE, DEFAULT_INTERVAL
from taskbeam.push.vapid import BadVapidError, Vapid
from taskbeam.queues import watch

_FROM_ENVIRONMENT = SettingsConfigDict(
    env_prefix="TASKBEAM_",
    env_ignore_empty=True,
    frozen=True,
    extra="ignore",
    populate_by_name=True,
    hide_input_in_errors=True,  # it may be a secret
)


class GatewaySettings(BaseSettings):
    """How a gateway behaves, wherever it is served. Times are in seconds.

    Each field that is not given is read from its `TASKBEAM_…` environment variable when an object is made.
    """

    model_config = _FROM_ENVIRONMENT

    heartbeat: PositiveFloat = 15.0
    # Within how long a gateway that stops sends its clients away, each at a moment of its own.
    drain: NonNegativeFloat = 0.0
    # How long a request waits for Redis, or for the broker, before it is answered 503.
    redis_timeout: PositiveFloat = 5.0
    max_wait: PositiveFloat = 60.0
    max_message_bytes: PositiveInt = 64 * 1024
    max_subscriptions: PositiveInt = 1000

    # Who may read: whoever has a token, or, in development, whoever knows a task's id.
    auth: Literal["tokens", "open"] = "tokens"
    # A JSON Web Key Set. Each of its keys verifies; the one whose kid is `signing_key` signs, else the first.
    token_keys: SecretStr | None = None
    signing_key: str | None = None
    token_audience: str = "taskbeam"
    token_lifetime: PositiveFloat = 15 * 60
    # Of any token that is taken, whoever signed it; a revocation is kept for as long.
    max_token_lifetime: PositiveFloat = 24 * 3600
    # Other services whose tokens are taken, such as an OpenID Connect provider.
    issuers: tuple[Issuer, ...] = ()
    ticket_lifetime: PositiveFloat = 10.0
    # Each lets its bearer send tasks.
    api_keys: tuple[SecretStr, ...] = ()
    # Whether /keys is there, for whoever has an API key that manages the others.
    key_management: bool = False

    # What a request's `Host` may be: names, addresses, *.example.org, *. None = anything, but in open mode
    # only an address or a local name.
    allowed_hosts: tuple[str, ...] | None = None
    # Sites, beside its own, whose pages may speak with the gateway, such as https://shop.example.
    allowed_origins: tuple[str, ...] = ()

    # What one owner, or one sending token or key without one, may take, over all gateways; 0 = any amount.
    max_waiting_jobs: NonNegativeInt = 5000
    max_jobs_per_minute: NonNegativeFloat = 1500
    max_upload_bytes_per_hour: NonNegativeInt = 2 * 1024**3

    # Of records in one answer.
    max_replay_bytes: PositiveInt = 512 * 1024
    max_connections: PositiveInt = 20_000
    max_connections_per_address: PositiveInt = 2_000
    # What one person may have over all gateways, and one API key whose tasks are nobody's; 0 = any number.
    # Subscriptions are tasks on /ws.
    max_connections_per_identity: NonNegativeInt = 200
    max_subscriptions_per_identity: NonNegativeInt = 10_000
    max_connections_per_key: NonNegativeInt = 20_000
    max_subscriptions_per_key: NonNegativeInt = 100_000
    # What a client may say on a WebSocket per second; ten seconds' worth at once.
    max_message_rate: PositiveFloat = 200
    max_byte_rate: PositiveFloat = 128 * 1024
    # How long a socket may be silent about whose it is, and follow no task.
    auth_timeout: PositiveFloat = 10.0
    idle_timeout: PositiveFloat = 60.0

    # The watchdog: seconds between sweeps, and from STALLED to LOST.
    watchdog_interval: PositiveFloat = DEFAULT_INTERVAL
    lost_after: PositiveFloat = DEFAULT_GRACE
    # Whether a LOST task becomes a FAILURE in Celery's own result, too.
    fail_lost_tasks: bool = False

    # People who wait: seconds between two looks at their queues, and until one counts as without a consumer.
    waiting_interval: PositiveFloat = watch.DEFAULT_INTERVAL
    no_consumer_after: NonNegativeFloat = watch.DEFAULT_NO_CONSUMER_AFTER

    # Services that are told how tasks end. None = what another gateway has set stays as it is.
    webhooks: tuple[Webhook, ...] | None = None
    # Networks of your own that these may be in: others are asked only at public addresses.
    webhook_networks: tuple[IPvAnyNetwork, ...] = ()

    # Whether this gateway tells them, and devices; else `taskbeam notify` does.
    send_notifications: bool = True

    # Tasks, by name or by its beginning, such as backups.*, which no preference of an owner silences.
    critical_tasks: tuple[str, ...] = ()

    # Web Push: the private key that signs, and whom a push service may ask, such as mailto:ops@example.org.
    vapid_key: SecretStr | None = None
    vapid_contact: str | None = None

    # Whether workers may be without Taskbeam, with `redis://…` as result_backend: Celery's results are heard.
    stock: bool = False

    # The operators' page at /dashboard, and the stream that it follows.
    dashboard: bool = False
    # How many tasks its list has at the most, and for how long those that have ended.
    dashboard_tasks: PositiveInt = 50_000
    dashboard_keeps: PositiveFloat = 7 * 24 * 3600
    # What it does not show of a task, though it is there.
    dashboard_hidden: tuple[Literal["arguments", "exception"], ...] = ()
    # The database that keeps tasks that have ended when Redis no longer has them, such as
    # sqlite:////var/lib/taskbeam/history.db or postgresql://…; and for how long after they were sent.
    history: SecretStr | None = None
    history_keeps: PositiveFloat = 90 * 24 * 3600
    # Where a task's log lines and its trace are seen; see `taskbeam.gateway.dashboard.links`.
    dashboard_log_url: str | None = None
    dashboard_trace_url: str | None = None

    # /metrics for Prometheus: for whoever may read the task `taskbeam.metrics`, and at a port of its own, for
    # whoever reaches that.
    metrics: bool = False
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_host: str = "127.0.0.1"

    # Where the workers store the files that their results name as /files/…; None = there are none.
    files_dir: Path | None = None

    @field_validator("metrics", "metrics_port")
    @classmethod
    def _can_be_shown(cls, wanted: bool | int | None) -> bool | int | None:
        if wanted and find_spec("prometheus_client") is None:
            raise ValueError("it needs prometheus-client: pip install 'taskbeam[metrics]'")
        return wanted

    @field_validator("history")
    @classmethod
    def _is_a_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        if find_spec("sqlalchemy") is None:
            raise ValueError("it needs SQLAlchemy: pip install 'taskbeam[history]'")
        # Only who wants a history needs its library.
        from taskbeam.gateway.history.address import history_address

        history_address(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _has_a_dashboard(self) -> Self:
        if self.history is not None and not self.dashboard:
            raise ValueError("TASKBEAM_HISTORY goes with TASKBEAM_DASHBOARD=1")
        return self

    @property
    def vapid(self) -> Vapid | None:
        """Who pushes; None = nobody."""
        if self.vapid_key is None:
            return None
        return Vapid(self.vapid_key.get_secret_value(), self.vapid_contact or "")

    @model_validator(mode="after")
    def _can_push(self) -> Self:
        try:
            _ = self.vapid
        except BadVapidError as error:
            raise ValueError(f"of TASKBEAM_VAPID_KEY and TASKBEAM_VAPID_CONTACT, {error}") from None
        return self

    @property
    def notifies(self) -> bool:
        """Whether people or services are told how tasks end."""
        return self.webhooks is not None or self.vapid_key is not None

    @property
    def shows_metrics(self) -> bool:
        """Whether anybody can read what is counted."""
        return self.metrics or self.metrics_port is not None

    @field_validator("critical_tasks")
    @classmethod
    def _are_patterns(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(checked, entries))

    @field_validator("dashboard_log_url", "dashboard_trace_url")
    @classmethod
    def _are_addresses(cls, template: str | None) -> str | None:
        return template and address_template(template)

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, entries: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return entries and tuple(map(host_pattern, entries))

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(allowed_origin, entries))


class ServerSettings(BaseSettings):
    """How a process serves. Times are in seconds; read from the environment like `GatewaySettings`."""

    model_config = _FROM_ENVIRONMENT

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, validation_alias=AliasChoices("TASKBEAM_PORT", "PORT"))
    # Share the port with other gateway processes.
    reuse_port: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # Lines for people, or a JSON object a line.
    log_format: Literal["text", "json"] = "text"
    # Write to detached connections directly; off = the portable ASGI path, as on any other server.
    detach: bool = True
    shutdown_timeout: PositiveInt = 10
    max_head_bytes: PositiveInt = 32 * 1024
    max_body_bytes: PositiveInt = 1024 * 1024
    head_timeout: PositiveFloat = 10.0
    body_timeout: PositiveFloat = 60.0
    # How long a connection may be idle between two requests.
    keep_alive_timeout: PositiveFloat = 5.0


class CelerySettings(BaseSettings):
    """Which Celery the gateway serves, where no Celery application is at hand to ask."""

    model_config = _FROM_ENVIRONMENT

    broker_url: str = "redis://127.0.0.1:6379/0"
    # As the workers have it: the gateway sends tasks with it, and reads the journal behind it.
    result_backend: str = "taskbeam+redis://127.0.0.1:6379/1"
    # With a sentinel:// backend or broker.
    sentinel_master: str = "mymaster"
    # Celery's `global_keyprefix` of the result backend.
    global_keyprefix: str = ""
    # Redis Cluster: subscribe with SSUBSCRIBE; the workers' `taskbeam_options` say the same.
    sharded: bool = False

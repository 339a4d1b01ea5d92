"""What a deployment may choose: about the gateway, the process that serves it, and the Celery behind it."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, NonNegativeFloat, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from taskbeam.presence.watchdog import DEFAULT_GRACE, DEFAULT_INTERVAL
from taskbeam.queues import watch

_FROM_ENVIRONMENT = SettingsConfigDict(
    env_prefix="TASKBEAM_", env_ignore_empty=True, frozen=True, extra="ignore", populate_by_name=True
)


class GatewaySettings(BaseSettings):
    """How a gateway behaves, wherever it is served. Times are in seconds.

    Each field that is not given is read from its `TASKBEAM_…` environment variable when an object is made.
    """

    model_config = _FROM_ENVIRONMENT

    heartbeat: PositiveFloat = 15.0
    # How long a request waits for Redis before it is answered 503.
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
    ticket_lifetime: PositiveFloat = 10.0
    # Each lets its bearer send tasks.
    api_keys: tuple[SecretStr, ...] = ()

    # Sites, beside its own, whose pages may speak with the gateway, such as https://shop.example.
    allowed_origins: tuple[str, ...] = ()

    # Of records in one answer.
    max_replay_bytes: PositiveInt = 512 * 1024
    max_connections: PositiveInt = 20_000
    max_connections_per_address: PositiveInt = 2_000
    max_connections_per_identity: PositiveInt = 200
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

    # The operators' page at /dashboard, and the stream that it follows.
    dashboard: bool = False

    # Where the workers store the files that their results name as /files/…; None = there are none.
    files_dir: Path | None = None


class ServerSettings(BaseSettings):
    """How a process serves. Times are in seconds; read from the environment like `GatewaySettings`."""

    model_config = _FROM_ENVIRONMENT

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, validation_alias=AliasChoices("TASKBEAM_PORT", "PORT"))
    # Share the port with other gateway processes.
    reuse_port: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # Write to detached connections directly; off = the portable ASGI path, as on any other server.
    detach: bool = True
    shutdown_timeout: PositiveInt = 10
    max_head_bytes: PositiveInt = 32 * 1024
    max_body_bytes: PositiveInt = 1024 * 1024
    head_timeout: PositiveFloat = 10.0
    body_timeout: PositiveFloat = 60.0


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

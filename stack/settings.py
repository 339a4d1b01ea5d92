"""What the launcher can be told from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, AnyUrl, Field, IPvAnyNetwork, RedisDsn, UrlConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}

SmtpUrl = Annotated[
    AnyUrl, UrlConstraints(allowed_schemes=["smtp", "smtp+starttls", "smtps"], host_required=True)
]


class Settings(BaseSettings):
    """Read from the environment: `port` from TASKBEAM_PORT or PORT, any other `field` from TASKBEAM_FIELD."""

    model_config = SettingsConfigDict(env_prefix="TASKBEAM_", env_ignore_empty=True, frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535, validation_alias=AliasChoices("TASKBEAM_PORT", "PORT"))
    redis_url: RedisDsn | None = None
    """An existing Redis or Valkey server to use (its databases 0 and 1) instead of starting one."""
    result_backend: str | None = None
    """Where results are kept, on a Redis Cluster, say (taskbeam+rediscluster://…); else beside the queues."""
    var_dir: Path = Path("var")
    """Where everything that must survive a restart is kept."""
    smtp_url: SmtpUrl | None = None
    """An existing mail server to use instead of starting one that keeps every message here."""
    dashboard: bool = True
    """Whether the gateway has its operators' page: who runs all of this on one machine is the operator."""
    public_url: str | None = None
    """Where people reach the gateway, for the links in messages; else its address on this machine."""
    auth: Literal["open", "tokens"] = "open"
    """Who may read: here, unless told otherwise, whoever reaches the gateway."""
    vapid_key: str | None = None
    """What the gateway pushes with; else a key of its own, which is kept."""
    vapid_contact: str = "mailto:developer@localhost"
    webhook_networks: tuple[IPvAnyNetwork, ...] = ()
    """Networks that webhooks may go to, beside public ones and the gateway's own address."""
    database_url: str | None = None
    history: str | None = None
    accounts_db: Path | None = None
    files_dir: Path | None = None
    uploads_dir: Path | None = None

    @property
    def var(self) -> Path:
        return self.var_dir.absolute()

    @property
    def valkey_dir(self) -> Path:
        return self.var / "valkey"

    @property
    def mail_dir(self) -> Path:
        return self.var / "mail"

    @property
    def files(self) -> Path:
        return (self.files_dir or self.var / "files").absolute()

    @property
    def uploads(self) -> Path:
        return (self.uploads_dir or self.var / "uploads").absolute()

    @property
    def accounts(self) -> Path:
        return (self.accounts_db or self.var / "accounts.db").absolute()

    @property
    def vapid_file(self) -> Path:
        return self.var / "vapid.key"

    @property
    def mail_secret_file(self) -> Path:
        return self.var / "mail-webhook.secret"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.var / 'taskbeam.db'}"

    @property
    def kept(self) -> str:
        """Where the dashboard's history is."""
        return self.history or f"sqlite:///{self.var / 'history.db'}"

    @property
    def address(self) -> str:
        """The gateway's address for a browser on this machine."""
        host = ANY_ADDRESS.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def broker_url(redis_url: str) -> str:
    """The Celery broker on the server of `redis_url`: its database 0."""
    return urlsplit(redis_url)._replace(path="/0").geturl()


def result_backend(redis_url: str) -> str:
    """The Taskbeam result backend on the server of `redis_url`: its database 1."""
    return "taskbeam+" + urlsplit(redis_url)._replace(path="/1").geturl()

"""What a deployment may choose about the worker."""

from pathlib import Path

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Read from `TASKBEAM_*` environment variables where the entry point builds it."""

    model_config = SettingsConfigDict(env_prefix="TASKBEAM_", frozen=True, extra="ignore")

    # Queue and results live in two Redis databases, so that neither fills or flushes the other.
    broker_url: str = "redis://127.0.0.1:6379/0"
    result_backend: str = "taskbeam+redis://127.0.0.1:6379/1"

    # SQLite, or PostgreSQL as `postgresql+psycopg://...` where psycopg is installed.
    database_url: str = "sqlite:///var/taskbeam.db"

    # Finished files; the gateway serves this folder under /files.
    files_dir: Path = Path("var/files")

    # Where the gateway leaves uploads; served to nobody.
    uploads_dir: Path = Path("var/uploads")

    # Pages in Markdown, which texts are learnt from.
    texts_dir: Path = Path("docs")

    # Receipts of a month that the sample shop's tills print: a report of a year reads all of them.
    receipts_a_month: PositiveInt = 100_000

    # Files stay while a task that needs them can be read. Those that no task has claimed are kept for so many
    # seconds: longer than a task may wait, and than its result lives.
    uploads_keep: PositiveFloat = 24 * 60 * 60
    files_keep: PositiveFloat = 25 * 60 * 60
    # They are swept when a worker starts, and before a job that stores one, at most so often (seconds).
    sweep_interval: NonNegativeFloat = 60

    # Of all that jobs have stored, and of one owner's.
    storage_bytes: PositiveInt = 20 * 1024**3
    storage_bytes_per_owner: PositiveInt = 2 * 1024**3

    # Whether no other worker takes tasks from the broker: then a dead one has left what is unacknowledged
    # when this one starts, and it is delivered again at once.
    alone: bool = False

    # The mail server: smtp://, smtp+starttls:// or smtps://, with user:password@ where it asks for them.
    smtp_url: str = "smtp://127.0.0.1:1025"

    # The sender of every message; the mail server must let us send as it.
    mail_from: str = "taskbeam@localhost"

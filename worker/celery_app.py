"""The Celery application: how jobs are queued, limited and stored."""

import time
from typing import Any

from celery import Celery, Task
from celery.signals import task_prerun, worker_init
from celery.utils.log import get_task_logger
from celery.worker import WorkController
from kombu import Exchange, Queue

from taskbeam.journal.away import REDIS_AWAY
from taskbeam.storage import Room

from .claims import Claims
from .database import Database
from .emails.service import EmailService
from .emails.smtp import SmtpServer
from .images.files import PictureFiles
from .images.service import ImageService
from .images.uploads import Uploads
from .redelivery import redeliver_at_start
from .reports.files import ReportFiles
from .reports.service import ReportService
from .settings import WorkerSettings
from .sweeping import Sweeper
from .tasks import batches, emails, images, reports, texts, year
from .texts.service import TextService
from .year.export import Exports
from .year.service import YearService

logger = get_task_logger(__name__)

#: The tasks that store files.
STORING = ("reports.generate", "reports.year", "images.resize")

QUEUES = ("default", "reports", "emails", "images", "texts")
DAY_SECONDS = 24 * 60 * 60

#: What a client is told of errors that it can do something about: code and message.
PUBLIC_ERRORS = {
    "UnknownUserError": ("unknown_user", "There is no user with this number."),
    "ExportPendingError": ("export_pending", "The tills have not handed over their receipts yet."),
    "InvalidEmailError": ("invalid_email", "The message or an address in it is not valid."),
    "RefusedError": ("email_refused", "The mail server refused the message."),
    "OutcomeUnknownError": ("email_outcome_unknown", "The mail server's answer was lost."),
    "NotAnImageError": ("not_an_image", "The upload is not a picture that can be read."),
    "TooManyPixelsError": (
        "too_many_pixels",
        "A picture has at most 16,384 pixels an edge, and 25 megapixels; a JPEG 50.",
    ),
    "TooLargeToDecodeError": (
        "too_large_to_decode",
        "The picture takes too much memory or time to decode.",
    ),
    "StorageFullError": ("storage_full", "There is no room for more files at the moment."),
    "NoTextError": ("no_text", "There is nothing to learn from."),
    "UploadGoneError": ("upload_gone", "The upload is not kept any more; send it again."),
}


def create_celery(settings: WorkerSettings) -> Celery:
    """Return the application with all its tasks. Connects to nothing.

    Raises ArgumentError and ValueError for URLs that are none.
    """
    app = Celery("worker", broker=settings.broker_url, backend=settings.result_backend, set_as_current=False)
    app.conf.update(
        task_track_started=True,
        task_time_limit=60,  # seconds; the process is killed
        task_soft_time_limit=55,  # seconds; SoftTimeLimitExceeded is raised in the task
        worker_prefetch_multiplier=1,  # a waiting job goes to whichever worker is free first
        # A queue per workload, so that long jobs never starve the short ones behind them.
        task_default_queue=QUEUES[0],
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
        task_routes={f"{name}.*": {"queue": name} for name in QUEUES[1:]},
        # Nothing that arrives over the network is unpickled.
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        enable_utc=True,
        timezone="UTC",
        result_expires=DAY_SECONDS,
        result_extended=True,  # operators see what a job was called with, and run it again
        broker_connection_retry_on_startup=True,
        taskbeam_options={"public_errors": PUBLIC_ERRORS},
    )
    database = Database(settings.database_url)
    sender = EmailService(database, SmtpServer.from_url(settings.smtp_url), settings.mail_from)
    emails.register(app, sender)
    room = Room(settings.files_dir, settings.storage_bytes, settings.storage_bytes_per_owner)
    on_files, on_uploads = Claims(app, "files"), Claims(app, "uploads")
    report_files = ReportFiles(settings.files_dir, on_files.add, room)
    picture_files = PictureFiles(settings.files_dir, on_files.add, room)
    generate = reports.register(app, ReportService(database, report_files))
    batches.register(app, generate)
    exports = Exports(settings.uploads_dir, on_uploads.add)
    year.register(app, YearService(exports, report_files), exports, settings.receipts_a_month)
    images.register(app, ImageService(Uploads(settings.uploads_dir, on_uploads.add), picture_files))
    texts.register(app, TextService(settings.texts_dir))
    _prepare_at_start(app, database)
    if settings.alone:
        redeliver_at_start(app)
    _sweep(
        app,
        settings.sweep_interval,
        Sweeper(settings.uploads_dir, settings.uploads_keep, on_uploads),
        Sweeper(settings.files_dir, settings.files_keep, on_files),
    )
    return app


def _sweep(app: Celery, interval: float, *sweepers: Sweeper) -> None:
    """When a worker starts, and before a job that stores a file, at most each ``interval`` seconds.

    A disk that fails, or Redis, holds up no job.
    """
    due = 0.0

    def sweep() -> None:
        nonlocal due
        due = time.monotonic() + interval
        for sweeper in sweepers:
            try:
                sweeper.sweep()
            except (OSError, *REDIS_AWAY):
                logger.exception(
                    "Cannot sweep %s: its files stay. Look at its disk and at Redis", sweeper.folder
                )

    @worker_init.connect(weak=False)
    def at_start(sender: WorkController, **_: object) -> None:
        if sender.app is app:
            sweep()

    @task_prerun.connect(weak=False)
    def before_a_job(task: Task[Any, Any], **_: object) -> None:
        if task.app is app and task.name in STORING and time.monotonic() >= due:
            sweep()


def _prepare_at_start(app: Celery, database: Database) -> None:
    """Have the database ready before the worker forks and takes its first job.

    Where it cannot be reached yet, Celery logs why and starts; the first job then prepares it.
    """

    @worker_init.connect(weak=False)
    def prepare(sender: WorkController, **_: object) -> None:
        if sender.app is app:  # signals are heard by every application in the process
            database.prepare()

"""The Celery application: how jobs are queued, limited and stored."""

from celery import Celery
from celery.signals import worker_init
from celery.worker import WorkController
from kombu import Exchange, Queue

from .database import Database
from .emails.service import EmailService
from .emails.smtp import SmtpServer
from .images.files import PictureFiles
from .images.service import ImageService
from .images.uploads import Uploads
from .reports.files import ReportFiles
from .reports.service import ReportService
from .settings import WorkerSettings
from .tasks import emails, images, reports

QUEUES = ("default", "reports", "emails", "images")
DAY_SECONDS = 24 * 60 * 60

#: What a client is told of errors that it can do something about: code and message.
PUBLIC_ERRORS = {
    "UnknownUserError": ("unknown_user", "There is no user with this number."),
    "InvalidEmailError": ("invalid_email", "The message or an address in it is not valid."),
    "RefusedError": ("email_refused", "The mail server refused the message."),
    "OutcomeUnknownError": ("email_outcome_unknown", "The mail server's answer was lost."),
    "NotAnImageError": ("not_an_image", "The upload is not a picture that can be read."),
    "TooManyPixelsError": ("too_many_pixels", "The picture has more than 50 megapixels."),
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
        broker_connection_retry_on_startup=True,
        taskbeam_options={"public_errors": PUBLIC_ERRORS},
    )
    database = Database(settings.database_url)
    sender = EmailService(database, SmtpServer.from_url(settings.smtp_url), settings.mail_from)
    send = emails.register(app, sender)
    reports.register(app, ReportService(database, ReportFiles(settings.files_dir)), send, settings.public_url)
    images.register(app, ImageService(Uploads(settings.uploads_dir), PictureFiles(settings.files_dir)))
    _prepare_at_start(app, database)
    return app


def _prepare_at_start(app: Celery, database: Database) -> None:
    """Have the database ready before the worker forks and takes its first job.

    Where it cannot be reached yet, Celery logs why and starts; the first job then prepares it.
    """

    @worker_init.connect(weak=False)
    def prepare(sender: WorkController, **_: object) -> None:
        if sender.app is app:  # signals are heard by every application in the process
            database.prepare()

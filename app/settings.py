"""What a deployment of this service may choose: all that the gateway lets it, and where its files are."""

from pathlib import Path

from pydantic import PositiveInt

from taskbeam.gateway.settings import CelerySettings, GatewaySettings, ServerSettings


class Settings(GatewaySettings, ServerSettings, CelerySettings):
    """Read from `TASKBEAM_…` environment variables where the entry point builds it."""

    # What the workers stored; they have the same folder.
    files_dir: Path | None = Path("var/files")
    # Whether whoever knows the name of a file that a job stored may read it, whoever may read the job.
    public_files: bool = False
    # Uploads on their way to a worker; served to nobody.
    uploads_dir: Path = Path("var/uploads")
    max_upload_bytes: PositiveInt = 20 * 1024 * 1024
    # Of all uploads that are there, and of one owner's.
    uploads_max_bytes: PositiveInt = 5 * 1024**3
    uploads_max_bytes_per_owner: PositiveInt = 1024**3
    # An SQLite file with accounts: whoever signs in has tasks of their own. None: nobody can sign in.
    accounts_db: Path | None = None
    # Whether everybody is an operator, where the service is open and has accounts: for one's own machine.
    everybody_operates: bool = False
    # The shop's database, as the worker has it; and the service as people reach it, for links in mails.
    database_url: str = "sqlite:///var/taskbeam.db"
    public_url: str = "http://127.0.0.1:8000"
    # Where the gateway reaches this service's own webhook, such as http://127.0.0.1:8000/hooks/mail. By that
    # it mails how a report has ended. None: nobody is mailed.
    mail_webhook: str | None = None
    # What signs it; made by whoever starts first, for all that share the file.
    mail_secret_file: Path = Path("var/mail-webhook.secret")
    # The process that has started this one, if that is `python -m stack`: it kills and starts the worker when
    # asked to.
    stack_pid: PositiveInt | None = None
    # The page that shows all of it.
    frontend_dir: Path = Path("frontend")

    @property
    def serves_files(self) -> bool:
        """Whether whoever knows the name of a stored file may read it, at /files/…."""
        return self.files_dir is not None and (self.auth == "open" or self.public_files)

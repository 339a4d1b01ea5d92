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
    # The page that shows all of it.
    frontend_dir: Path = Path("frontend")

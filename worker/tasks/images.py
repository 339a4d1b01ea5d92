"""`images.resize(upload)`: an uploaded picture in several sizes."""

from typing import Any

from celery import Celery, Task
from celery.utils.log import get_task_logger
from typing_extensions import TypedDict  # pydantic reads those of `typing` from Python 3.12 on

from taskbeam import Payloads, Stored, emit, progress

from ..images.errors import NotAnImageError, TooLargeToDecodeError, TooManyPixelsError, UploadGoneError
from ..images.files import picture_file
from ..images.service import ImageService, StoredPicture
from ..retries import retried

logger = get_task_logger(__name__)

HOPELESS = (NotAnImageError, TooManyPixelsError, TooLargeToDecodeError, UploadGoneError)


class PictureResult(TypedDict):
    """One picture: where it is, its media type, its edges in pixels, and how much there is to load."""

    url: Stored
    type: str
    width: int
    height: int
    bytes: int


class Finished(TypedDict):
    """What it says of each picture as soon as it is stored."""

    picture: PictureResult


class ImageResult(TypedDict):
    """What the caller gets: what the upload was, and what was made of it, smallest first."""

    format: str
    width: int
    height: int
    pictures: list[PictureResult]


def register(app: Celery, images: ImageService) -> None:
    """Add the task to the app.

    It is not tried again for an upload that is no picture, one that is too large, and one that is gone.
    """

    @app.task(
        name="images.resize",
        shared=False,  # else every other application in the process gets this one's service
        bind=True,
        taskbeam_payloads=Payloads(result=ImageResult, chunk=Finished),
        **retried(*HOPELESS),
    )
    def resize(self: Task[Any, Any], upload: str) -> ImageResult:
        logger.info("Picture %s, attempt %s", upload, self.request.retries + 1)
        resized = images.resize(upload, progress, lambda stored: emit(Finished(picture=_result(stored))))
        return ImageResult(
            format=resized.format,
            width=resized.original.width,
            height=resized.original.height,
            pictures=[_result(stored) for stored in resized.pictures],
        )


def _result(stored: StoredPicture) -> PictureResult:
    return PictureResult(
        url=picture_file(stored.name),
        type=stored.encoding.media_type,
        width=stored.size.width,
        height=stored.size.height,
        bytes=stored.size_bytes,
    )

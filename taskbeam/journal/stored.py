"""The files that a task stored: the mark that names one, and which names there are."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, Self
from urllib.parse import quote

#: What the address of a stored file begins with.
PREFIX = "/files/"

#: What JavaScript's encodeURIComponent leaves as it is, and the slash.
_KEPT = "/!'()*"

#: Bytes of a name, a folder's or a file's, and of a whole path (Linux' own limits are 255 and 4,096).
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that a task stored, by its ``path`` below the folder of stored files. `stored` makes it.

    It is no string, so that nothing which a user wrote can be taken for one, and no mark is lost unseen:
    what expects a string fails. Wherever it is serialized, its plain address is what others read.
    """

    path: str

    @property
    def url(self) -> str:
        """The address of the file, as clients read it in the event, and others in Celery's own result."""
        return PREFIX + quote(self.path, safe=_KEPT)

    def __str__(self) -> str:
        return self.url

    def __json__(self) -> str:
        """What kombu's JSON writes: results, and messages of the tasks that follow."""
        return self.url

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """What pickle writes: whoever reads it need not have this class."""
        return str, (self.url,)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:
        """In a type of `Payloads`: clients receive a string, and a task's code has this mark."""
        from pydantic_core import core_schema  # only pydantic calls this

        return core_schema.json_or_python_schema(
            json_schema=core_schema.str_schema(),
            python_schema=core_schema.is_instance_schema(cls),
            serialization=core_schema.to_string_ser_schema(),
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def stored(path: str | PathLike[str]) -> Stored:
    """Name a file that the running task has stored, in what it returns, or gives to `emit`.

    ``path`` is relative to the folder of stored files (`TASKBEAM_FILES_DIR`), with slashes. Whoever may read
    the task may then read the file. Raises `ValueError` for a path that `is_file_path` refuses.
    """
    text = fspath(path)
    if not is_file_path(text):
        raise ValueError(f"not the path of a stored file, relative to their folder: {text[:100]!r}")
    return Stored(text)


def without_marks(value: Any) -> Any:
    """The value with each mark replaced by its address, for serializers that know nothing of marks."""
    if isinstance(value, Stored):
        return value.url
    if isinstance(value, dict):
        return {key: without_marks(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_marks(each) for each in value]
    if type(value) is tuple:
        return tuple(without_marks(each) for each in value)
    return value


def is_file_path(path: str) -> bool:
    """Whether ``path`` may name a stored file: names with a slash between them, relative to the folder.

    A name is not empty, does not begin with a dot (so it is neither `..` nor hidden), and has no
    backslash and no control character.
    """
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return False
    return size <= MAX_PATH_BYTES and all(_is_name(name) for name in path.split("/"))


def _is_name(name: str) -> bool:
    return (
        0 < len(name.encode()) <= MAX_NAME_BYTES
        and not name.startswith(".")
        and "\\" not in name
        and not any(ord(character) < 32 or ord(character) == 127 for character in name)
    )

"""Files that are stored whole or not at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def store(path: Path, content: bytes) -> None:
    """Put the content at the path in one step: nobody ever downloads half a file.

    Raises OSError, with no trace left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            # Temporary files are private to their owner; the gateway may run as somebody else.
            unfinished.chmod(0o644)
            unfinished.replace(path)
        except BaseException:  # the soft time limit, too, may strike here
            unfinished.unlink(missing_ok=True)
            raise

"""Text that every database takes. No I/O."""


def storable(text: str) -> str:
    """PostgreSQL has no NUL, and UTF-8 no lone surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()

"""A configuration that the gateway cannot work with, in words for whoever configures it."""

from __future__ import annotations

from kombu.utils.url import maybe_sanitize_url


class CeleryConfigurationError(Exception):
    """The gateway cannot work with this Celery application's configuration; the text says what to change."""


def one_line(error: BaseException) -> str:
    """What an error says, without the line breaks and the full stop that some libraries put into it."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error  # which quotes its own
    return " ".join(str(text).split()).rstrip(".") or repr(error)


def without_password(urls: object) -> str:
    """A setting of one or several URLs, as it may be logged."""
    if isinstance(urls, str):
        return ";".join(maybe_sanitize_url(url) for url in urls.split(";"))
    if isinstance(urls, list | tuple):
        return ";".join(map(without_password, urls))
    return repr(urls)

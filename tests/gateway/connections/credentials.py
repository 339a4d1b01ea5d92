"""Credential providers, as a Celery setting names them."""

from __future__ import annotations

import threading

from redis.credentials import CredentialProvider

USER, PASSWORD = "job", "planted-secret"


class Blocking(CredentialProvider):
    """What most applications have: it knows nothing of asyncio."""

    asked_in: list[str]

    def __init__(self) -> None:
        self.asked_in = []

    def get_credentials(self) -> tuple[str, str]:
        self.asked_in.append(threading.current_thread().name)
        return USER, PASSWORD


class Asyncio(CredentialProvider):
    """One that asyncio's client can ask by itself."""

    def get_credentials(self) -> tuple[str, str]:
        return USER, PASSWORD

    async def get_credentials_async(self) -> tuple[str, str]:
        return USER, PASSWORD

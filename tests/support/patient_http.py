"""httpx for tests: it waits as long as a busy machine takes, and loads the world's certificates once."""

from __future__ import annotations

import functools
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What httpx takes where nobody says otherwise. On a machine that does other things it is soon over.
ITS_OWN = httpx.Timeout(5.0)


@contextmanager
def patient_http() -> Iterator[None]:
    """Until the block ends, clients that are told nothing else wait for `DEADLINE`, and share a context.

    Certificates take each client, so each `httpx.get`, 20 ms of CPU; nearly all of them ask by plain HTTP.
    """
    context = ssl.create_default_context()
    with pytest.MonkeyPatch.context() as patch:
        for client in (httpx.Client, httpx.AsyncClient):
            patch.setattr(client, "__init__", _patient(client.__init__, context))
        yield


def _patient(init: Callable[..., None], context: ssl.SSLContext) -> Callable[..., None]:
    @functools.wraps(init)
    def patient(self: Any, *, verify: Any = True, timeout: Any = ITS_OWN, **more: Any) -> None:
        init(
            self,
            verify=context if verify is True else verify,
            timeout=DEADLINE if timeout == ITS_OWN else timeout,
            **more,
        )

    return patient

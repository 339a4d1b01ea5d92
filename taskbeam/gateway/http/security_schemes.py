"""Where a request may bring its credentials, in OpenAPI's words. They are read by `find_credentials`."""

from fastapi.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBearer
from starlette.requests import HTTPConnection

from taskbeam.gateway.auth.credentials import COOKIE


class _Described:
    """A FastAPI dependency that puts its scheme into the document, and lets everybody pass."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Nothing to do: it takes an `HTTPConnection`, for it stands before sockets, too."""


class _Bearer(_Described, HTTPBearer):
    pass


class _Cookie(_Described, APIKeyCookie):
    pass


class _Query(_Described, APIKeyQuery):
    pass


class _Header(_Described, APIKeyHeader):
    pass


TOKEN = _Bearer(
    scheme_name="token",
    bearerFormat="JWT",
    description="A token of the gateway. Its scopes are `read`, `cancel`, `terminate` and `send`.",
)
TASK_COOKIE = _Cookie(
    scheme_name="cookie",
    name=COOKIE,
    description="What `POST /tasks/{task_id}/cookie` or `POST /feeds/{feed}/cookie` sets: "
    "it reads one task or feed, below that address.",
)
TICKET = _Query(
    scheme_name="ticket",
    name="ticket",
    description="What `POST /tasks/{task_id}/tickets` or `POST /feeds/{feed}/tickets` answers with: "
    "it reads one task or feed, once, within seconds.",
)
API_KEY = _Header(
    scheme_name="api_key",
    name="X-API-Key",
    description="An API key: it sends tasks, on behalf of whoever `Taskbeam-Owner` names, or manages keys.",
)

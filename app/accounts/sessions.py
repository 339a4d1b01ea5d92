"""Sessions: who has signed in, as a signed cookie. The server keeps none of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

import jwt
from fastapi.security import APIKeyCookie
from starlette.requests import HTTPConnection
from starlette.responses import Response

#: The cookie's name.
COOKIE = "taskbeam_session"

#: Seconds: no longer than a gateway remembers what was revoked (`TASKBEAM_MAX_TOKEN_LIFETIME`).
LIFETIME = 12 * 3600

_ALGORITHM, _AUDIENCE = "HS256", "taskbeam-sample-session"


@dataclass(frozen=True, slots=True)
class Session:
    """``began`` and ``ends`` are Unix seconds. ``id`` is what ends it before its time, at a gateway."""

    id: str
    account: str
    began: float
    ends: float


class Sessions:
    """Makes and reads sessions; ``key`` is called once, when one is needed."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._make_key = key

    @cached_property
    def _key(self) -> bytes:
        return self._make_key()

    def begin(self, account: str) -> tuple[Session, str]:
        """A new session, and the value of its cookie."""
        now = int(time.time())
        session = Session(uuid4().hex, account, now, now + LIFETIME)
        claims = {
            "jti": session.id,
            "sub": account,
            "iat": now,
            "exp": now + LIFETIME,
            "aud": _AUDIENCE,
        }
        return session, jwt.encode(claims, self._key, _ALGORITHM)

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None where there is none, it is not ours, or its time is over."""
        if not cookie:
            return None
        try:
            claims = jwt.decode(
                cookie,
                self._key,
                [_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["jti", "sub", "iat", "exp"]},
            )
        except jwt.InvalidTokenError:
            return None
        return Session(claims["jti"], claims["sub"], claims["iat"], claims["exp"])

    def of(self, connection: HTTPConnection) -> Session | None:
        """The session of a request, or of a WebSocket's handshake."""
        return self.read(connection.cookies.get(COOKIE))


class _SessionCookie(APIKeyCookie):
    """Puts the cookie into the API's document. It takes an `HTTPConnection`, for sockets have it, too."""

    async def __call__(self, connection: HTTPConnection) -> None:
        """Nothing to do: `Sessions.of` reads it."""


#: For the dependencies of what a session is good for.
SESSION_COOKIE = _SessionCookie(
    scheme_name="session", name=COOKIE, description="What signing in sets: the session of an account."
)


def set_cookie(connection: HTTPConnection, response: Response, value: str) -> None:
    """Give the browser a session, which no script reads and no other site's form sends along."""
    secure = _is_secure(connection)
    response.set_cookie(COOKIE, value, max_age=LIFETIME, httponly=True, samesite="lax", secure=secure)


def drop_cookie(connection: HTTPConnection, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_secure(connection))


def _is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser came by TLS; it sends a cookie that is `Secure` by nothing else."""
    return connection.url.scheme in ("https", "wss")

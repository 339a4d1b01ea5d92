"""Where an operator's browser signs in: at an address where it keeps the session's cookie. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

#: What a gateway listens on when it listens on all addresses of its machine.
ANY = ("0.0.0.0", "::", "")


def sign_in_address(host: str, port: int) -> str:
    """The address of a gateway that listens there, for a browser on its machine or in front of it.

    A gateway speaks no TLS: who reaches it from elsewhere goes by a proxy, whose address nobody knows here.
    Raises `ValueError`, which says what to do.
    """
    host = "127.0.0.1" if host in ANY else host
    return keeping_cookies(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def keeping_cookies(address: str) -> str:
    """The address as a URL without a slash at its end: https without a scheme, but for this machine's own.

    The cookie is ``Secure`` (RFC 6265bis, 4.1.2.5): a browser keeps it over https, and over http on its own
    machine alone. Raises `ValueError`, which says what to do.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    if not parts.hostname or parts.scheme not in ("", "http", "https"):
        raise ValueError(f"{address!r} is no address of a gateway. Write https://HOST, or https://HOST/PATH.")
    local = _is_this_machine(parts.hostname)
    scheme = parts.scheme or ("http" if local else "https")
    if scheme == "http" and not local:
        raise ValueError(
            f"A browser keeps no session of http://{parts.netloc}: its cookie takes https. Give the https "
            "address that people open, --address https://HOST. Or forward the port, "
            f"ssh -L 8000:{parts.netloc} {parts.hostname}, and give --address http://localhost:8000."
        )
    return f"{scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

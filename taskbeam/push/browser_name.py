"""What a browser is called, for its owner to tell one device from another. Pure."""

from __future__ import annotations

from typing import Final

#: A browser of which nothing is known: it said nothing, or was kept by a version that did not ask.
UNKNOWN: Final = "Unknown browser"

#: Characters of a header that are looked at; what browsers say of themselves has some 200.
_MOST = 512

#: What a browser is known by. Most also say that they are Chrome or Safari, so those come last.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
)

#: What a system is known by. An iPhone also says "Mac OS X", and Android "Linux".
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str | None) -> str:
    """What the browser with this ``User-Agent`` is called, such as ``Firefox on Linux``.

    Args:
        user_agent: the header, whatever it says; None or empty: there was none.

    Returns a name that is made of words of this module alone, so it is short, and safe to show. What cannot
    be told is said to be unknown. An iPad may say that it is a Mac.
    """
    said = (user_agent or "")[:_MOST]
    browser, system = _first(_BROWSERS, said), _first(_SYSTEMS, said)
    # Most others say "Safari", too, and the browser of an old Android says all that Safari says.
    if browser is None and "Safari/" in said and "Version/" in said and "Android" not in said:
        browser = "Safari"
    if system is None:
        return UNKNOWN if browser is None else f"{browser} on an unknown system"
    return f"{browser or UNKNOWN} on {system}"


def _first(known: tuple[tuple[str, str], ...], said: str) -> str | None:
    return next((name for mark, name in known if mark in said), None)

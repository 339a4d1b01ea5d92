"""What browsers are called, by what they say of themselves."""

from __future__ import annotations

import pytest

from taskbeam.push.browser_name import UNKNOWN, browser_name

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", "Firefox on Android"),
        (f"{IPHONE} FxiOS/132.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "Chrome on ChromeOS"),
        (f"{ANDROID} {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        (f"{IPHONE} CriOS/130.0.6723.90 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{WINDOWS} {CHROME} Safari/537.36 Edg/130.0.0.0", "Edge on Windows"),
        (f"{ANDROID} {CHROME} Mobile Safari/537.36 EdgA/130.0.0.0", "Edge on Android"),
        (f"{WINDOWS} {CHROME} Safari/537.36 OPR/114.0.0.0", "Opera on Windows"),
        (f"{ANDROID} SamsungBrowser/26.0 {CHROME} Mobile Safari/537.36", "Samsung Internet on Android"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari on macOS"),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
    ],
)
def test_browsers_as_they_are(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (None, UNKNOWN),
        ("", UNKNOWN),
        ("python-httpx/0.27.0", UNKNOWN),
        ("<b>\u202e\x00", UNKNOWN),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko)", f"{UNKNOWN} on macOS"),
        ("Mozilla/5.0 (PlayStation; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on an unknown system"),
        # The browser of an old Android says what Safari says.
        (
            f"{ANDROID} AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30",
            f"{UNKNOWN} on Android",
        ),
    ],
)
def test_what_cannot_be_told_is_said_to_be_unknown(user_agent: str | None, name: str) -> None:
    assert browser_name(user_agent) == name


def test_no_more_is_looked_at_than_a_browser_says() -> None:
    assert browser_name("x" * 512 + "Firefox/132.0 (X11; Linux)") == UNKNOWN


def test_the_name_has_nothing_of_what_was_said() -> None:
    said = "Firefox/<script> Linux\r\nSet-Cookie: a=b"
    assert browser_name(said) == "Firefox on Linux"

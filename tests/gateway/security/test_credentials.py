"""Which of several cookies counts: that of the longest path, which browsers say first (RFC 6265, 5.4)."""

from __future__ import annotations

import pytest

from taskbeam.gateway.auth.credentials import COOKIE, Credentials, find_credentials, token_in_cookie

OF_THE_TASK = f"{COOKIE}=of-the-task"
OF_A_LOGIN = f"{COOKIE}=of-a-login"


@pytest.mark.parametrize(
    "cookies",
    [
        [f"{OF_THE_TASK}; {OF_A_LOGIN}"],
        [f"a=b;{OF_THE_TASK};{OF_A_LOGIN}; c=d"],
        [OF_THE_TASK, OF_A_LOGIN],  # as HTTP/2 may split them (RFC 9113, 8.2.3)
        [f'{COOKIE}="of-the-task"', OF_A_LOGIN],
        [f"{COOKIE}=; {OF_THE_TASK}; {OF_A_LOGIN}"],
    ],
)
def test_the_first_one_counts(cookies: list[str]) -> None:
    assert token_in_cookie(cookies) == "of-the-task"
    assert find_credentials(None, {}, cookies, ()) == Credentials(token="of-the-task")


@pytest.mark.parametrize("cookies", [[], [""], [f"{COOKIE}="], [COOKIE], [f"{COOKIE}2=abc; a={COOKIE}=abc"]])
def test_no_other_cookie_does(cookies: list[str]) -> None:
    assert token_in_cookie(cookies) is None
    assert find_credentials(None, {}, cookies, ()) is None

"""Encryption by the RFC's own example, and read by a library that is not ours."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from taskbeam.push.base64url import decoded, encoded
from taskbeam.push.encryption import LARGEST, RECORD, encrypt
from taskbeam.push.subscription import CURVE, Keys

from .browser import Browser

#: RFC 8291, section 5 and appendix A.
EXAMPLE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBr"
    "u3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_rfc_byte_for_byte() -> None:
    keys = Keys(
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
    )
    number = int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        keys,
        ec.derive_private_key(number, CURVE),
        decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoded(body) == EXAMPLE


@pytest.mark.parametrize("size", [0, 1, LARGEST])
def test_a_browser_reads_what_was_encrypted_for_it(size: int) -> None:
    browser, text = Browser(), b"x" * size
    body = encrypt(text, browser.subscription.keys)
    assert browser.read(body) == text
    assert len(body) == RECORD - LARGEST + size


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {LARGEST} bytes"):
        encrypt(b"x" * (LARGEST + 1), Browser().subscription.keys)


def test_no_two_messages_are_the_same() -> None:
    keys = Browser().subscription.keys
    assert len({encrypt(b"x", keys) for _ in range(3)}) == 3

"""Who sends: verified as a push service does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from taskbeam.push.base64url import decoded
from taskbeam.push.subscription import CURVE
from taskbeam.push.vapid import BadVapidError, Vapid, new_vapid_key

CONTACT = "mailto:ops@example.org"


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        ("https://push.example/send/a?b=c", "https://push.example"),
        ("https://push.example:8443/send", "https://push.example:8443"),
    ],
)
def test_a_push_service_verifies_it(endpoint: str, audience: str) -> None:
    vapid, now = Vapid(new_vapid_key(), CONTACT), datetime.now(UTC)
    scheme, _, parameters = vapid.authorization(endpoint, now).partition(" ")
    given = dict(part.strip().split("=", 1) for part in parameters.split(","))
    assert (scheme, given["k"]) == ("vapid", vapid.public_key)
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(given["k"]))
    claims = jwt.decode(given["t"], public, algorithms=["ES256"], audience=audience)
    assert claims["sub"] == CONTACT
    assert timedelta() < datetime.fromtimestamp(claims["exp"], UTC) - now <= timedelta(hours=24)


#: Of the 32 bytes of a key 29.
SHORT = "b2hnBKoqXa_GnRHCjuECHjEl9XKfT8DGIzFvKJD"


def test_a_key_stays_the_same() -> None:
    key = new_vapid_key()
    assert Vapid(key, CONTACT).public_key == Vapid(key + "=", "https://example.org/ops").public_key
    assert len(decoded(Vapid(key, CONTACT).public_key)) == 65


@pytest.mark.parametrize("key", ["", "secret", "A" * 43, "_" * 43, "ä" * 43, SHORT])
def test_what_is_no_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(BadVapidError, match="no private key") as refused:
        Vapid(key, CONTACT)
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("contact", ["", "ops@example.org", "mailto:", "http://example.org", "https://"])
def test_a_contact_is_needed(contact: str) -> None:
    with pytest.raises(BadVapidError, match="contact"):
        Vapid(new_vapid_key(), contact)

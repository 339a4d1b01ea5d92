"""What a browser gives for being pushed to: a `PushSubscription` (W3C Push API §8), bounded and checked."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from taskbeam.outgoing.endpoint import LONGEST
from taskbeam.push.base64url import decoded

CURVE = ec.SECP256R1()

#: Bytes of the secret that browser and sender share (RFC 8291 §3.2).
AUTH = 16


def _is_a_point(text: str) -> str:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(text))
    except ValueError:
        raise ValueError("it is no point of P-256") from None
    return text


def _is_a_secret(text: str) -> str:
    # A push service cannot tell, and the browser would drop each message without a word.
    if len(decoded(text)) != AUTH:
        raise ValueError(f"it has not {AUTH} bytes")
    return text


class Keys(BaseModel):
    """Whom messages are encrypted for, in Base64 of URLs."""

    model_config = ConfigDict(frozen=True)

    p256dh: Annotated[str, Field(max_length=90), AfterValidator(_is_a_point)]
    auth: Annotated[str, Field(max_length=24), AfterValidator(_is_a_secret)]


class PushSubscription(BaseModel):
    """As `PushSubscription.toJSON()` gives it; what else a browser adds is ignored.

    - ``endpoint``: the push service's URL for this browser. Whoever knows it may send to it.
    - ``keys``: whom messages are encrypted for.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    endpoint: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    keys: Keys

    def device_of(self, owner: str | None) -> str:
        """The name of the device: the same each time, so a browser that subscribes again is no second one.

        Of another ``owner`` it is another: what the first has asked for is not told to the next. Only who
        knows the endpoint can tell it.
        """
        named = f"{owner or ''}\n{self.endpoint}"
        return f"push_{sha256(named.encode()).hexdigest()[:32]}"

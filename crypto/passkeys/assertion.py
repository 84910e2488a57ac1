"""A signature by a passkey: what the browser is asked (§ 5.5), and whether it holds (§ 7.2 of W3C Web Authentication, level 2)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crypto.errors import AssertionDoesNotHold, CounterStoodStill
from crypto.passkeys.reading import (
    Site,
    check_client_data,
    read_authenticator_data,
    to_base64url,
)
from crypto.passkeys.registration import check_signature


@dataclass(frozen=True, slots=True)
class Assertion:
    """What browser and authenticator answered, byte by byte: the signature is over ``authenticator`` and the SHA-256 of ``client``.

    ``credential`` names the passkey that answered; it is not signed.
    """

    credential: bytes
    authenticator: bytes
    client: bytes
    signature: bytes


def assertion_options(
    site: Site, challenge: bytes, allowed: Sequence[bytes] = ()
) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is given, its bytes as base64url.

    Args:
        site: where.
        challenge: 16 bytes or more that nobody could know, or the digest of what is signed.
        allowed: credentials of which one is asked for; none: whichever of this site the person chooses.
    """
    return {
        "rpId": site.name,
        "challenge": to_base64url(challenge),
        "allowCredentials": [{"type": "public-key", "id": to_base64url(k)} for k in allowed],
        "userVerification": "required",
        "timeout": 300_000,  # milliseconds
    }


def verify_assertion(
    site: Site, public_key: bytes, challenge: bytes, given: Assertion, counter: int
) -> int:
    """See that a verified person signed this challenge with this passkey, at this site.

    Args:
        site: where.
        public_key: COSE key in CBOR, as it was kept.
        challenge: as it was asked with.
        given: the answer.
        counter: of the signature before this one, 0 where none or where its authenticator does not count.

    Returns:
        its counter now.

    Raises:
        PasskeyUnreadable: something of it can't be read.
        AssertionDoesNotHold: with what differs.
        CounterStoodStill: it was signed before that one: the passkey was copied, or the answer sent again.
    """
    check_client_data(given.client, "webauthn.get", challenge, site)
    data = read_authenticator_data(given.authenticator, site)
    if data.attested:
        raise AssertionDoesNotHold(what="type")
    signed = given.authenticator + hashlib.sha256(given.client).digest()
    if not check_signature(public_key, signed, given.signature):
        raise AssertionDoesNotHold(what="signature")
    if (data.counter or counter) and data.counter <= counter:  # § 7.2 step 21
        raise CounterStoodStill
    return data.counter

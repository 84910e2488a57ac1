"""A new passkey: what the browser is asked (§ 5.4), and what of the answer is kept (§ 7.1 of W3C Web Authentication, level 2)."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2 import cbor
from fido2.cose import CoseKey

from crypto.errors import PasskeyUnreadable, PasskeyUnsuitable
from crypto.passkeys.reading import (
    LONGEST,
    Site,
    check_client_data,
    read_authenticator_data,
    read_cbor,
    to_base64url,
)

# ECDSA with P-256 or P-384, EdDSA with Ed25519, RSA of 2048 bits and more (Windows Hello); FIPS 186-5 approves each.
ES256, ES384, EDDSA, RS256 = -7, -35, -8, -257
ALGORITHMS = (ES256, ES384, EDDSA, RS256)
_PARTS = {  # members of a COSE key (RFC 9052, 9053, 8230), and the values of those that are fixed
    ES256: ({1: 2, 3: ES256, -1: 1}, (-2, -3)),
    ES384: ({1: 2, 3: ES384, -1: 2}, (-2, -3)),
    EDDSA: ({1: 1, 3: EDDSA, -1: 6}, (-2,)),
    RS256: ({1: 3, 3: RS256}, (-1, -2)),
}
_SHORTEST_MODULUS, _LONGEST_MODULUS = 256, 512  # bytes
_LONGEST_ID = 1023  # bytes, § 5.8.3
_ID_AT = 18  # bytes of model and length before it


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as it is kept: ``credential`` names it to its authenticator, ``public_key`` is a COSE key in CBOR.

    ``counter`` is how often it has signed, 0 where its authenticator does not count; ``copied``: it may leave its device.
    """

    credential: bytes
    public_key: bytes
    counter: int
    copied: bool


def passkey_fingerprint(public_key: bytes) -> str:
    """SHA-256 of the COSE key, in hex: what two people compare."""
    return hashlib.sha256(public_key).hexdigest()


def registration_options(
    site: Site, title: str, person: str, challenge: bytes, known: Sequence[bytes]
) -> dict[str, Any]:
    """What ``navigator.credentials.create`` is given, its bytes as base64url.

    Args:
        site: where the passkey will be used.
        title: of the site, as the browser may show it.
        person: id of the person; what names them to the authenticator is its digest.
        challenge: 16 bytes or more that nobody could know.
        known: credentials that this person has, so that one authenticator is not registered twice.
    """
    handle = hashlib.sha256(f"{site.name} {person}".encode()).digest()
    return {
        "rp": {"id": site.name, "name": title},
        "user": {"id": to_base64url(handle), "name": person, "displayName": person},
        "challenge": to_base64url(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in ALGORITHMS],
        "excludeCredentials": [{"type": "public-key", "id": to_base64url(k)} for k in known],
        "authenticatorSelection": {
            "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
        },
        "attestation": "none",
        "timeout": 300_000,  # milliseconds
    }  # fmt: skip


def verify_registration(
    site: Site, challenge: bytes, client_data: bytes, attestation: bytes
) -> Passkey:
    """The new passkey of an authenticator's answer.

    The attestation's statement is not read: whose key it is, a second person confirms.

    Raises:
        PasskeyUnreadable: something of it can't be read.
        AssertionDoesNotHold: of another challenge, origin or site, or without a verified person.
        PasskeyUnsuitable: of an algorithm that is not asked for, or too short.
    """
    check_client_data(client_data, "webauthn.create", challenge, site)
    if len(attestation) > LONGEST:
        raise PasskeyUnreadable(what="attestation", bytes_at_most=LONGEST)
    found, rest = read_cbor(attestation)
    content = cast("Mapping[object, object]", found) if isinstance(found, dict) else {}
    said = content.get("authData")
    if rest or not isinstance(said, bytes):
        raise PasskeyUnreadable(what="attestation")
    data = read_authenticator_data(said, site)
    if len(data.attested) <= _ID_AT:
        raise PasskeyUnreadable(what="authenticator data")
    (length,) = struct.unpack_from(">H", data.attested, _ID_AT - 2)
    credential = data.attested[_ID_AT : _ID_AT + length]
    if not 0 < length <= _LONGEST_ID or len(credential) != length:
        raise PasskeyUnreadable(what="credential")
    key, _ = read_cbor(
        data.attested[_ID_AT + length :]
    )  # extensions may follow, which nobody asked for
    return Passkey(credential, _public_key(key), data.counter, data.copied)


def _public_key(key: object) -> bytes:
    """The parts of a COSE key that make it, in canonical CBOR: one key has one fingerprint."""
    if not isinstance(key, dict):
        raise PasskeyUnreadable(what="public key")
    given = cast("dict[object, object]", key)
    fixed, parts = _PARTS.get(cast("int", given.get(3)), ({}, ()))
    if not fixed or any(given.get(name) != value for name, value in fixed.items()):
        raise PasskeyUnsuitable(what="algorithm")
    if any(not isinstance(given.get(name), bytes) for name in parts):
        raise PasskeyUnreadable(what="public key")
    content = {name: cast("int | bytes", given[name]) for name in (*fixed, *parts)}
    if given[3] == RS256:
        modulus = cast("bytes", given[-1]).lstrip(b"\0")
        if not _SHORTEST_MODULUS <= len(modulus) <= _LONGEST_MODULUS:
            raise PasskeyUnsuitable(what="length")
    encoded = cbor.encode(content)
    check_signature(encoded, b"", b"")  # a key that can't be loaded is told now, not when it signs
    return encoded


def check_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature over a message is by this COSE key.

    Raises:
        PasskeyUnreadable: the key can't be loaded.
    """
    content, rest = read_cbor(public_key)
    if rest or not isinstance(content, dict) or content.get(3) not in ALGORITHMS:
        raise PasskeyUnreadable(what="public key")
    try:
        CoseKey.parse(cast("dict[int, Any]", content)).verify(message, signature)
    except InvalidSignature:
        return False
    except (ValueError, LookupError, TypeError, UnsupportedAlgorithm):
        raise PasskeyUnreadable(what="public key") from None
    return True

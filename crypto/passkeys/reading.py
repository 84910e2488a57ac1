"""What browser and authenticator say, read strictly: client data (§ 5.8.1) and authenticator data (§ 6.1).

Section signs are of W3C Web Authentication, level 2.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import struct
from dataclasses import dataclass
from typing import Any, cast

from fido2 import cbor

from crypto.errors import AssertionDoesNotHold, PasskeyUnreadable

LONGEST = 4096  # bytes of anything that is read here: a public key of RSA-4096 has some 550
_ORIGIN = re.compile(r"https://([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::[0-9]{1,5})?")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = struct.Struct(">32sBI")  # hash of the site's name, flags, counter
_PRESENT, _VERIFIED, _MAY_BE_COPIED, _ATTESTED, _EXTENDED = 0x01, 0x04, 0x08, 0x40, 0x80
_NEEDED = frozenset({"type", "challenge", "origin"})
# What browsers say today (§ 5.8.1), and a member that Chromium adds now and then so that nobody compares with a template.
_TEMPLATE = "other_keys_can_be_added_here"
_KNOWN = _NEEDED | {"crossOrigin", _TEMPLATE}
_ADDED = re.compile(r"do not compare clientDataJSON against a template[A-Za-z0-9 .:/]{0,60}")


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys are used: ``origin`` as browsers say it (``https://desk.example:8443``), ``name`` its host, the RP ID."""

    origin: str
    name: str

    @classmethod
    def of(cls, origin: str) -> "Site | None":
        """The site of an origin; None for what is no https:// address of a host in lower case, without a path."""
        found = _ORIGIN.fullmatch(origin)
        return cls(origin, found[1]) if found else None

    @property
    def place(self) -> str:
        """The origin without its scheme: host, and port where one is named."""
        return self.origin.removeprefix("https://")


@dataclass(frozen=True, slots=True)
class AuthenticatorData:
    """What an authenticator signs besides the client data: ``counter`` of its signatures, 0 where it has none.

    ``attested`` are the bytes of a new credential, ``copied`` whether it may leave its device (a synced passkey).
    """

    counter: int
    copied: bool
    attested: bytes


def to_base64url(data: bytes) -> str:
    """Bytes as base64url without padding (RFC 4648 § 5), as WebAuthn writes them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: object) -> bytes:
    """The bytes of such a text, which has one spelling only.

    Raises:
        PasskeyUnreadable: it is no such text, or too long.
    """
    if isinstance(text, str) and len(text) <= 2 * LONGEST and _BASE64URL.fullmatch(text):
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            data = b""
        if to_base64url(data) == text:
            return data
    raise PasskeyUnreadable(what="no base64url")


def check_client_data(data: bytes, kind: str, challenge: bytes, site: Site) -> None:
    """See that a browser asked an authenticator for ``kind``, at this site, with this challenge (§ 7.1 steps 5-10, § 7.2 steps 9-14).

    Raises:
        PasskeyUnreadable: it is no client data.
        AssertionDoesNotHold: with which of them differs.
    """
    found = _client_data(data)
    if found["type"] != kind:
        raise AssertionDoesNotHold(what="type")
    if not hmac.compare_digest(from_base64url(found["challenge"]), challenge):
        raise AssertionDoesNotHold(what="challenge")
    if found["origin"] != site.origin or found.get("crossOrigin", False) is not False:
        raise AssertionDoesNotHold(what="origin")


def check_nothing_else(client_data: bytes) -> None:
    """See that client data say nothing but what they have to, so that they may be kept where no other word may stand.

    Raises:
        PasskeyUnreadable: they have a member that nobody knows.
    """
    found = _client_data(client_data)
    added = found.get(_TEMPLATE)
    if not _KNOWN.issuperset(found) or not (added is None or _ADDED.fullmatch(str(added))):
        raise PasskeyUnreadable(what="members of the client data")


def _client_data(data: bytes) -> dict[str, Any]:
    if len(data) > LONGEST:
        raise PasskeyUnreadable(what="client data", bytes_at_most=LONGEST)
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise PasskeyUnreadable(what="client data") from None
    if not isinstance(found, dict) or not _NEEDED.issubset(cast("dict[str, Any]", found)):
        raise PasskeyUnreadable(what="client data")
    return cast("dict[str, Any]", found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def read_authenticator_data(data: bytes, site: Site) -> AuthenticatorData:
    """Read authenticator data of this site, made while a verified person was present (§ 7.1 steps 13-16, § 7.2 steps 15-18).

    Raises:
        PasskeyUnreadable: it is none.
        AssertionDoesNotHold: another site's, nobody was present, or it was not verified who.
    """
    if not _HEAD.size <= len(data) <= LONGEST:
        raise PasskeyUnreadable(what="authenticator data")
    name, flags, counter = _HEAD.unpack_from(data)
    if not hmac.compare_digest(name, hashlib.sha256(site.name.encode()).digest()):
        raise AssertionDoesNotHold(what="site")
    if not flags & _PRESENT:
        raise AssertionDoesNotHold(what="presence")
    if not flags & _VERIFIED:
        raise AssertionDoesNotHold(what="verification")
    rest = data[_HEAD.size :]
    if bool(rest) != bool(flags & (_ATTESTED | _EXTENDED)):
        raise PasskeyUnreadable(what="authenticator data")
    return AuthenticatorData(
        counter, bool(flags & _MAY_BE_COPIED), rest if flags & _ATTESTED else b""
    )


def read_cbor(data: bytes) -> tuple[Any, bytes]:
    """The first value of CBOR, and what follows it.

    Raises:
        PasskeyUnreadable: it is none.
    """
    try:
        return cbor.decode_from(data)
    except (ValueError, LookupError, TypeError, struct.error, RecursionError, OverflowError):
        raise PasskeyUnreadable(what="CBOR") from None

"""Secrets: in memory no log, repr, pickle, copy or format string shows them; at rest they are wrapped.

A wrapped secret is 32 bytes under another key, by AES-256-GCM with a fresh nonce; the label of its place is
authenticated, so a file moved to another name does not unwrap. The outermost key comes from a passphrase
by PBKDF2-HMAC-SHA-256 (SP 800-132).
"""

import hmac
import secrets
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from crypto.errors import KeyFileDamaged
from crypto.process import keep_out_of_swap

SECRET_BYTES = 32  # 256 bits: AES-256 keys, HMAC-SHA-256 keys


class Secret:
    """Thirty-two bytes or more under a name of ours, handed out only by `reveal`."""

    __slots__ = ("_value", "name")
    __hash__ = None  # type: ignore[assignment] - a secret belongs into no set or cache

    def __init__(self, name: str, value: bytes) -> None:
        if len(value) < SECRET_BYTES:
            raise ValueError("a secret has at least 32 bytes")
        self.name = name
        self._value = bytes(value)
        keep_out_of_swap(self._value)

    def reveal(self) -> bytes:
        """Give the bytes themselves; for `crypto` alone."""
        return self._value

    def derive(self, label: str) -> bytes:
        """Derive 32 bytes for one use (HKDF-SHA-256, RFC 5869); labels keep uses apart."""
        info = b"doj-release/v1/" + label.encode()
        return HKDF(hashes.SHA256(), SECRET_BYTES, salt=None, info=info).derive(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other.reveal())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} hidden>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


class StagingKey(Secret):
    """An AES-256 key for staged files, register snapshots or documents."""

    __slots__ = ()

    def __init__(self, name: str, value: bytes) -> None:
        if len(value) != SECRET_BYTES:
            raise ValueError("a staging key has 32 bytes")
        super().__init__(name, value)


# -- at rest

SALT_BYTES = 32  # SP 800-132 § 5.1 asks for 16 or more
ITERATIONS = 600_000  # OWASP 2023 for PBKDF2-HMAC-SHA-256; about 0.1 s
ITERATIONS_RANDOM = 10_000  # for a passphrase of 256 random bits, which needs no stretching
ITERATIONS_ALLOWED = range(1_000, 10_000_001)  # below: SP 800-132; above: a denial of service
_MAGIC = b"doj-release key v1\n"
_NONCE = 12  # bytes


def wrap_secret(kek: bytes, secret: bytes, label: str) -> bytes:
    """Wrap a secret under a 32-byte key for one place."""
    nonce = secrets.token_bytes(_NONCE)
    return _MAGIC + nonce + AESGCM(kek).encrypt(nonce, secret, _MAGIC + label.encode())


def unwrap_secret(kek: bytes, wrapped: bytes, label: str) -> bytes:
    """Unwrap what `wrap_secret` made for the same place.

    Raises:
        KeyFileDamaged: changed, cut, under another key or for another place.
    """
    body = wrapped.removeprefix(_MAGIC)
    if len(body) + len(_MAGIC) != len(wrapped) or len(body) <= _NONCE:
        raise KeyFileDamaged
    try:
        aad = _MAGIC + label.encode()
        secret = AESGCM(kek).decrypt(body[:_NONCE], body[_NONCE:], aad)
    except InvalidTag:
        raise KeyFileDamaged from None
    if len(secret) != SECRET_BYTES:
        raise KeyFileDamaged
    return secret


def stretch_passphrase(passphrase: bytes, salt: bytes, iterations: int) -> bytes:
    """Derive the outermost key from a passphrase.

    Raises:
        KeyFileDamaged: the stored number of iterations is out of bounds.
    """
    if iterations not in ITERATIONS_ALLOWED or len(salt) != SALT_BYTES:
        raise KeyFileDamaged
    return PBKDF2HMAC(hashes.SHA256(), SECRET_BYTES, salt, iterations).derive(passphrase)

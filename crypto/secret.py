"""Secrets in memory: bytes that no log, repr, pickle, copy or format string shows."""

import hmac
from typing import NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

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

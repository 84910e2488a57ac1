"""SHA-256 in the module that also seals and signs; not Python's own OpenSSL (see `fips`)."""

from cryptography.hazmat.primitives import hashes


class Sha256:
    """As `hashlib.sha256`, as far as it is needed here."""

    __slots__ = ("_hash",)

    def __init__(self, data: bytes = b"") -> None:
        self._hash = hashes.Hash(hashes.SHA256())
        self._hash.update(data)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes."""
        self._hash.update(data)

    def hexdigest(self) -> str:
        """Give the digest in lower-case hexadecimal; more may be added after it."""
        return self._hash.copy().finalize().hex()

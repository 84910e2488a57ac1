"""Keys at rest: 32 bytes wrapped under another key, bound to the place where they belong.

AES-256-GCM with a fresh nonce; the label is authenticated, so a file moved to another name does
not unwrap. The outermost key comes from a passphrase by PBKDF2-HMAC-SHA-256 (SP 800-132).
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from crypto.errors import KeyFileDamaged
from crypto.secret import SECRET_BYTES

SALT_BYTES = 32  # SP 800-132 § 5.1 asks for 16 or more
ITERATIONS = 600_000  # OWASP 2023 for PBKDF2-HMAC-SHA-256; about 0.1 s
ITERATIONS_RANDOM = 10_000  # for a passphrase of 256 random bits, which needs no stretching
ITERATIONS_ALLOWED = range(1_000, 10_000_001)  # below: SP 800-132; above: a denial of service
_MAGIC = b"doj-release key v1\n"
_NONCE = 12  # bytes


def wrap(kek: bytes, secret: bytes, label: str) -> bytes:
    """Wrap a secret under a 32-byte key for one place."""
    nonce = secrets.token_bytes(_NONCE)
    return _MAGIC + nonce + AESGCM(kek).encrypt(nonce, secret, _MAGIC + label.encode())


def unwrap(kek: bytes, wrapped: bytes, label: str) -> bytes:
    """Unwrap what `wrap` made for the same place.

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


def stretch(passphrase: bytes, salt: bytes, iterations: int) -> bytes:
    """Derive the outermost key from a passphrase.

    Raises:
        KeyFileDamaged: the stored number of iterations is out of bounds.
    """
    if iterations not in ITERATIONS_ALLOWED or len(salt) != SALT_BYTES:
        raise KeyFileDamaged
    return PBKDF2HMAC(hashes.SHA256(), SECRET_BYTES, salt, iterations).derive(passphrase)

"""Documents at rest: one file under AES-256-GCM in chunks.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, 2015), as age uses it: a key of its
own for each file (HKDF-SHA-256 over a random salt), a counter as nonce, and a flag in the nonce
of the last chunk, so that a file that was cut, lengthened or reordered does not open. Nothing of it is
shown before the last chunk held.
"""

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto import files
from crypto.errors import DocumentDoesNotHold, PartTooLarge
from crypto.secret import Secret

CHUNK = 64 * 1024  # bytes of plaintext: age's size, small enough for any machine
MAX_IN_MEMORY = 256 * 2**20  # bytes that `decrypt_document` gives at most
_MAGIC = b"doj-release document v1\n"
_SALT, _TAG, _KEY = 32, 16, 32  # bytes


def encrypt_document(data: bytes, target: Path, key: Secret) -> None:
    """Encrypt bytes into a new file, 0600, which appears whole.

    Raises:
        FileUnusable: the target can't be written.
    """
    salt = secrets.token_bytes(_SALT)
    aead = _file_key(key, salt)
    chunks = max(1, -(-len(data) // CHUNK))
    with files.written_whole(target) as partial, files.coded(), partial.open("r+b") as sealed:
        sealed.write(_MAGIC + salt)
        for number in range(chunks):
            chunk = data[number * CHUNK : (number + 1) * CHUNK]
            sealed.write(aead.encrypt(_nonce(number, last=number == chunks - 1), chunk, None))


def decrypt_document(source: Path, key: Secret) -> bytes:
    """Decrypt into memory, at most 256 MiB.

    Raises:
        DocumentDoesNotHold: changed, cut, lengthened, or under another key.
        FileUnusable: the source can't be read.
        PartTooLarge: too much for memory.
    """
    with files.coded(), files.open_regular(source) as sealed:
        size = sealed.seek(0, io.SEEK_END)
        sealed.seek(0)
        if size > MAX_IN_MEMORY + MAX_IN_MEMORY // CHUNK * _TAG + len(_MAGIC) + _SALT + _TAG:
            raise PartTooLarge
        return b"".join(_opened(sealed, key))


def _opened(sealed: BinaryIO, key: Secret) -> Iterator[bytes]:
    """Yield the plaintext chunk by chunk; the caller may not show any before the end."""
    head = sealed.read(len(_MAGIC) + _SALT)
    if len(head) != len(_MAGIC) + _SALT or not head.startswith(_MAGIC):
        raise DocumentDoesNotHold
    aead = _file_key(key, head[len(_MAGIC) :])
    chunk, number = sealed.read(CHUNK + _TAG), 0
    while True:
        following = sealed.read(CHUNK + _TAG) if len(chunk) == CHUNK + _TAG else b""
        last = not following
        plain = _open_chunk(aead, _nonce(number, last=last), chunk)
        if last and number and not plain:
            raise DocumentDoesNotHold  # an empty chunk ends only an empty document
        yield plain
        if last:
            return
        chunk, number = following, number + 1


def _open_chunk(aead: AESGCM, nonce: bytes, chunk: bytes) -> bytes:
    try:
        return aead.decrypt(nonce, chunk, None)
    except (InvalidTag, ValueError):
        raise DocumentDoesNotHold from None


def _file_key(key: Secret, salt: bytes) -> AESGCM:
    kdf = HKDF(hashes.SHA256(), _KEY, salt=salt, info=_MAGIC)
    return AESGCM(kdf.derive(key.reveal()))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))

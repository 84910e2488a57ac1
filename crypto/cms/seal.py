"""Sealing: one file becomes one CMS AuthEnvelopedData for all its recipients.

RFC 5083 and RFC 5084: AES-256-GCM, a fresh content key and nonce for each object, a 16-byte tag,
no attributes. Strict DER with lengths computed beforehand, so memory stays constant; the hash of
the ciphertext is taken while it is written. There is no opening here: recipients use OpenSSL.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto import files
from crypto.cms import structures as cms
from crypto.cms.recipients import Recipient
from crypto.errors import PartTooLarge, RecipientsWrong, SourceChanged
from crypto.secret import SECRET_BYTES, Secret

MAX_PLAINTEXT = 256 * 2**20  # bytes: openssl cms -decrypt needs 2.3 times as much memory
MAX_RECIPIENTS = 64  # a research team; each costs about 500 bytes in every part
_CHUNK = 256 * 1024  # bytes: both buffers stay in the processor's cache between cipher and hash
_NONCE, _TAG = 12, 16  # bytes; RFC 5084 § 3.2 recommends a nonce of 12
_TAG_LENGTH = len(asn1.encode_der(bytes(_TAG)))


@dataclass(frozen=True)
class SealedDigest:
    """What was written: hex SHA-256 of the sealed bytes, and how many there are."""

    sha256_hex: str
    bytes: int


def check_recipients(recipients: Sequence[Recipient]) -> None:
    """Refuse an empty list, a very long one, or the same key twice.

    Raises:
        RecipientsWrong: with the count.
    """
    distinct = {recipient.fingerprint for recipient in recipients}
    if not 0 < len(recipients) <= MAX_RECIPIENTS or len(distinct) < len(recipients):
        raise RecipientsWrong(given=len(recipients), distinct=len(distinct))


def seal_stream(
    source: BinaryIO, size: int, recipients: Sequence[Recipient], sink: BinaryIO
) -> SealedDigest:
    """Seal ``size`` bytes of ``source`` for every recipient into ``sink``.

    What stands in ``sink`` after an error is worthless; the caller throws it away.

    Args:
        source: plaintext, read to its end, which must come after exactly ``size`` bytes.
        size: bytes of plaintext, at most 256 MiB.
        recipients: 1 to 64, each once.
        sink: takes the DER.

    Raises:
        PartTooLarge: more than 256 MiB.
        RecipientsWrong: none, too many, or one twice.
        SourceChanged: the source ended before or after ``size`` bytes.
        OSError: the sink is a file and its disk has no room for all of it.
    """
    if not 0 <= size <= MAX_PLAINTEXT:
        raise PartTooLarge(bytes=size)
    check_recipients(recipients)
    # A secret, not bytes: tracebacks that print local variables must not show it.
    key = Secret("content key", secrets.token_bytes(SECRET_BYTES))
    nonce = secrets.token_bytes(_NONCE)
    infos = [recipient.recipient_info(key) for recipient in recipients]
    out = _HashingSink(sink)
    head = _head(infos, nonce, size)
    files.reserve(sink, len(head) + size + _TAG_LENGTH)
    encryptor = Cipher(AES(key.reveal()), GCM(nonce)).encryptor()
    plain, sealed = memoryview(bytearray(_CHUNK)), memoryview(bytearray(_CHUNK + 15))
    # The head's end shares a block with the first bytes: blocks then begin and end at whole pages of
    # the file, and the kernel copies none of them twice.
    whole = len(head) // _CHUNK * _CHUNK
    out.write(head[:whole])
    begin, left = len(head) - whole, size
    sealed[:begin] = head[whole:]
    while left:
        count = _fill(source, plain[: min(_CHUNK - begin, left)])
        left -= count
        end = begin + encryptor.update_into(plain[:count], sealed[begin:])
        out.write(sealed[:end])
        begin = 0
    out.write(sealed[:begin])  # of an empty plaintext
    if source.read(1):
        raise SourceChanged
    encryptor.finalize()
    out.write(asn1.encode_der(encryptor.tag))
    return SealedDigest(out.digest.finalize().hex(), out.count)


def _head(infos: Sequence[cms.RecipientInfo], nonce: bytes, size: int) -> bytes:
    """Everything before the ciphertext: RFC 5083 § 2.1, the lengths included."""
    gcm = cms.GcmAlgorithm(
        algorithm=cms.AES256_GCM,
        parameters=cms.GcmParameters(nonce=nonce, tag_length=_TAG),
    )
    described = cms.fields(cms.ContentHead(content_type=cms.DATA, algorithm=gcm))
    described += cms.header(cms.CONTEXT_0, size)
    content = cms.header(cms.SEQUENCE, len(described) + size) + described
    body = cms.fields(cms.EnvelopedHead(version=0, recipients=asn1.SetOf(list(infos)))) + content
    enveloped = cms.header(cms.SEQUENCE, len(body) + size + _TAG_LENGTH) + body
    rest = len(enveloped) + size + _TAG_LENGTH
    explicit = asn1.encode_der(cms.AUTH_ENVELOPED_DATA)
    explicit += cms.header(cms.CONTEXT_0_CONSTRUCTED, rest)
    return cms.header(cms.SEQUENCE, len(explicit) + rest) + explicit + enveloped


def _fill(source: BinaryIO, buffer: memoryview) -> int:
    """Fill a buffer whole; sources may give less at a time than they have."""
    count, read_into = 0, getattr(source, "readinto", None)
    while count < len(buffer):
        if read_into is not None:  # every file has it: one copy less
            more = read_into(buffer[count:]) or 0
        else:
            data = source.read(len(buffer) - count)
            more = len(data)
            buffer[count : count + more] = data
        if not more:
            raise SourceChanged
        count += more
    return count


class _HashingSink:
    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.digest = hashes.Hash(hashes.SHA256())
        self.count = 0

    def write(self, data: bytes | memoryview) -> None:
        self.digest.update(data)
        self.count += len(data)
        self._sink.write(data)

"""Strict DER by hand, written and read: the oracle of the library's codec, and the attacker's tool.

The writer computes definite, minimal lengths (ITU-T X.690 §§ 8.1.3, 10.1), so a large value's
header can be written before its content is known. The reader accepts nothing else: an indefinite
or padded length, a high tag number, a padded integer or a rest is malformed. Neither knows what a
structure means.
"""

from collections.abc import Iterable


class DerMalformed(Exception):
    """Not strict DER."""


INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET = 0x30, 0x31

_LONGEST_LENGTH = 8  # octets of a length: 2**64 bytes is more than any file
_HIGH_TAG = 0x1F


def context(number: int, *, constructed: bool = True) -> int:
    """Tag of a context-specific element, ``[number]``."""
    return 0x80 | (0x20 if constructed else 0) | number


def header(tag: int, length: int) -> bytes:
    """Tag and minimal definite length of a value that follows."""
    if length < 0x80:  # X.690 § 8.1.3.4, short form
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def tlv(tag: int, *content: bytes) -> bytes:
    """One element; several contents are joined."""
    return header(tag, sum(map(len, content))) + b"".join(content)


def sequence(*items: bytes) -> bytes:
    """SEQUENCE of encoded items."""
    return tlv(SEQUENCE, *items)


def set_of(items: Iterable[bytes]) -> bytes:
    """SET OF encoded items, in ascending order of their encodings (X.690 § 11.6)."""
    return tlv(SET, *sorted(items))


def integer(value: int) -> bytes:
    """INTEGER, non-negative, minimal."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(value: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bit_string(value: bytes) -> bytes:
    """BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\x00", value)


def null() -> bytes:
    """NULL."""
    return tlv(NULL)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(OID, b"".join(map(_base128, (first * 40 + second, *rest))))


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | (value & 0x7F))
    return bytes(reversed(octets))


class Reader:
    """Reads elements one after another from bytes that somebody else wrote.

    Every method raises `DerMalformed` when the next element is not what was asked for.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)

    def next_tag(self) -> int | None:
        """Tag of the next element, without reading it."""
        return self._data[self._at] if self.more() else None

    def element(self, tag: int | None = None) -> bytes:
        """Read the next element whole, header included; with ``tag``, only that kind."""
        start, _, end = self._span(tag)
        self._at = end
        return self._data[start:end]

    def content(self, tag: int) -> bytes:
        """Read the next element's content."""
        _, body, end = self._span(tag)
        self._at = end
        return self._data[body:end]

    def inside(self, tag: int) -> "Reader":
        """Read the next element and give a reader of its content."""
        return Reader(self.content(tag))

    def integer(self) -> int:
        """Read a non-negative INTEGER of minimal length."""
        raw = self.content(INTEGER)
        padded = len(raw) > 1 and raw[0] == 0 and raw[1] < 0x80  # sign bit
        if not raw or raw[0] & 0x80 or padded:
            raise DerMalformed
        return int.from_bytes(raw, "big")

    def end(self) -> None:
        """Assert that nothing is left."""
        if self.more():
            raise DerMalformed

    def _span(self, tag: int | None) -> tuple[int, int, int]:
        data, start = self._data, self._at
        if start + 2 > len(data) or (data[start] & _HIGH_TAG) == _HIGH_TAG:
            raise DerMalformed
        if tag is not None and data[start] != tag:
            raise DerMalformed
        length, body = data[start + 1], start + 2
        if length & 0x80:
            octets = data[body : body + (length & 0x7F)]
            body += length & 0x7F
            length = _long_length(octets, length & 0x7F)
        if body + length > len(data):
            raise DerMalformed
        return start, body, body + length


def _long_length(octets: bytes, announced: int) -> int:
    minimal = 0 < announced <= _LONGEST_LENGTH and len(octets) == announced and octets[0] != 0
    length = int.from_bytes(octets, "big")
    if not minimal or length < 0x80:  # belongs into the short form
        raise DerMalformed
    return length

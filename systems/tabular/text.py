"""Which encoding and which delimiter a text file has. Values are looked at, never kept."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from systems.errors import EncodingUnknown, NulBytes

_CHUNK = 4 << 20  # bytes decoded at a time
_SAMPLE = 64 << 10  # bytes of lines outside ASCII: enough for a few thousand names
_RECORDS = 200  # records looked at to find the delimiter
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# One-byte encodings that Californian offices export: Windows and old Mac. Latin-1 is the part of
# cp1252 without its punctuation, so it is read as cp1252.
_ONE_BYTE = ("cp1252", "mac_roman")
DELIMITERS = (",", ";", "\t", "|")


def find_encoding(path: Path, role: str) -> str:
    """Return the encoding in which the whole file decodes.

    Raises:
        EncodingUnknown: it decodes in none that makes sense.
        NulBytes: zero bytes in what is no UTF-16 or UTF-32.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _proved(path, name, role)
    if b"\0" in head:
        return _wide(path, head, role)
    if _decodes(path, "utf-8"):
        return _proved(path, "utf-8", role)
    for name in _by_likelihood(path):
        if _decodes(path, name):
            return _proved(path, name, role)
    raise EncodingUnknown(file=role)


def decoded(path: Path, encoding: str) -> Iterator[str]:
    """Yield the text in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _proved(path: Path, encoding: str, role: str) -> str:
    """Return the encoding if the whole file decodes in it and holds no zero character."""
    try:
        if any("\0" in piece for piece in decoded(path, encoding)):
            raise NulBytes(file=role)
    except UnicodeError:
        raise EncodingUnknown(file=role, tried=encoding) from None
    return encoding


def _decodes(path: Path, encoding: str) -> bool:
    try:
        for _ in decoded(path, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _wide(path: Path, head: bytes, role: str) -> str:
    """UTF-16 without its mark: text of a Western language has a zero in every other byte."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even == 0 and odd > len(head) // 4:
        return _proved(path, "utf-16-le", role)
    if odd == 0 and even > len(head) // 4:
        return _proved(path, "utf-16-be", role)
    raise NulBytes(file=role)


def _by_likelihood(path: Path) -> list[str]:
    """Order the one-byte encodings by how natural the letters outside ASCII look in each.

    All of them decode nearly any bytes. What tells them apart is that a capital does not follow a
    small letter inside a word, and that marks stand at the edges of words. Ties go to Windows.
    """
    sample = bytearray()
    with path.open("rb") as file:
        while len(sample) < _SAMPLE and (line := file.readline(_SAMPLE)):
            if not line.isascii():
                sample += line
    natural = {name: _natural(sample.decode(name, "replace")) for name in _ONE_BYTE}
    return sorted(_ONE_BYTE, key=lambda name: -natural[name])


def _natural(sample: str) -> int:
    triples = zip(" " + sample, sample, sample[1:] + " ", strict=False)
    return sum(_fits(*triple) for triple in triples if not triple[1].isascii())


def _fits(before: str, mark: str, after: str) -> bool:
    if mark.islower():
        return before.isalpha()
    if mark.isupper():
        return not before.islower()
    if mark in "\u2018\u201c":
        return not before.isalnum()
    if mark == "\u2019":
        return before.isalpha()
    return mark == "\u201d" and not after.isalnum()


def find_delimiter(sample: str, *, whole: bool) -> str:
    """Return the delimiter that cuts a sample into records of equal width; comma where none does.

    Args:
        sample: the beginning of the text.
        whole: the sample is all of the text; otherwise its last record may be cut and is not judged.
    """
    return max(DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter, whole=whole))


def _evenness(sample: str, delimiter: str, *, whole: bool) -> tuple[float, int]:
    """Share of records as wide as the header, and that width; (0, 0) where nothing is cut."""
    widths: list[int] = []
    try:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        for record in reader:
            if record:
                widths.append(len(record))
            if len(widths) > _RECORDS:
                break
    except csv.Error:
        return (0.0, 0)
    if not whole and len(widths) > 1 and len(widths) <= _RECORDS:
        widths.pop()
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (widths.count(widths[0]) / len(widths), widths[0])

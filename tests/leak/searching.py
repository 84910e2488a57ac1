"""A search that decodes: text of any encoding, base64, hex, archives, databases, Parquet files."""

import base64
import binascii
import bz2
import io
import lzma
import re
import sqlite3
import string
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.leak.canaries import Needles

_DEEPEST = 3
_LONGEST = 64 * 1024 * 1024  # bytes that one archive may grow to
# Long runs are decoded for what is packed inside; short ones (ids, digests) are searched for the
# encoded forms of the roots, which is quicker by far.
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_-]{60,80}\r?\n)*[A-Za-z0-9+/_-]{40,}={0,2}")
_HEX = re.compile(rb"[0-9A-Fa-f]{130,}")
_WIDE = re.compile(rb"(?:[A-Za-z0-9]\x00{1,3}){4}|(?:\x00{1,3}[A-Za-z0-9]){4}")
_MAYBE_WIDE = re.compile(
    rb"\x00[A-Za-z0-9]\x00{1,3}[A-Za-z0-9]\x00{1,3}[A-Za-z0-9]"
)  # part of each
# From here on each begins with a set of bytes, not with a look behind: `re` skips to them at once.
# A whole number, since long digests hold any nine figures sooner or later.
_NUMBER = re.compile(
    rb"[\d(](?<![\w.-].)(?:(?<=\d)(?:\d{8}|\d{9}|\d{12}|\d\d[- ]\d\d[- ]\d{4}|\d\d\)?[-. ]{1,2}\d{3}[-. ]\d{4})"
    rb"|(?<=\()\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4})(?![\w-])"
)
# A number of a register or a licence.
_MARKED = re.compile(rb"[A-Z](?<![\w-].)[A-Z]?\d{7,8}(?![\w-])")
# Eight figures alone: the first group of a UUID is eight figures sooner or later.
_DAY = re.compile(rb"\d(?:\d{3}-\d\d-\d\d|\d?/\d{1,2}/\d{4}|(?<![\w-].)\d{7}(?![\w-]))")
_STREAM = re.compile(
    rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|BZh[1-9]|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18"
)
_ESCAPED = re.compile(rb"\\u00([0-9A-Fa-f]{2})|\\x([0-9A-Fa-f]{2})|&#x([0-9A-Fa-f]{2});")
# In decimal and in octal figures; only where several stand together, as an apostrophe or a digest's part does not.
_COUNTED = re.compile(rb"&#\d{2,3};(?:&#\d{2,3};){3,}|\\[0-3][0-7]{2}(?:\\[0-3][0-7]{2}){3,}")
_COUNT = re.compile(rb"&#(\d{2,3});|\\([0-3][0-7]{2})")


@dataclass(frozen=True)
class Hit:
    """Something personal: where, how it was encoded, and which needle."""

    place: str
    how: str
    what: str


class Searcher:
    """Looks for needles in bytes and files, whatever they are wrapped in."""

    def __init__(self, needles: Needles) -> None:
        self._needles = needles
        self._roots = {root: root.lower().encode() for root in needles.roots}
        self._encoded = {root: tuple(dict.fromkeys(_encoded(root))) for root in needles.roots}
        self._dates = {form for day in needles.dates for form in _written(day)}

    def tree(self, root: Path, *, skip: tuple[str, ...] = ()) -> list[Hit]:
        """Every file and every name under a folder, but names that end in ``skip``."""
        hits: list[Hit] = []
        for path in sorted(root.rglob("*")):
            place = path.relative_to(root).as_posix()
            hits += self.data(place.encode(), f"name of {place}")
            if path.is_file() and not path.name.endswith(skip):
                hits += self.file(path, place)
        return hits

    def first(self, root: Path, what: str) -> Hit | None:
        """The first sight of one needle under a folder."""
        files = (path for path in sorted(root.rglob("*")) if path.is_file())
        return next((hit for path in files for hit in self.file(path) if hit.what == what), None)

    def file(self, path: Path, place: str | None = None) -> list[Hit]:
        """One file: its bytes, and what is in it where it is a database or a table."""
        place = place or path.name
        data = path.read_bytes()
        hits = self.data(data, place)
        if data.startswith(b"SQLite format 3\x00"):
            for name, content in _database(path):
                hits += self.data(content, f"{place}:{name}")
        return hits

    def data(self, data: bytes, place: str) -> list[Hit]:
        """Bytes, and everything that they may be an encoding of."""
        hits = {Hit(place, how, what) for how, form in _forms(data, 0) for what in self._in(form)}
        return sorted(hits, key=lambda hit: (hit.place, hit.how, hit.what))

    def _in(self, data: bytes) -> Iterator[str]:
        small = data.lower()
        for root, letters in self._roots.items():
            if letters in small or any(
                form in (small if in_any_case else data)
                for in_any_case, form in self._encoded[root]
            ):
                yield root
        if self._needles.numbers:
            for run in _NUMBER.finditer(data):
                figures = re.sub(rb"\D", b"", run[0]).decode()
                if figures in self._needles.numbers:
                    yield f"a number of {len(figures)} digits"
            for run in _MARKED.finditer(data):
                if run[0].decode() in self._needles.numbers:
                    yield "a number with its letters"
        for found in _DAY.finditer(data):
            if found[0] in self._dates:
                yield "a birth date"


def _encoded(root: str) -> Iterator[tuple[bool, bytes]]:
    """(whether case is free, form): hex, and base64 at each of its three alignments."""
    for text in (root.upper(), root.lower(), root.capitalize()):
        yield True, text.encode().hex().encode()
        for before in range(3):
            whole = base64.b64encode(b"\x00" * before + text.encode()).rstrip(b"=")
            bits = 8 * (before + len(text))
            inner = whole[(8 * before + 5) // 6 : bits // 6]
            yield False, inner
            yield False, inner.translate(_URLSAFE)  # most have no sign that differs


def _written(day: str) -> set[bytes]:
    year, month, date = day.split("-") if day.count("-") == 2 else ("", "", "")
    if not (year.isdigit() and month.isdigit() and date.isdigit()):
        return set()
    return {
        form.encode()
        for form in (
            day,
            f"{year}{month}{date}",
            f"{month}/{date}/{year}",
            f"{int(month)}/{int(date)}/{year}",
        )
    }


def _forms(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """(how, bytes): the data itself and, in turn, what it decodes to."""
    yield "plain", data
    if depth >= _DEEPEST or not data:
        return
    for how, decoded in _decoded(data):
        for inner, form in _forms(decoded, depth + 1):
            yield (how if inner == "plain" else f"{how} {inner}"), form


def _decoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    if _MAYBE_WIDE.search(data) and _WIDE.search(data):
        yield "utf-16", data.replace(b"\x00", b"")
    if b"%" in data:
        unquoted = urllib.parse.unquote_to_bytes(data)
        if unquoted != data:
            yield "percent", unquoted
    if b"\\" in data or b"&#" in data:  # or there is nothing to unescape
        unescaped = _ESCAPED.sub(lambda m: bytes([int(m[1] or m[2] or m[3], 16)]), data)
        unescaped = _COUNTED.sub(lambda m: _COUNT.sub(_counted, m[0]), unescaped)
        if unescaped != data:
            yield "escapes", unescaped
    yield from _base64(data)
    yield from _hexadecimal(data)
    yield from _streams(data)
    yield from _archive(data)
    yield from _parquet(data)


def _counted(found: re.Match[bytes]) -> bytes:
    return bytes([min(int(found[1]), 255) if found[1] else int(found[2], 8)])


def _base64(data: bytes) -> Iterator[tuple[str, bytes]]:
    if b"+" * 40 not in data.translate(_AS_BASE64):
        return
    runs = [re.sub(rb"[\s=]", b"", m[0]).translate(_STANDARD) for m in _BASE64.finditer(data)]
    for start in range(4) if runs else ():
        parts: list[bytes] = []
        for run in runs:
            aligned = run[start : len(run) - (len(run) - start) % 4]
            rest = run[start + len(aligned) :]
            if len(rest) > 1:
                aligned += rest + b"=" * (4 - len(rest))
            parts.append(base64.b64decode(aligned))
        yield "base64", b"\n".join(parts)


def _as_plus(figures: str) -> bytes:
    """A table for ``translate``: these figures become a plus, so that a long run of them is found at once."""
    return bytes(ord("+") if chr(i) in figures else 0 for i in range(256))


_AS_BASE64 = _as_plus(f"{string.ascii_letters}{string.digits}+/_-")
_AS_HEX = _as_plus(string.hexdigits)
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def _hexadecimal(data: bytes) -> Iterator[tuple[str, bytes]]:
    if b"+" * 130 not in data.translate(_AS_HEX):
        return
    runs = [m[0] for m in _HEX.finditer(data)]
    for start in range(2) if runs else ():
        yield (
            "hex",
            b"\n".join(binascii.unhexlify(r[start : len(r) - (len(r) - start) % 2]) for r in runs),
        )


def _streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Compressed streams wherever they begin."""
    for found in _STREAM.finditer(data):
        rest = memoryview(data)[found.start() :]
        try:
            if found[0][:1] == b"\x1f":
                yield "gzip", zlib.decompressobj(31).decompress(rest, _LONGEST)
            elif found[0][:1] == b"\x78":
                yield "zlib", zlib.decompressobj().decompress(rest, _LONGEST)
            elif found[0][:1] == b"B":
                yield "bzip2", bz2.BZ2Decompressor().decompress(rest, _LONGEST)
            elif found[0][:1] == b"\xfd":
                yield "xz", lzma.LZMADecompressor().decompress(rest, _LONGEST)
            else:
                how = "zstd" if found[0][:1] == b"\x28" else "lz4"
                with pa.CompressedInputStream(pa.BufferReader(rest), how) as stream:
                    # read() would lose a buffer of that length whenever a stream is broken
                    yield how, stream.read_buffer(_LONGEST).to_pybytes()
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError, pa.ArrowException):
            continue


def _archive(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Members of a zip file (an XLSX is one), and their names."""
    if b"PK\x05\x06" not in data:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield "zip", member.filename.encode() + b"\n" + archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, OSError, zlib.error, ValueError):
        return


def _parquet(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The values of a plain Parquet file; an encrypted one says PARE."""
    if not (data.startswith(b"PAR1") and data.endswith(b"PAR1")):
        return
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError):
        return
    values = (value for column in table.columns for value in column.to_pylist())
    yield "parquet", b"\n".join(_bytes(value) for value in values)


def _database(path: Path) -> Iterator[tuple[str, bytes]]:
    """(table, every value of it) of an SQLite file, its write-ahead log included."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        con.text_factory = bytes
        names = [
            n.decode() for (n,) in con.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for name in names:
            rows = con.execute(f'SELECT * FROM "{name}"').fetchall()
            yield name, b"\n".join(_bytes(value) for row in rows for value in row)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")

"""CSV and its relatives, by Arrow's parser, all columns strings.

Quotes as in RFC 4180, with line ends inside quoted values. Whole, files in UTF-8 are parsed where they lie
and others brought to UTF-8 in memory first; in parts, a block at a time of either is in memory.
"""

import codecs
import csv
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc

from errors import CodedError
from systems import errors
from systems.tabular.apart import Limits, over
from systems.tabular.origin import Source

_BLOCK = 8 << 20  # bytes per parsing task; also the longest quoted value
_HEAD = 1 << 20  # characters looked at for header and delimiter
_LISTED = 1000  # ragged rows whose numbers are kept
_TAIL = 4096  # bytes at the end of a text that are looked at for a closing quote
_UTF8 = ("utf-8", "utf-8-sig")


@dataclass(frozen=True)
class _Form:
    """How a text is written."""

    path: Source
    role: str
    encoding: str
    delimiter: str
    width: int  # columns


def read_delimited(path: Path, role: str, limits: Limits) -> tuple[pa.Table, str, str]:
    """Read a text table; return it with its encoding and delimiter.

    Raises:
        EncodingUnknown, NulBytes, QuoteOpen, RowsRagged, TableEmpty, FormatUnknown, TooManyColumns.
    """
    form = _form(path, role, limits)
    source = _utf8(path, form.encoding)
    bad = _Ragged()
    try:
        read = pc.read_csv(pa.BufferReader(source), **_options(form, bad, threads=True))
        if bad.count:  # with threads Arrow does not know the records' numbers
            bad = _Ragged()
            pc.read_csv(pa.BufferReader(source), **_options(form, bad, threads=False))
    except pa.ArrowInvalid as refused:
        raise _broken(refused, role) from None
    bad.check(role)
    table = read.slice(1).rename_columns(_header(read))
    if table.num_rows:
        tail = source[max(0, source.size - _TAIL) :].to_pybytes()
        _check_last_quote(table.columns[-1][-1].as_py(), tail, table.num_rows, role)
    return table, form.encoding, form.delimiter


def stream_delimited(
    path: Source, role: str, limits: Limits
) -> tuple[list[str], int, Callable[[Sequence[int]], Iterator[pa.Table]]]:
    """Open a text table: its header, its data rows, and what gives the columns of some places block by block.

    The file is looked at as a whole first, so that whatever is wrong with it is known before a row is given:
    the same errors as `read_delimited`'s. Nothing of it stays in memory but a block.

    Raises:
        EncodingUnknown, NulBytes, QuoteOpen, RowsRagged, TableEmpty, FormatUnknown, TooManyColumns; the
            last but one also while the parts come, where the file is another one by then.
    """
    form = _form(path, role, limits)
    bad, rows, last = _Ragged(), -1, None
    for batch in _blocks(form, bad, [form.width - 1], threads=False):
        rows += batch.num_rows
        if batch.num_rows:
            last = batch.column(0)[-1].as_py()
    bad.check(role)
    if rows > 0:
        _check_last_quote(last, _tail(form), rows, role)
    every = range(form.width)
    first = next((b for b in _blocks(form, _Ragged(), every, threads=False) if b.num_rows), None)
    if first is None:
        raise errors.FormatUnknown(file=role)

    def parts(places: Sequence[int]) -> Iterator[pa.Table]:
        seen, bad = -1, _Ragged()
        for batch in _blocks(form, bad, places, threads=True):
            part = batch.slice(1) if seen < 0 and batch.num_rows else batch
            seen += batch.num_rows
            yield pa.Table.from_batches([part])
        if seen != rows or bad.count:
            raise errors.FormatUnknown(file=role)

    return _header(pa.Table.from_batches([first])), rows, parts


def _form(path: Source, role: str, limits: Limits) -> _Form:
    encoding = find_encoding(path, role)
    head = "".join(itertools.islice(decoded(path, encoding), 1))[:_HEAD]
    if not head.strip():
        raise errors.TableEmpty(file=role)
    delimiter = find_delimiter(head, whole=len(head) < _HEAD)
    width = _width(head, delimiter, role)
    if width > limits.columns:
        raise errors.TooManyColumns(file=role, columns=width, **over("columns", limits))
    return _Form(path, role, encoding, delimiter, width)


def _utf8(path: Path, encoding: str) -> pa.Buffer:
    """Return the text as UTF-8 without its mark; a mapped file where it is that already."""
    if encoding in _UTF8:
        with pa.memory_map(str(path)) as mapped:
            buffer = mapped.read_buffer()
        return buffer[3:] if encoding == "utf-8-sig" else buffer
    sink = pa.BufferOutputStream()
    for piece in decoded(path, encoding):
        sink.write(piece.encode())
    return sink.getvalue()


def _width(head: str, delimiter: str, role: str) -> int:
    """Return the number of columns of the header."""
    try:
        for record in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if record:
                # csv has a limit of its own, which any library may lift.
                if max(map(len, record)) > _LONGEST_NAME:
                    break
                return len(record)
        else:
            raise errors.TableEmpty(file=role)
    except csv.Error:
        pass
    raise errors.FormatUnknown(file=role)


class _Ragged:
    """Records of another width than the header's, which Arrow passes over; numbers where it parses in order."""

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[int | None] = []

    def note(self, row: pc.InvalidRow) -> str:
        """What Arrow asks of such a record."""
        self.count += 1
        if len(self._rows) < _LISTED:
            self._rows.append(row.number)
        return "skip"

    def check(self, role: str) -> None:
        """Refuse a file that has any; the header is Arrow's record 1."""
        if self.count:
            rows = [number - 1 for number in self._rows if number is not None]
            raise errors.RowsRagged(file=role, count=self.count, rows=rows)


def _options(
    form: _Form, bad: _Ragged, places: Sequence[int] | None = None, *, threads: bool
) -> dict[str, Any]:
    """How Arrow reads a text, whole or in blocks; the header is its first row."""
    names = [str(place) for place in range(form.width)]
    return {
        "read_options": pc.ReadOptions(use_threads=threads, block_size=_BLOCK, column_names=names),
        "parse_options": pc.ParseOptions(
            delimiter=form.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=True,
            invalid_row_handler=bad.note,
        ),
        "convert_options": pc.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,
            include_columns=None if places is None else [names[place] for place in places],
        ),
    }


def _blocks(
    form: _Form, bad: _Ragged, places: Sequence[int], *, threads: bool
) -> Iterator[pa.RecordBatch]:
    """Some columns of a text, block by block; the same blocks as those of a text that is parsed whole."""
    try:
        with _opened(form.path) as file:
            if form.encoding == "utf-8-sig":
                file.seek(len(codecs.BOM_UTF8))
            text = (
                file
                if form.encoding in _UTF8
                else pa.transcoding_input_stream(file, form.encoding, "utf-8")
            )
            options = _options(form, bad, places, threads=threads)
            with pc.open_csv(text, **options) as reader:
                yield from reader
    except pa.ArrowInvalid as refused:
        raise _broken(refused, form.role) from None


def _opened(source: Source) -> pa.NativeFile:
    return pa.OSFile(str(source)) if isinstance(source, Path) else pa.PythonFile(source.open("rb"))


def _broken(refused: pa.ArrowInvalid, role: str) -> CodedError:
    return (errors.QuoteOpen if "straddling" in str(refused) else errors.FormatUnknown)(file=role)


def _header(table: pa.Table) -> list[str]:
    return [column[0].as_py() or "" for column in table.columns]


def _check_last_quote(last: str | None, tail: bytes, rows: int, role: str) -> None:
    """Refuse a last value that runs to the end of the file because its quote was never closed.

    Arrow takes such a value as it is. A value with a line end inside stood in quotes, so that the
    file's last mark before its final line ends must be the closing quote.
    """
    runs_on = last is not None and ("\n" in last or "\r" in last)
    if runs_on and not tail.rstrip(b"\r\n").endswith(b'"'):
        raise errors.QuoteOpen(file=role, row=rows)


def _tail(form: _Form) -> bytes:
    """The last bytes of the text as UTF-8."""
    if form.encoding in _UTF8:
        with form.path.open("rb") as file:
            file.seek(max(0, form.path.stat().st_size - _TAIL))
            return file.read()
    tail = ""
    for piece in decoded(form.path, form.encoding):
        tail = (tail + piece)[-_TAIL:]
    return tail.encode()[-_TAIL:]


# -- encoding and delimiter: values are looked at, never kept

_CHUNK = 4 << 20  # bytes decoded at a time
_LONGEST_NAME = 1 << 16  # characters of a column's name
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


def find_encoding(path: Source, role: str) -> str:
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
    raise errors.EncodingUnknown(file=role)


def decoded(path: Source, encoding: str) -> Iterator[str]:
    """Yield the text in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _proved(path: Source, encoding: str, role: str) -> str:
    """Return the encoding if the whole file decodes in it and holds no zero character."""
    try:
        if any("\0" in piece for piece in decoded(path, encoding)):
            raise errors.NulBytes(file=role)
    except UnicodeError:
        raise errors.EncodingUnknown(file=role, tried=encoding) from None
    return encoding


def _decodes(path: Source, encoding: str) -> bool:
    try:
        for _ in decoded(path, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _wide(path: Source, head: bytes, role: str) -> str:
    """UTF-16 without its mark: text of a Western language has a zero in every other byte."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even == 0 and odd > len(head) // 4:
        return _proved(path, "utf-16-le", role)
    if odd == 0 and even > len(head) // 4:
        return _proved(path, "utf-16-be", role)
    raise errors.NulBytes(file=role)


def _by_likelihood(path: Source) -> list[str]:
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

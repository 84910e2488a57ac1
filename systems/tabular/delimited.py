"""CSV and its relatives, by Arrow's parser, all columns strings.

Quotes as in RFC 4180, with line ends inside quoted values. Files in UTF-8 are parsed where they lie;
others are brought to UTF-8 in memory first.
"""

import csv
import io
import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc

from systems.errors import FormatUnknown, QuoteOpen, RowsRagged, TableEmpty
from systems.tabular import text

_BLOCK = 8 << 20  # bytes per parsing task; also the longest quoted value
_HEAD = 1 << 20  # characters looked at for header and delimiter
_LISTED = 1000  # ragged rows whose numbers are kept
_UTF8 = ("utf-8", "utf-8-sig")


def read_delimited(path: Path, role: str) -> tuple[pa.Table, str, str]:
    """Read a text table; return it with its encoding and delimiter.

    Raises:
        EncodingUnknown, NulBytes, QuoteOpen, RowsRagged, TableEmpty, FormatUnknown.
    """
    encoding = text.find_encoding(path, role)
    head = "".join(itertools.islice(text.decoded(path, encoding), 1))[:_HEAD]
    if not head.strip():
        raise TableEmpty(file=role)
    delimiter = text.find_delimiter(head, whole=len(head) < _HEAD)
    source = _utf8(path, encoding)
    width = _width(head, delimiter, role)
    table, ragged = _parsed(source, delimiter, width, threads=True, role=role)
    if ragged:
        rows = [
            number - 1 for number in _parsed(source, delimiter, width, threads=False, role=role)[1]
        ]
        raise RowsRagged(file=role, count=ragged[0], rows=rows)
    _check_last_quote(table, source, role)
    return table, encoding, delimiter


def _utf8(path: Path, encoding: str) -> pa.Buffer:
    """Return the text as UTF-8 without its mark; a mapped file where it is that already."""
    if encoding in _UTF8:
        with pa.memory_map(str(path)) as mapped:
            buffer = mapped.read_buffer()
        return buffer[3:] if encoding == "utf-8-sig" else buffer
    sink = pa.BufferOutputStream()
    for piece in text.decoded(path, encoding):
        sink.write(piece.encode())
    return sink.getvalue()


def _width(head: str, delimiter: str, role: str) -> int:
    """Return the number of columns of the header."""
    try:
        for record in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if record:
                return len(record)
    except csv.Error:
        raise FormatUnknown(file=role) from None
    raise TableEmpty(file=role)


def _parsed(
    source: pa.Buffer, delimiter: str, width: int, *, threads: bool, role: str
) -> tuple[pa.Table, list[int]]:
    """Parse; the second value lists ragged records.

    With threads Arrow does not know record numbers, and the list holds only how many there are;
    without, it holds their numbers, the header being 1.
    """
    ragged: list[int] = []

    def note(row: pc.InvalidRow) -> str:
        if threads:
            ragged[:] = [ragged[0] + 1 if ragged else 1]
        elif len(ragged) < _LISTED:
            ragged.append(row.number)
        return "skip"

    names = [str(place) for place in range(width)]
    try:
        table = pc.read_csv(
            pa.BufferReader(source),
            read_options=pc.ReadOptions(use_threads=threads, block_size=_BLOCK, column_names=names),
            parse_options=pc.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=True,
                invalid_row_handler=note,
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as refused:
        broken = QuoteOpen if "straddling" in str(refused) else FormatUnknown
        raise broken(file=role) from None
    header = [value.as_py() or "" for value in (column[0] for column in table.columns)]
    return table.slice(1).rename_columns(header), ragged


def _check_last_quote(table: pa.Table, source: pa.Buffer, role: str) -> None:
    """Refuse a last value that runs to the end of the file because its quote was never closed.

    Arrow takes such a value as it is. A value with a line end inside stood in quotes, so that the
    file's last mark before its final line ends must be the closing quote.
    """
    if table.num_rows == 0:
        return
    last = table.column(table.num_columns - 1)[table.num_rows - 1].as_py()
    tail = source[max(0, source.size - 4096) :].to_pybytes().rstrip(b"\r\n")
    if last is not None and ("\n" in last or "\r" in last) and not tail.endswith(b'"'):
        raise QuoteOpen(file=role, row=table.num_rows)

"""The same rows as CSV and as Parquet: exact, deterministic, cut by rows where a file grows too big.

CSV after RFC 4180 with LF: every text is quoted, a missing value is an empty field without quotes,
dates are ISO, numbers and booleans bare. Nothing is rounded, trimmed or made safe for a
spreadsheet: whoever wants that must not open a CSV by double-click.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from extracts.errors import PartTooSmall

_SAMPLE = 65_536  # rows measured to guess how many fit; the guess is checked, so it may be wrong
_FILLED = 0.8  # of the room taken at the first guess, so that a second cut is rarely needed
_ROW_GROUP = 131_072  # rows; a reader loads one group at a time

Rows: TypeAlias = "pa.Table | pa.RecordBatchReader"
Writer: TypeAlias = "Callable[[pa.Table], bytes]"
Encoded: TypeAlias = "Mapping[str, bytes]"  # extension → content


def csv_bytes(rows: pa.Table) -> bytes:
    """Return ``rows`` as UTF-8 CSV with a header line."""
    sink = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=True, quoting_style="needed")
    pyarrow.csv.write_csv(rows, sink, options)
    return sink.getvalue()


def parquet_bytes(rows: pa.Table) -> bytes:
    """Return ``rows`` as one Parquet file; the same rows give the same bytes."""
    sink = io.BytesIO()
    plain = rows.replace_schema_metadata(None).combine_chunks()
    pq.write_table(plain, sink, compression="zstd", version="2.6", row_group_size=_ROW_GROUP)
    return sink.getvalue()


def encoded(rows: Rows, room: int, also: Mapping[str, Writer] | None = None) -> Iterator[Encoded]:
    """Yield the files of consecutive rows, together at most ``room`` bytes: ``csv``, ``parquet``, others.

    ``also`` maps the extensions of more files to what writes them.

    At least one set is yielded, so that an empty extract is a file with a header. Where the cuts
    fall depends on the rows and on ``room`` alone, not on the batches that the rows come in.

    Raises:
        PartTooSmall: a single row needs more than ``room``.
    """
    source = _rechunked(rows)
    first = next(source)
    sample = first.slice(0, _SAMPLE)
    per_row = 2 * len(csv_bytes(sample)) / max(1, sample.num_rows)  # Parquet is seldom larger
    per_row *= 1 + len(also or {})
    take = max(1, int(room * _FILLED / max(1.0, per_row)))
    writers = {"csv": csv_bytes, "parquet": parquet_bytes, **(also or {})}
    pending = first
    for more in source:
        pending = pa.concat_tables([pending, more])
        while pending.num_rows > take:
            yield from _fitting(pending.slice(0, take), room, writers)
            pending = pending.slice(take)
    while pending.num_rows > take:
        yield from _fitting(pending.slice(0, take), room, writers)
        pending = pending.slice(take)
    yield from _fitting(pending, room, writers)


def _rechunked(rows: Rows) -> Iterator[pa.Table]:
    """Tables of at least ``_SAMPLE`` rows (but the last), whatever batches come in; never none."""
    if isinstance(rows, pa.Table):
        yield rows
        return
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in rows:
        held.append(batch)
        count += batch.num_rows
        if count >= _SAMPLE:
            yield pa.Table.from_batches(held, rows.schema)
            held, count = [], 0
    yield pa.Table.from_batches(held, rows.schema)


def _fitting(rows: pa.Table, room: int, writers: Mapping[str, Writer]) -> Iterator[Encoded]:
    files = {extension: write(rows) for extension, write in writers.items()}
    if sum(map(len, files.values())) <= room:
        yield files
        return
    if rows.num_rows < 2:
        raise PartTooSmall(bytes=room)
    half = rows.num_rows // 2
    del files
    yield from _fitting(rows.slice(0, half), room, writers)
    yield from _fitting(rows.slice(half), room, writers)

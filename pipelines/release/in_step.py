"""Two staged tables in the same order, cut at the same rows: each is read once, and no more than a part of it held."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from extracts.rows import compute as pc

PART = 1 << 19  # rows of the first table in a part
_MOST = 8  # times a part's rows of the second are looked through for the next part's first row


def in_step(
    first: Iterable[pa.RecordBatch], second: Iterable[pa.RecordBatch], key: str, rows: int = PART
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Parts of two tables that begin with the same key.

    Where the order is another one it ends early: who counts the rows of the parts sees it.

    Args:
        first: has each key once.
        second: has the keys in that order, each as often as it likes.
        key: a column of both.
        rows: of the first in a part.
    """
    coming, rest = iter(second), list[pa.Table]()
    parts = _cut(first, rows)
    part = next(parts, None)
    while part is not None:
        following = next(parts, None)
        wanted = None if following is None else following[key][0]
        held, looked, place = rest, 0, -1
        rest, done = [], False
        while not done:
            for table in held[looked:]:
                place = -1 if wanted is None else pc.index(table[key], wanted).as_py()
                looked += 1
                if place >= 0:
                    break
            more = None if place >= 0 else next(coming, None)
            if more is not None:
                held.append(pa.Table.from_batches([more]))
            done = more is None
            if sum(table.num_rows for table in held) > _MOST * part.num_rows:
                return
        if place >= 0:
            last = held[looked - 1]
            held, rest = (
                [*held[: looked - 1], last.slice(0, place)],
                [last.slice(place), *held[looked:]],
            )
        elif wanted is not None:
            return
        if held:
            yield part, pa.concat_tables(held)
        part = following


def _cut(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Tables of at least so many rows, but for the last one."""
    held, many = list[pa.RecordBatch](), 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            many += batch.num_rows
        if many >= rows:
            yield pa.Table.from_batches(held)
            held, many = [], 0
    if held:
        yield pa.Table.from_batches(held)

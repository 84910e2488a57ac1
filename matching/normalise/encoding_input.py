"""What Arrow makes of a side before any text is normalised: numbers read, distinct texts numbered.

A side comes in batches, so that its text is never in memory as a whole. What is kept of a row is
a few integers; distinct texts are kept once. Texts are numbered in the order of the whole column, so the size of
the batches can't change a result.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrays import ahead, blank, each
from matching.arrow import array, filled, pc
from matching.arrow import column as arrow_column
from matching.normalise import numbers
from matching.normalise.streets import house_and_street
from matching.normalise.vocabulary import MISSING, Dictionary

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[Any]

BATCH = 1 << 18  # rows worked at a time: some 40 MB of text
TEXTS: Final = (
    "last_name", "first_name", "middle_name", "name_suffix", "birth_date", "sex", "street", "city", "county",
)  # fmt: skip
CODED: Final = tuple(name for name in TEXTS if name != "street")  # may come as dictionaries
_NUMBERS: Final[dict[str, Callable[[pa.ChunkedArray], Ints]]] = {
    "driver_license": numbers.licence, "phone": numbers.telephone, "zip": numbers.zip_code,
}  # fmt: skip
READ: Final = frozenset({*TEXTS, *_NUMBERS, "ssn"})  # standard columns that a linkage looks at
_TYPES: Final = {"zip": np.int32, "ssn": np.int32, "ssn4": np.int16, "house": np.int32}


@dataclass(frozen=True)
class Raw:
    """A side before its texts are normalised."""

    rows: int
    kept: pa.Table  # the columns that a linkage needs as they are: ids, groups of the report
    numbers: dict[str, Values]  # driver_license, phone, zip, ssn, ssn4, house; -1 is missing
    texts: dict[str, Dictionary]
    lost: dict[str, int]  # column → values that are no number


def raw(
    batches: Iterable[pa.Table], columns: Iterable[str], keep: Iterable[str], threads: int | None
) -> Raw:
    """Read a side.

    Args:
        batches: parts of one table, at least one.
        columns: the standard columns to read; the others are missing.
        keep: columns to hand on as they are.
        threads: how many to use.
    """
    wanted, names = frozenset(columns), list(keep)
    kept: list[pa.Table] = []
    found: dict[str, list[Any]] = {}
    lost: dict[str, int] = {}
    rows = 0
    for batch in ahead(batches):
        rows += batch.num_rows
        kept.append(batch.select(names))
        jobs = [name for name in (*_NUMBERS, "ssn", *TEXTS) if name in wanted]
        for made in each(lambda name, batch=batch: _read(batch, name), jobs, threads):
            for name, values in made.values.items():
                found.setdefault(name, []).append(values)
            if made.lost:
                lost[made.name] = lost.get(made.name, 0) + made.lost
    texts = each(lambda name: Dictionary.joined(found.pop(name, []), rows), TEXTS, threads)
    return Raw(
        rows,
        pa.concat_tables(kept),
        {
            name: _joined(found.pop(name, []), name, rows)
            for name in (*_NUMBERS, "ssn", "ssn4", "house")
        },
        dict(zip(TEXTS, texts, strict=True)),
        lost,
    )


def slices(table: pa.Table) -> Iterator[pa.Table]:
    """A table in batches; one of no rows where it has none."""
    for start in range(0, max(table.num_rows, 1), BATCH):
        yield table.slice(start, BATCH)


@dataclass(frozen=True)
class _Read:
    name: str
    values: dict[str, Any]
    lost: int = 0


def _read(batch: pa.Table, name: str) -> _Read:
    column = batch[name]
    if pa.types.is_dictionary(column.type):
        return _Read(name, {name: column})
    column = pc.cast(column, pa.string())
    if name == "street":
        house, rest = house_and_street(column)
        return _Read(name, {"house": house.astype(np.int32), "street": rest.dictionary_encode()})
    if name in TEXTS:
        return _Read(name, {name: column.dictionary_encode()})
    if name == "ssn":
        whole, last_four = numbers.social_security(column)
        read = {"ssn": whole, "ssn4": last_four}
    else:
        last_four = _NUMBERS[name](column)
        read = {name: last_four}
    values = {k: v.astype(_TYPES.get(k, np.int64), copy=False) for k, v in read.items()}
    return _Read(name, values, _bad(column, last_four == MISSING))


def _bad(column: pa.ChunkedArray, missing: npt.NDArray[np.bool_]) -> int:
    """How many of the missing numbers are something that is no number."""
    written = array(filled(pc.binary_length(column))) > 0
    here = np.flatnonzero(missing & written)
    return int(np.count_nonzero(~blank(column.take(arrow_column(here))))) if len(here) else 0


def _joined(parts: list[Values], name: str, rows: int) -> Values:
    if not parts:
        return np.full(rows, MISSING, _TYPES.get(name, np.int64))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)

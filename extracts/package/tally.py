"""What the rows of a package say of themselves in few numbers: rows, missing values, how often each code stands.

Whoever gets the package holds the rows, so that counts of them tell that person nothing new. But the pages that state them are
what is copied into an appendix or a catalogue, without the rows. So they are held to what a publication is held to (§ 964(f)(2)):
of fewer persons than the threshold no number stands, neither of what is left when the other numbers of that column are taken
away, and what stands is rounded to the threshold, so that columns that say one thing twice (a county and its region) can't be
subtracted from each other. A published table has nothing to hide: its cells are counted as they are.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from extracts.package.contents import ColumnTally, Tally
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.formats import Rows
from extracts.rows import compute as pc


def parquet_rows(content: bytes) -> int:
    """Return how many rows a Parquet file has."""
    return pq.read_metadata(io.BytesIO(content)).num_rows


@dataclass
class _Group:
    """Rows with one value: their number, and their persons, of whom no more are kept than the threshold asks for."""

    rows: int = 0
    persons: set[object] = field(default_factory=set[object])


_Groups: TypeAlias = "dict[str | None, _Group]"  # None is the empty field
_ANY = "any"  # the one value of columns whose values are not told apart


class Counter:
    """Counts rows on their way into files."""

    def __init__(self, dictionary: DataDictionary, threshold: int, *, zeros: bool = True) -> None:
        """Begin to count.

        Args:
            dictionary: the columns; whom rows are about stands in the first of its key. Where it has no key,
                every number is hidden.
            threshold: persons of whom a number may stand.
            zeros: whether a 0 may stand.
        """
        self._fields = dictionary.fields
        self._published = dictionary.published
        self._person = dictionary.key[0] if dictionary.key else None
        self._threshold = threshold
        self._zeros = zeros
        self._rows = 0
        self._width = {one.name: 0 for one in self._fields}
        # A column of several codes is counted once for each of them: a row has it, or not.
        self._groups: dict[tuple[str, str], _Groups] = {
            (one.name, code): {} for one in self._fields for code in ("", *_several(one))
        }

    def watch(self, rows: Rows) -> pa.RecordBatchReader:
        """Return a reader of the same rows that counts what passes."""
        batches = rows.to_batches() if isinstance(rows, pa.Table) else rows

        def passing() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                self._count(batch)
                yield batch

        return pa.RecordBatchReader.from_batches(rows.schema, passing())

    def tally(self) -> Tally:
        """Return what may be said of the rows that passed."""
        columns = {one.name: self._column(one) for one in self._fields}
        return Tally(self._rows, 1 if self._published else self._threshold, columns)

    def _count(self, batch: pa.RecordBatch) -> None:
        self._rows += batch.num_rows
        persons = batch[self._person] if self._person and not self._published else None
        for one in self._fields:
            column = batch[one.name]
            if pa.types.is_string(column.type):
                longest = pc.max(pc.binary_length(column)).as_py() or 0
                self._width[one.name] = max(self._width[one.name], longest)
            for value, rows in _counted(one, column):
                groups = [
                    self._groups[one.name, code].setdefault(told, _Group())
                    for code, told in _told(one, value)
                ]
                few = [group for group in groups if len(group.persons) < self._threshold]
                if few and persons is not None:
                    some = pc.unique(persons.filter(_where(one, column, value)))[: self._threshold]
                    for group in few:
                        group.persons.update(set(some.to_pylist()) - {None})
                for group in groups:
                    group.rows += rows

    def _column(self, one: FieldDoc) -> ColumnTally:
        whole = self._shown(self._groups[one.name, ""])
        rows = {
            code: self._shown(self._groups[one.name, code])["true"] for code in _several(one)
        } or {value: whole[value] for value in _listed(one, whole)}
        valid = None if _told_apart(one) else whole[_ANY]
        width = 1 << max(0, self._width[one.name] - 1).bit_length() if self._width[one.name] else 0
        return ColumnTally(rows, whole[None], valid, width)

    def _shown(self, groups: _Groups) -> "_Shown":
        """The numbers that may stand; where one is hidden, so many that those hidden are of enough persons together."""
        if self._published:
            return _Shown({value: group.rows for value, group in groups.items()}, 0)
        small = [one for one in groups.values() if len(one.persons) < self._threshold and one.rows]
        rest = sorted(
            (one for one in groups.values() if len(one.persons) >= self._threshold),
            key=lambda one: one.rows,
        )
        hidden = {id(one) for one in small}
        if small and len(set[object]().union(*(one.persons for one in small))) < self._threshold:
            hidden |= {id(one) for one in rest[:1]}
        base = self._threshold
        return _Shown(
            {
                value: None if id(one) in hidden else base * ((one.rows + base // 2) // base)
                for value, one in groups.items()
            },
            0 if self._zeros else None,
        )


class _Shown(dict[str | None, "int | None"]):
    """Value → rows that may be told; a value that no row has is told as the policy tells zeros."""

    def __init__(self, known: Mapping[str | None, int | None], nobody: int | None) -> None:
        super().__init__(known)
        self._nobody = nobody

    def __missing__(self, value: str | None) -> int | None:
        return self._nobody


def _told_apart(one: FieldDoc) -> bool:
    return one.type in {"yes/no", "year"} or (bool(one.codes) and one.type != "list")


def _several(one: FieldDoc) -> tuple[str, ...]:
    return tuple(code for code, _ in one.codes) if one.type == "list" else ()


def _listed(one: FieldDoc, found: Mapping[str | None, int | None]) -> list[str]:
    """The values of a column that are told apart, in the order in which a reader looks for them."""
    if one.type == "yes/no":
        return ["true", "false"]
    if one.type == "year":
        return sorted(value for value in found if value is not None)
    return [code for code, _ in one.codes]


def _counted(one: FieldDoc, column: pa.Array) -> list[tuple[object, int]]:
    """Each value with its rows; of a column whose values are not told apart, that there is one, or none."""
    if _told_apart(one) or one.type == "list":
        return [(found["values"], found["counts"]) for found in pc.value_counts(column).to_pylist()]
    empty = column.null_count
    return [(value, n) for value, n in ((_ANY, len(column) - empty), (None, empty)) if n]


def _told(one: FieldDoc, value: object) -> list[tuple[str, str | None]]:
    """What a value counts for: (code that is asked for or none, what is told)."""
    if _told_apart(one):
        return [("", str(value).lower() if isinstance(value, bool) else _text(value))]
    whole = None if value is None else _ANY
    codes = str(value).split(";")
    several = ((code, whole and str(code in codes).lower()) for code in _several(one))
    return [("", whole), *several]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _where(one: FieldDoc, column: pa.Array, value: object) -> pa.Array:
    if value is None:
        return pc.is_null(column)
    whole = not _told_apart(one) and one.type != "list"
    return pc.is_valid(column) if whole else pc.equal(column, pa.scalar(value, column.type))

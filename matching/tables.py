"""Standard column names, the map from a researcher's names to them, and what a table must have before it is linked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from errors import nearest
from matching import errors
from matching.arrays import blank, number_ids
from matching.arrow import pc
from matching.findings import Finding
from matching.ids import damaged_ids
from systems import bounded
from systems.standard import STANDARD_COLUMNS

STANDARD = STANDARD_COLUMNS

# A row without any of these can't be told apart from anybody else.
IDENTIFYING: tuple[str, ...] = (
    "last_name",
    "first_name",
    "full_name",
    "ssn",
    "driver_license",
    "phone",
)

Side = Literal["cohort", "records"]
IDS: Mapping[str, str] = {"cohort": "cohort_id", "records": "record_id"}
_BIGGEST_MAP = 1 << 20  # bytes; a map has at most 28 lines


@dataclass(frozen=True)
class ColumnMap:
    """``standard -> theirs`` for each side, its id included; others keep their own names."""

    cohort: Mapping[str, str] = field(default_factory=dict[str, str])
    records: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def read(cls, path: Path, own: tuple[str, ...] = ()) -> "ColumnMap":
        """Read ``MAP.toml`` with its tables ``[cohort]`` and ``[records]``; ``own`` are further names that it may map.

        Raises:
            BadColumnMap: not TOML, another table, an unknown standard name, a source used twice.
        """
        try:
            content = bounded.read_at_most(path, _BIGGEST_MAP)
            if content is None:
                raise errors.BadColumnMap(problem="too large")
            tables = bounded.toml(content.decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise errors.BadColumnMap(problem="not a TOML file") from None
        if not set(tables) <= {"cohort", "records"}:
            raise errors.BadColumnMap(problem="another table than cohort and records")
        return cls(_side(tables, "cohort", own), _side(tables, "records", own))

    def theirs(self, standard: str, side: Side) -> str:
        """The name that ``side`` uses for a standard column."""
        return self._of(side).get(standard, standard)

    def apply(self, table: pa.Table, side: Side) -> pa.Table:
        """Rename to standard names; columns that are neither mapped nor standard stay as they are.

        Raises:
            UnmappedSource: the map names a column that the table does not have.
        """
        mapping = self._of(side)
        missing = [std for std, theirs in mapping.items() if theirs not in table.column_names]
        if missing:
            raise errors.UnmappedSource(side=side, columns=missing)
        back = {theirs: std for std, theirs in mapping.items()}
        names: list[str] = []
        keep: list[int] = []
        for i, name in enumerate(table.column_names):
            if name in back:
                names.append(back[name])
            elif name in mapping:  # a standard name whose place the map gives to another column
                continue
            else:
                names.append(name)
            keep.append(i)
        return table.select(keep).rename_columns(names)

    def unknown(self, table: pa.Table, side: Side, allowed: tuple[str, ...] = ()) -> list[int]:
        """Positions (from 1) of columns that are neither standard, mapped, nor in ``allowed``.

        Positions, since the name of a stray column may itself be somebody's name (a file without
        header).
        """
        known = set(STANDARD) | set(self._of(side).values()) | set(allowed)
        return [i for i, name in enumerate(table.column_names, 1) if name not in known]

    def _of(self, side: Side) -> Mapping[str, str]:
        return self.cohort if side == "cohort" else self.records


def _side(tables: Mapping[str, object], side: str, own: tuple[str, ...]) -> dict[str, str]:
    lines = tables.get(side, {})
    if not isinstance(lines, dict):
        raise errors.BadColumnMap(side=side, problem="not a table")
    result: dict[str, str] = {}
    for standard, theirs in lines.items():
        if standard not in (*STANDARD, *own, IDS[side]):
            raise errors.BadColumnMap(
                side=side,
                problem="a left-hand side that is no standard name",
                **nearest(standard, (*STANDARD, IDS[side])),
            )
        if not isinstance(theirs, str):
            raise errors.BadColumnMap(side=side, problem="a right-hand side that is no text")
        result[standard] = theirs
    if len(set(result.values())) != len(result):
        raise errors.BadColumnMap(side=side, problem="one source column used twice")
    return result


_SHOWN = 1000  # row numbers kept in an error


def check_texts(*tables: pa.Table) -> None:
    """Check that every standard column is text.

    Raises:
        BadTable: one is not.
    """
    for table in tables:
        wrong = [c for c in STANDARD if c in table.column_names and not _is_text(table[c].type)]
        if wrong:
            raise errors.BadTable(columns=wrong)


def check_records(records: pa.Table) -> list[Finding]:
    """Check the ids of the records of a linkage, several of which may be one record's; see ``check_ids``.

    Raises:
        MissingIdColumn, MissingIds, DamagedIds, BadTable: see there; or identities of another type.
    """
    findings = check_ids(records, "record_id", unique=False)
    if "identity" in records.column_names and not pa.types.is_integer(records["identity"].type):
        raise errors.BadTable(columns=["identity"])
    return findings


def check_ids(
    table: pa.Table, name: str, *, unique: bool, given: int | None = None
) -> list[Finding]:
    """Check one id column, and say what looks damaged in it; ``given`` rows, where the others are variants of them.

    Raises:
        MissingIdColumn: no such column.
        MissingIds: null or blank ids.
        DamagedIds: ids in floating point in several rows.
        DuplicateIds: an id in two rows, where they are ``unique``.
        BadTable: ids of another type than text and whole numbers.
    """
    if name not in table.column_names:
        raise errors.MissingIdColumn(column=name)
    ids = table[name]
    if not (_is_text(ids.type) or pa.types.is_integer(ids.type)):
        raise errors.BadTable(columns=[name])
    if pa.types.is_integer(ids.type) and not ids.null_count and not unique:
        return []
    text = pc.cast(ids, pa.string())
    rows = np.flatnonzero(blank(text)) + 1
    if len(rows):
        raise errors.MissingIds(column=name, count=len(rows), rows=rows[:_SHOWN].tolist())
    side = next((side for side, own in IDS.items() if own == name), name)
    findings = [] if pa.types.is_integer(ids.type) else list(damaged_ids(text, side))
    if unique and len(number_ids(text)[1]) != (len(text) if given is None else given):
        rows = repeated(text)
        raise errors.DuplicateIds(column=name, count=len(rows), rows=rows[:_SHOWN])
    return findings


def repeated(ids: pa.ChunkedArray) -> list[int]:
    """Row numbers (from 1) of all ids that occur more than once."""
    values = ids.to_numpy()
    _, place, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    return (np.flatnonzero(counts[place] > 1) + 1).tolist()


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)

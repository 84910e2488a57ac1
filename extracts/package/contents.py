"""What stands in ``data/`` of a package: its files, and what may be said of their rows (`Counter` finds it)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DataFile:
    """One file of ``data/``: its path in the bag, hex SHA-256, size in bytes and, of rows, their number."""

    path: str
    sha256: str
    bytes: int
    rows: int | None

    @property
    def extension(self) -> str:
        """Its last extension, such as ``csv``."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class ColumnTally:
    """What may be said of one column; a number that may not stand is none.

    Attributes:
        rows: value → rows that have it, of columns with codes, years, and yes and no.
        missing: rows without a value.
        valid: rows with one, of other columns.
        width: bytes of the longest text, rounded up to a power of two; 0 of other types.
    """

    rows: Mapping[str, int | None]
    missing: int | None
    valid: int | None
    width: int


@dataclass(frozen=True)
class Tally:
    """What may be said of the rows.

    Attributes:
        rows: their number.
        base: what the other counts are rounded to, 1 where they are exact.
        columns: by name.
    """

    rows: int
    base: int
    columns: Mapping[str, ColumnTally]


@dataclass(frozen=True)
class Written:
    """What stands in ``data/``: its files in order, and what may be said of their rows."""

    files: tuple[DataFile, ...]
    tally: Tally

    def of(self, extension: str) -> tuple[DataFile, ...]:
        """The files of rows in one format."""
        return tuple(
            one for one in self.files if one.extension == extension and one.rows is not None
        )

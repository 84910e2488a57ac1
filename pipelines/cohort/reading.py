"""A researcher's cohort file: read once, checked, and brought to standard columns.

The values stay exactly as the researcher wrote them. Only what makes the whole file useless is an
error; a bad value keeps its row (``pipelines.cohort.unusable_rows``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from extracts.records import compute as pc
from matching.errors import DuplicateIds, MissingIdColumn, MissingIds
from matching.tables import IDENTIFYING, STANDARD, ColumnMap
from pipelines.cohort.errors import CohortColumnsUnknown, CohortHasNoIdentifier
from pipelines.cohort.stored import open_stored, stored_at
from pipelines.errors import FileMissing, OptionsDisagree
from pipelines.session import Session
from systems.tabular import read_table

ID = "cohort_id"
_ROWS = 1 << 18  # of a part


@dataclass(frozen=True)
class Cohort:
    """A cohort in standard columns.

    Attributes:
        table: ``row_number`` (int64, from 1), ``row_id`` and standard columns, texts as given.
        digest: keyed digest of the file's bytes.
    """

    table: pa.Table
    digest: str

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return self.table.num_rows

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns, part by part."""
        for start in range(0, max(self.rows, 1), _ROWS):
            yield self.table.select(list(columns)).slice(start, _ROWS)


def digest_of(session: Session, path: Path) -> str:
    """Keyed digest of a cohort file, by which it is known in the ledger."""
    return session.keyring.digest_file("cohort", path)


def read_cohort(session: Session, path: Path, columns: ColumnMap) -> Cohort:
    """Read a cohort file whatever its form, and bring it to standard columns.

    Raises:
        CodedError: everything that makes the file unusable (exit 6); see ``systems.tabular`` for
            what can be wrong with a file, and the errors of this module and of ``matching``.
    """
    given = read_table(path, role="cohort").table
    return Cohort(standardised(given, columns), digest_of(session, path))


def standardised(given: pa.Table, columns: ColumnMap) -> pa.Table:
    """Check ids and columns, and rename to the standard.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, UnmappedSource: by row number and column.
        CohortColumnsUnknown: columns that nobody mapped, by position.
        CohortHasNoIdentifier: nothing in it tells people apart.
    """
    if columns.theirs(ID, "cohort") not in given.column_names:
        raise MissingIdColumn(table="cohort", column=ID, columns_in_the_file=given.num_columns)
    if unknown := columns.unknown(given, "cohort", allowed=(ID,)):
        raise CohortColumnsUnknown(positions=unknown)
    table = columns.apply(given, "cohort")
    _check_ids(table[ID])
    present = [name for name in STANDARD if name in table.column_names]
    if not set(present) & set(IDENTIFYING):
        raise CohortHasNoIdentifier
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    return pa.table(
        {"row_number": numbers, "row_id": table[ID]} | {name: table[name] for name in present}
    )


def _check_ids(ids: pa.ChunkedArray) -> None:
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(ids), ""), fill_value=True)
    if missing := _rows(blank):
        raise MissingIds(table="cohort", rows=missing)
    counted = pc.value_counts(ids)
    twice = counted.filter(pc.greater(pc.struct_field(counted, "counts"), 1))
    if len(twice):
        again = pc.is_in(ids, value_set=pc.struct_field(twice, "values"))
        raise DuplicateIds(table="cohort", rows=_rows(again))


def _rows(mask: pa.ChunkedArray) -> list[int]:
    return [int(i) + 1 for i in pc.indices_nonzero(mask).to_pylist()]


def read_map(path: Path | None) -> ColumnMap:
    """Read MAP.toml, or take the standard names as they are."""
    return ColumnMap() if path is None else ColumnMap.read(path)


def digest_of_usable(session: Session, project: str, path: Path, columns: Path | None) -> str:
    """Digest of a cohort file, after looking whether it can be used at all.

    A file that nobody can read is a mistake of the input (exit 6) whatever the approvals say;
    whether it is the registered one is the gate's question. The columns of a registered file are
    those it was registered with.

    Raises:
        CodedError: the file can't be used (exit 6).
        OptionsDisagree: it was registered with another column map than this.
    """
    if not path.is_file():
        raise FileMissing(file="cohort")
    digest = digest_of(session, path)
    registered = stored_at(session, project, digest).is_file()
    if registered and columns is None:
        return digest
    cohort = read_cohort(session, path, read_map(columns))
    if registered and not cohort.table.equals(open_stored(session, project, digest).read()):
        raise OptionsDisagree(option="--columns is another map than the one it was registered with")
    return cohort.digest

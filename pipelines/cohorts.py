"""A researcher's cohort file: read once, checked, and kept encrypted with its project.

What is kept are the values exactly as the researcher wrote them. Only what makes the whole file
useless is an error; a bad value keeps its row, which is then not attempted, and is told by its row
number and a code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from crypto import staging
from extracts.arrow import compute as pc
from matching.columns import IDENTIFYING, STANDARD, ColumnMap
from matching.errors import DuplicateIds, MissingIdColumn, MissingIds
from matching.normalise import dates
from pipelines.errors import (
    CohortColumnsUnknown,
    CohortHasNoIdentifier,
    CohortNotStored,
    FileMissing,
    OptionsDisagree,
)
from pipelines.office import Office
from systems.tabular import read_table

ID = "cohort_id"
_LONGEST = 200  # characters; a longer value is not a name, a number or an address
_OLDEST = 120  # years
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


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


def digest_of(office: Office, path: Path) -> str:
    """Keyed digest of a cohort file, by which it is known in the ledger."""
    return office.keyring.digest_file("cohort", path)


def read_cohort(office: Office, path: Path, columns: ColumnMap) -> Cohort:
    """Read a cohort file whatever its form, and bring it to standard columns.

    Raises:
        CodedError: everything that makes the file unusable (exit 6); see ``systems.tabular`` for
            what can be wrong with a file, and the errors of this module and of ``matching``.
    """
    given = read_table(path, role="cohort").table
    return Cohort(standardised(given, columns), digest_of(office, path))


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


def refusals(table: pa.Table, on: date) -> pa.Table:
    """Rows whose match is not attempted, with a code: ``row_number``, ``code``.

    A value that can't be what its column says makes the row useless: the researcher should hear
    "not attempted", not "no order". The shape of a number is only a warning (expectations).
    """
    codes: dict[int, str] = {}
    numbers = table["row_number"].to_pylist()
    present = [name for name in STANDARD if name in table.column_names]
    for name in present:
        long = pc.greater(pc.utf8_length(pc.fill_null(table[name], "")), _LONGEST)
        control = pc.match_substring_regex(pc.fill_null(table[name], ""), _CONTROL)
        _mark(codes, numbers, pc.or_(long, control), f"unusable_{name}")
    if "birth_date" in present:
        _mark(codes, numbers, _impossible(table["birth_date"], on), "impossible_birth_date")
    named = [pc.is_valid(table[name]) for name in present if name in IDENTIFYING]
    nobody = named[0]
    for mask in named[1:]:
        nobody = pc.or_(nobody, mask)
    _mark(codes, numbers, pc.invert(nobody), "no_identifier")
    rows = sorted(codes)
    return pa.table(
        {
            "row_number": pa.array(rows, pa.int64()),
            "code": pa.array([codes[row] for row in rows], pa.string()),
        }
    )


def _mark(codes: dict[int, str], numbers: list[int], mask: pa.ChunkedArray, code: str) -> None:
    for index in pc.indices_nonzero(mask).to_pylist():
        codes.setdefault(numbers[index], code)


def _impossible(values: pa.ChunkedArray, on: date) -> pa.ChunkedArray:
    """Given, but no date, no day of the calendar, in the future, or too long ago."""
    distinct = [text for text in pc.unique(values).to_pylist() if text and text.strip()]
    first = dates.day_first(distinct)
    bad = [text for text in distinct if not _possible(dates.birth_date(text, first), on)]
    return pc.is_in(values, value_set=pa.array(bad, values.type))


def _possible(number: int, on: date) -> bool:
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    if not on.year - _OLDEST <= year <= on.year:
        return False
    try:
        return date(year, month or 1, day or 1) <= on
    except ValueError:
        return False


def read_map(path: Path | None) -> ColumnMap:
    """Read MAP.toml, or take the standard names as they are."""
    return ColumnMap() if path is None else ColumnMap.read(path)


def digest_of_usable(office: Office, project: str, path: Path, columns: Path | None) -> str:
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
    digest = digest_of(office, path)
    registered = stored_at(office, project, digest).is_file()
    if registered and columns is None:
        return digest
    cohort = read_cohort(office, path, read_map(columns))
    if registered and not cohort.table.equals(load(office, project, digest).table):
        raise OptionsDisagree(option="--columns is another map than the one it was registered with")
    return cohort.digest


def overlap(office: Office, project: str, cohort: Cohort, earlier: Sequence[str]) -> int:
    """How many rows say exactly what a row of an earlier cohort of the project said, ids aside."""
    known: set[tuple[object, ...]] = set()
    for digest in earlier:
        if stored_at(office, project, digest).is_file():
            known |= set(_said(load(office, project, digest).table))
    return sum(row in known for row in _said(cohort.table)) if known else 0


def _said(table: pa.Table) -> Iterator[tuple[object, ...]]:
    present = [table[name].to_pylist() if name in table.column_names else None for name in STANDARD]
    empty: list[object] = [None] * table.num_rows
    return zip(*(column or empty for column in present), strict=True)


def stored_at(office: Office, project: str, digest: str) -> Path:
    """Where a project's cohort is kept; the name is a keyed digest."""
    return office.home.projects / project / "cohorts" / f"{digest}.parquet"


def store(office: Office, project: str, cohort: Cohort) -> None:
    """Keep a cohort, encrypted under a key of its own, so that it can be forgotten alone."""
    path = stored_at(office, project, cohort.digest)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = office.keyring.document_key(_key_name(project, cohort.digest), create=True)
    staging.write_parquet(cohort.table, path, key)


def destroy(office: Office, project: str, digest: str) -> None:
    """Remove a kept cohort and forget its key: what a disk or a backup holds can't be read."""
    office.keyring.forget_document_key(_key_name(project, digest))
    stored_at(office, project, digest).unlink(missing_ok=True)


def _key_name(project: str, digest: str) -> str:
    return f"{project}.cohort.{digest[:16]}"


def load(office: Office, project: str, digest: str) -> Cohort:
    """Read a kept cohort.

    Raises:
        CohortNotStored: it is not there.
    """
    path = stored_at(office, project, digest)
    if not path.is_file():
        raise CohortNotStored(project=project)
    key = office.keyring.document_key(_key_name(project, digest))
    return Cohort(staging.read_parquet(path, key), digest)

"""Cohorts of a project: registered, stored encrypted under a key of their own, read part by part, destroyed."""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from crypto import resting
from crypto.secret import StagingKey
from errors import CodedError
from matching.normalise import unread_columns
from matching.tables import STANDARD, ColumnMap
from pipelines.cohort.errors import CohortNotStored
from pipelines.cohort.reading import CohortFile, read_cohort, unusable_rows
from pipelines.errors import FileMissing, OptionsDisagree, StageBroken
from pipelines.home import locked
from pipelines.session import CALIFORNIA, Session, today
from systems import database
from systems.database import guarded, quoted
from systems.tabular import check_file, cut

if TYPE_CHECKING:
    import duckdb

    from approvals.project import ProjectState

_SHOWN = 20  # rows that are not attempted, of those that are named one by one
_COMPARED = 1 << 18  # rows of a file and of a stored cohort that are compared at a time
_AT_ONCE = 2_500_000  # rows that are compared with others in memory


@dataclass(frozen=True)
class StoredCohort:
    """A stored cohort: ``row_number`` (int64, from 1), ``row_id`` and standard columns, texts as given.

    Attributes:
        digest: keyed digest of the researcher's file and of its column map.
        rows: data rows.
        columns: all of them.
    """

    path: Path
    key: StagingKey
    digest: str
    rows: int
    columns: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Of the stored table."""
        return resting.staged_schema(self.path, self.key)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The stored table, part by part, in its order."""
        return resting.staged_batches(self.path, self.key)

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns, part by part; at least one part."""
        if not self.rows:
            yield self.read(columns)
        for batch in resting.staged_batches(self.path, self.key, columns):
            yield pa.Table.from_batches([batch])

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Some columns, whole."""
        return resting.read_staged(self.path, self.key, columns)

    def view(self, con: "duckdb.DuckDBPyConnection", name: str) -> None:
        """Let a connection read the stored file as ``name``, the ids as ``cohort_id``."""
        source = resting.scan_staged(self.path, resting.attach_key(con, self.key))
        listed = ", ".join(["row_id AS cohort_id", *map(quoted, self.columns[2:])])
        kind = resting.held_as(self.path)
        con.execute(f"CREATE TEMP {kind} {quoted(name)} AS SELECT {listed} FROM {source}")


@dataclass(frozen=True)
class _Cohort:
    """A cohort's file, opened.

    Attributes:
        opened: its rows.
        digest: keyed digest of the file's bytes and of the column map.
        file: keyed digest of the bytes alone.
    """

    opened: CohortFile
    digest: str
    file: str

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return self.opened.rows


def register_cohort(
    session: Session,
    number: str,
    file: Path,
    columns: Path | None,
    source: str | None,
    sheet: str | None = None,
) -> dict[str, object]:
    """Register a cohort: read, checked for what makes it useless, stored, recorded by digest.

    The same file under another column map is another cohort, and supersedes the first one. What is refused
    leaves nothing.

    Raises:
        CodedError: the file can't be used (exit 6), or the project may not have this cohort.
        ReleaseHeld: another cohort of the project is being registered (exit 8).
    """
    on = today()
    with _opened(session, file, columns, sheet) as cohort:
        session.projects.check_cohort(number, cohort.rows, session.person, on, source)
        with locked(session.home.projects / number / "cohorts"):
            state = session.projects.show(number)
            digest = _as_registered(session, state, cohort) or cohort.digest
            known = state.cohort(digest)
            if (
                known is None
                or not known.usable
                or not stored_path(session, number, digest).is_file()
            ):
                # Stored before it is recorded: a recorded cohort can always be read.
                store_cohort(session, number, digest, cohort.opened.parts(cohort.opened.names))
            try:
                session.projects.register_cohort(
                    number,
                    digest=digest,
                    rows=cohort.rows,
                    actor=session.person,
                    on=on,
                    source=source,
                    file=cohort.file,
                )
            except CodedError:  # somebody was faster
                if known is None or known.destroyed:
                    destroy_cohort(session, number, digest)
                raise
            known = session.projects.show(number).cohort(digest)
            stored = open_stored(session, number, digest)
    names = stored.columns[2:]
    findings = (*cohort.opened.findings, *unread_columns(stored.parts(names)))
    refused = unusable_rows(stored.parts, stored.columns, on)
    return {
        "project": number,
        "digest": digest,
        "rows": cohort.rows,
        "columns": list(names),
        "rows_not_attempted": refused.num_rows,
        "refusals": [
            f"{row} {code}"
            for row, code in zip(*refused.slice(0, _SHOWN).to_pydict().values(), strict=True)
        ],
        "confirmed": known is not None and known.confirmed_by is not None,
        "warnings": [asdict(one) for one in findings],
    }


def usable_cohort_digest(session: Session, project: str, path: Path, columns: Path | None) -> str:
    """Digest of the cohort that a file is, after looking whether it can be used at all.

    A file that nobody can read is a mistake of the input (exit 6) whatever the approvals say;
    whether it is the registered one is the gate's question. The columns of a registered file are
    those it was registered with last.

    Raises:
        CodedError: the file can't be used (exit 6).
        OptionsDisagree: it was registered with another column map than this.
    """
    if not path.is_file():
        raise FileMissing(file="cohort")
    state = session.projects.show(project)
    if columns is None:
        file = session.keyring.digest_file("cohort", path)
        if registered := [c.digest for c in state.cohorts if c.file == file and c.usable]:
            return registered[-1]
    with _opened(session, path, columns) as cohort:
        known = _as_registered(session, state, cohort)
    if known is None and any(c.file == cohort.file and c.usable for c in state.cohorts):
        raise OptionsDisagree(
            option="--columns is another map, or it is another sheet, than the one it was registered with"
        )
    return known or cohort.digest


def _as_registered(session: Session, state: "ProjectState", cohort: _Cohort) -> str | None:
    """The digest under which this very table is registered; None where it is not.

    Once a cohort was known by its file alone: then its stored table shows what the map was.
    """
    known = state.cohort(cohort.digest)
    if known is not None and known.usable:
        return cohort.digest
    former = state.cohort(cohort.file)
    if former is None or not former.usable:
        return None
    stored = open_remaining(session, state.number, [former.digest])
    return former.digest if stored and _same(cohort.opened, stored[0]) else None


def _same(cohort: CohortFile, stored: StoredCohort) -> bool:
    """Whether a file says in every row and column what a stored cohort says."""
    if (cohort.names, cohort.rows) != (stored.columns, stored.rows):
        return False
    both = (cut(one.parts(cohort.names), _COMPARED) for one in (cohort, stored))
    return all(ours.equals(theirs) for ours, theirs in zip(*both, strict=True))


@contextmanager
def _opened(
    session: Session, path: Path, columns: Path | None, sheet: str | None = None
) -> Generator[_Cohort]:
    """Read a cohort's file once; its digest is of the bytes read, and of the map and the sheet that were read by.

    What a header leaves no doubt about is part of the map, as if its user had said it.
    """
    mapped = ColumnMap() if columns is None else ColumnMap.read(columns)
    check_file(path, role="cohort", limits=session.limits)
    with session.keyring.steady_file("cohort", path) as (steady, file):
        read = read_cohort(steady, mapped, sheet, session.limits)
        said = {name: theirs for name, theirs in read.columns.cohort.items() if name != theirs}
        by = {"file": file, "columns": said} | ({} if sheet is None else {"sheet": sheet})
        both = json.dumps(by, sort_keys=True)
        digest = session.keyring.digest("cohort with its columns", both.encode())
        yield _Cohort(read, digest, file)


def stored_path(session: Session, project: str, digest: str) -> Path:
    """Where a project's cohort is stored; the name is a keyed digest."""
    return session.home.projects / project / "cohorts" / f"{digest}.parquet"


def store_cohort(session: Session, project: str, digest: str, parts: Iterable[pa.Table]) -> None:
    """Store a cohort, encrypted under a key of its own, so that it can be forgotten alone."""
    path = stored_path(session, project, digest)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = session.keyring.document_key(_key_name(project, digest), create=True)
    rest = iter(parts)
    first = next(rest)
    batches = (batch for part in chain([first], rest) for batch in part.to_batches())
    resting.write_staged(batches, path, key, schema=first.schema)


def destroy_cohort(session: Session, project: str, digest: str) -> None:
    """Remove a stored cohort and forget its key: what a disk or a backup holds can't be read."""
    session.keyring.forget_document_key(_key_name(project, digest))
    stored_path(session, project, digest).unlink(missing_ok=True)
    for lesson in lesson_path(session, project, digest, "").parent.glob(f"{digest}.*.lesson"):
        lesson.unlink(missing_ok=True)


def lesson_path(session: Session, project: str, digest: str, release: str) -> Path:
    """Where what reviewers settled in a release of this cohort is kept, until the cohort is destroyed."""
    return stored_path(session, project, digest).with_name(f"{digest}.{release}.lesson")


def cohort_key(session: Session, project: str, digest: str) -> StagingKey:
    """The key of a stored cohort, and of what is learnt of it.

    Raises:
        StagingKeyMissing: it was destroyed.
    """
    return session.keyring.document_key(_key_name(project, digest))


def unregistered(session: Session, state: "ProjectState") -> list[tuple[str, date]]:
    """Stored cohorts that no registration stands for, since a run was killed: digest and day of each."""
    folder = session.home.projects / state.number / "cohorts"
    known = {c.digest for c in state.cohorts if not c.destroyed}
    return [
        (path.stem, datetime.fromtimestamp(path.stat().st_mtime, CALIFORNIA).date())
        for path in sorted(folder.glob("[0-9a-f]*.parquet"))
        if path.stem not in known
    ]


def open_stored(session: Session, project: str, digest: str) -> StoredCohort:
    """Open a stored cohort.

    Raises:
        CohortNotStored: it is not there.
        StagingDoesNotHold: changed, or under another key.
    """
    path = stored_path(session, project, digest)
    if not path.is_file():
        raise CohortNotStored(project=project)
    key = cohort_key(session, project, digest)
    names = tuple(resting.staged_schema(path, key).names)
    return StoredCohort(path, key, digest, resting.staged_rows(path, key), names)


def _key_name(project: str, digest: str) -> str:
    return f"{project}.cohort.{digest[:16]}"


def open_remaining(session: Session, project: str, digests: Iterable[str]) -> list[StoredCohort]:
    """The cohorts of these that were not destroyed."""
    remaining = [d for d in digests if stored_path(session, project, d).is_file()]
    return [open_stored(session, project, digest) for digest in remaining]


def overlap(cohort: StoredCohort, others: Sequence[StoredCohort], threads: int | None) -> int:
    """How many rows say exactly what a row of another cohort says, ids aside.

    Raises:
        StageBroken: the database gave up.
    """
    if not others:
        return 0
    with database.connect(threads) as con, guarded(StageBroken, stage="intake"):
        cohort.view(con, "cohort")
        for number, other in enumerate(others):
            other.view(con, f"other_{number}")
        slices = 1 + max(one.rows for one in (cohort, *others)) // _AT_ONCE
        return sum(_repeated(con, cohort, others, i, slices) for i in range(slices))


def _repeated(
    con: "duckdb.DuckDBPyConnection",
    cohort: StoredCohort,
    others: Sequence[StoredCohort],
    number: int,
    slices: int,
) -> int:
    """The count among the rows of one slice; rows that say the same are in one slice."""

    def values_of(one: StoredCohort, relation: str) -> str:
        values = ", ".join(
            quoted(name) if name in one.columns else f"NULL::VARCHAR AS {quoted(name)}"
            for name in STANDARD
        )
        return f"SELECT {values} FROM {relation}"

    every = ", ".join(map(quoted, STANDARD))
    mine = f"hash({every}) % {slices} = {number}"
    theirs = " UNION ALL ".join(values_of(o, f"other_{i}") for i, o in enumerate(others))
    same = " AND ".join(f"c.{quoted(n)} IS NOT DISTINCT FROM e.{quoted(n)}" for n in STANDARD)
    query = f"""
        SELECT count(*) FROM (FROM ({values_of(cohort, "cohort")}) WHERE {mine}) c
        SEMI JOIN (FROM ({theirs}) WHERE {mine}) e ON {same}"""
    return int(con.execute(query).fetchall()[0][0])

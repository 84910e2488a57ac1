"""A load against a snapshot: what it adds, changes and deletes, and whom that touches.

Its files are the whole register again, or a delta: rows that were added or changed, and for rows that are gone a table
``deleted_<table>`` with their keys, or of a table without a key with the rows as they were. Either way the new snapshot is whole and says what became of each table.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto.resting import attach_key, scan_staged, staged_writer
from crypto.secret import StagingKey
from systems.database import guarded, quoted, unordered
from systems.description import System, Table
from systems.errors import BaseDiffers, RegisterUnreadable
from systems.register import views
from systems.register.checks import LISTED, Problem
from systems.register.comparing import BEFORE, compare_tables, differing_sql
from systems.register.incoming import Staged, stage_table, staged_schema
from systems.register.snapshot import RowChanges, Snapshot
from systems.register.sources import BATCH, Incoming, Part, Source

_DELETED = "deleted_"  # before a table's name: the keys of its rows that are gone
_GIVEN, _GONE = "given", "gone"


@dataclass(frozen=True)
class Base:
    """What a load is against.

    Attributes:
        snapshot: the earlier snapshot.
        delta: what comes are changes alone.
        deleted: by table, the keys of its rows that are gone; of a table without a key the rows.
    """

    snapshot: Snapshot
    delta: bool = False
    deleted: Mapping[str, Part] = field(default_factory=dict[str, Part])

    def check(self, system: System) -> None:
        """Refuse a snapshot that was loaded by another description.

        Raises:
            BaseDiffers: it was.
        """
        info = self.snapshot.info
        if (info.system, info.system_digest) != (system.code, system.digest):
            raise BaseDiffers(base=info.snapshot_id, system=system.code)

    @property
    def tables(self) -> Sequence[str]:
        """The tables that a delta may leave out."""
        return tuple(self.snapshot.info.rows) if self.delta else ()


class _Others:
    """The tables of a source but for some."""

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self.names = tuple(name for name in source.names if name not in names)
        self.chosen, self.synthetic, self.read = source.chosen, source.synthetic, source.read


def parted(source: Source, system: System) -> tuple[Source, Mapping[str, Part]]:
    """A delta's tables, and by table what holds the keys of deleted rows."""
    gone = {
        name.removeprefix(_DELETED): name
        for name in source.names
        if name.startswith(_DELETED) and name.removeprefix(_DELETED) in system.tables_by_name
    }

    def opened(name: str) -> Part:
        def read(_con: Any) -> Incoming:
            return source.read(name)

        return Part(name, read)

    deleted = {table: opened(name) for table, name in gone.items()}
    return _Others(source, tuple(gone.values())), deleted


def merge(
    con: Any,
    system: System,
    base: Base,
    staged: dict[str, Staged],
    work: Path,
    key: StagingKey,
    on: dt.date,
) -> list[Problem]:
    """Put a delta's staged tables together with those of the base; what does not fit is returned, and then nothing is merged.

    Afterwards ``staged`` has every table of either, given rows first.

    Raises:
        RegisterUnreadable, StagingDoesNotHold: a file can't be read.
        CodedError: of the source.
    """
    base.snapshot.open_in(con, BEFORE)
    name = attach_key(con, key)
    problems: list[Problem] = []
    gone: dict[str, Path] = {}
    for place in (_GIVEN, _GONE):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")
    for table in system.tables:
        here = work / f"{table.name}.parquet"
        _view(con, table, here if table.name in staged and here.exists() else None, name, _GIVEN)
        if part := base.deleted.get(table.name):
            gone[table.name] = work / f"{_DELETED}{table.name}.parquet"
            path = gone[table.name]
            problems += stage_table(con, system, _keys_of(table), [part], path, key, on).problems
        keys, path = _keys_of(table), gone.get(table.name)
        _view(con, keys, path if path and path.exists() else None, name, _GONE)
        if path and path.exists():
            problems += _wrong_keys(con, table)
    if not problems and not any(one.problems for one in staged.values()):
        for table in system.tables:
            if table.name in staged or table.name in base.snapshot.info.tables:
                part = _merged(con, table, work, key)
                of = staged.setdefault(table.name, Staged(columns=table.column_names))
                of.parts.append((base.snapshot.snapshot_id, part, True))
    for place in (_GIVEN, _GONE):
        con.execute(f"DROP SCHEMA {place} CASCADE")
    for path in gone.values():
        path.unlink(missing_ok=True)
    return problems


def _keys_of(table: Table) -> Table:
    """The table with its key alone; with all columns where it has none."""
    key = table.primary_key
    columns = tuple(table.by_name[name] for name in key or table.column_names)
    return Table(
        name=table.name, title=table.title, description=table.description, primary_key=key, columns=columns
    )  # fmt: skip


def _view(con: Any, table: Table, path: Path | None, key_name: str, schema: str) -> None:
    scan = scan_staged(path, key_name) if path else None
    con.execute(views.table_view(table, scan, table.column_names, schema))


def _wrong_keys(con: Any, table: Table) -> Iterator[Problem]:
    """Deleted rows that are not there, that came as well, or that are named twice."""
    name, key = quoted(table.name), ", ".join(map(quoted, table.primary_key))
    if not key:  # rows as often as they were
        columns = ", ".join(map(quoted, table.column_names))
        rows = (
            f"SELECT {columns} FROM {_GONE}.{name} EXCEPT ALL SELECT {columns} FROM {BEFORE}.{name}"
        )
        with guarded(RegisterUnreadable, table=table.name):
            [(count,)] = con.execute(f"SELECT count(*) FROM ({rows})").fetchall()
        if count:
            source = f"{_DELETED}{table.name}"
            yield Problem(table.name, "deleted_unknown", count=count, source=source)
        return
    numbered = f"(SELECT row_number() OVER () AS nr, {key} FROM {_GONE}.{name})"
    asked = {
        "deleted_unknown": f"{numbered} ANTI JOIN {BEFORE}.{name} USING ({key})",
        "deleted_and_given": f"{numbered} SEMI JOIN {_GIVEN}.{name} USING ({key})",
        "duplicate_key": f"(SELECT nr FROM (SELECT nr, row_number() OVER (PARTITION BY {key} ORDER BY nr) AS nth "
        f"FROM {numbered}) WHERE nth > 1)",
    }
    for code, rows in asked.items():
        with guarded(RegisterUnreadable, table=table.name):
            [(count, first)] = con.execute(
                f"SELECT count(*), min(nr, {LISTED}) FROM {rows}"
            ).fetchall()
        if count:
            source = f"{_DELETED}{table.name}"
            column = ", ".join(table.primary_key)
            yield Problem(table.name, code, column, count, tuple(sorted(first)), source=source)


def _merged(con: Any, table: Table, work: Path, key: StagingKey) -> int:
    """Write a table: the rows given, then those of the base that stay; how many these are."""
    name, columns = quoted(table.name), ", ".join(map(quoted, table.column_names))
    stay = f"SELECT {columns} FROM {BEFORE}.{name}"
    if table.primary_key:
        key_names = ", ".join(map(quoted, table.primary_key))
        stay += (
            f" ANTI JOIN (SELECT {key_names} FROM {_GIVEN}.{name} UNION ALL "
            f"SELECT {key_names} FROM {_GONE}.{name}) AS moved USING ({key_names})"
        )
    else:
        stay += f" EXCEPT ALL SELECT {columns} FROM {_GONE}.{name}"
    path, merged, kept = work / f"{table.name}.parquet", work / f".{table.name}.parquet", 0
    with staged_writer(merged, staged_schema(table), key) as writer:
        for query in (f"SELECT {columns} FROM {_GIVEN}.{name}", stay):
            with guarded(RegisterUnreadable, table=table.name):
                kept = 0
                for batch in con.sql(query).to_arrow_reader(BATCH):
                    writer.write(batch)
                    kept += batch.num_rows
    merged.replace(path)
    return kept


def row_changes(con: Any, system: System) -> dict[str, RowChanges]:
    """What became of the tables that changed, between the schemas of the base and of what is being loaded.

    Raises:
        RegisterUnreadable: a file can't be read.
    """
    with unordered(con):
        changes = compare_tables(con, system, BEFORE, "main")
    return {
        one.table: RowChanges(added=one.added, changed=one.changed, deleted=one.deleted)
        for one in changes
        if one.added or one.changed or one.deleted
    }


def touched_sql(system: System, only: Collection[str] | None = None) -> str:
    """Return the query for the entries (``record_id``) of which any row that linkage reads was added, changed or deleted.

    Args:
        system: the description.
        only: the tables that differ, where that is known.
    """
    linkage = system.linkage
    tables = {linkage.person_table, *(c.source.split(".")[0] for c in linkage.columns)}
    if linkage.role is not None:
        tables.add(linkage.party_table)
    key = quoted(linkage.person_key)
    asked = " UNION ".join(
        [f"SELECT {key} AS record_id FROM {quoted(linkage.person_table)} WHERE false"]
        + [
            f"SELECT {key} AS record_id FROM ({differing_sql(system.table(name), BEFORE, 'main')})"
            for name in sorted(tables)
            if only is None or name in only
        ]
    )
    return f"SELECT DISTINCT record_id FROM ({asked}) WHERE record_id IS NOT NULL ORDER BY 1"

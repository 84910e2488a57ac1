"""A snapshot's index: what every identified release needs of the whole register, worked out when it is loaded.

Tables: ``rows`` and ``texts`` (every entry's names, numbers and addresses as linkage reads them), ``released`` (what may leave of it),
``scope`` (which entries stand on what) and ``tallies`` (how often each category occurs). A release takes the rows that it may see; its links and its report are the
same as without. An index of another version is not read.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts import rows as extracts
from extracts.rows import compute as pc
from matching import errors, linking, normalise
from matching.arrays import give_back
from pipelines.home import locked
from pipelines.registers.ahead import ReadAhead, What
from pipelines.registers.index_changes import Changes
from pipelines.session import Session
from systems import database
from systems.description import System
from systems.register import BEFORE, Index, Indexed, Snapshot, SnapshotInfo, by_entry, entries_sql

if TYPE_CHECKING:
    import duckdb

_PART = 4_000_000  # entries whose rows as they may leave are worked out at a time: the tables are read again for each
_ENTRIES = 1_000_000  # entries whose names, addresses and numbers are brought together at a time
_MANY, _FEW = (
    1 << 17,
    1 << 13,
)  # rows read together: of what all releases read, and of what linked entries are looked up in
_READ = 0.4  # of the time that an index takes: until the entries are read as linkage reads them
_LITTLE = 10_000  # entries whose rows are read ahead: other work holds what it needs meanwhile
_KEPT = ["record_id", "identity"]
Read: TypeAlias = tuple[pa.Table, pa.Table]


def index_version(system: System) -> str | None:
    """The version of a system's index as this program makes it; none where nobody's entries are linked to."""
    if system.release.identified is None:
        return None
    return f"{normalise.VERSION}.{extracts.VERSION}-{system.digest[:16]}"


def index_of(snapshot: Snapshot) -> Index | None:
    """The index of a snapshot, where there is one that this program would make."""
    version = index_version(snapshot.system)
    return snapshot.index(version) if version else None


def stale_indexes(session: Session) -> list[str]:
    """The newest snapshot of each system, where an index would help its releases and there is none that they read."""
    newest = {info.system: info for info in session.registers.list()}
    wanted = {code: index_version(session.systems.load(code)) for code in newest}
    return [
        info.snapshot_id
        for code, info in sorted(newest.items())
        if wanted[code] and (info.index is None or info.index.version != wanted[code])
    ]


def renew_index(session: Session, snapshot: str, progress: Callable[[str], None]) -> SnapshotInfo:
    """Make a snapshot's index where it has none that releases read, or one whose files are not what was written.

    Raises:
        SnapshotUnknown, SnapshotDamaged: see `RegisterStore.open`.
        KindNotGiven: nobody's entries are linked to in this system.
        LinkageBroke, ExtractFailed: the database gave up.
        ReleaseHeld: a load is under way.
        CodedError: the bucket did not take it; `bucket upload` sends what is missing.
    """
    system = session.registers.open(snapshot).system
    system.rows("identified")
    with locked(session.home.register / system.code):
        found = session.registers.open(snapshot)
        if index_of(found) is None or not found.index_is_whole():
            progress("Working out what releases need of it")
            found = session.registers.index(snapshot, make_index)
            if session.object_store("register"):
                progress("Sending it to the bucket")
                session.upload_snapshot(snapshot)
        return found.info


def make_index(
    snapshot: Snapshot,
    base: Snapshot | None = None,
    share: Callable[[float], None] = lambda _done: None,
    read: Callable[[], Read | None] = lambda: None,
) -> tuple[str, Iterator[Indexed]]:
    """Work the index of a snapshot out; for a `RegisterStore`.

    Args:
        snapshot: its tables, its person index, and what changed since the base.
        base: what it was loaded against: where it has such an index, only what changed is worked out.
        share: told how much of it is done, from nought to one.
        read: gives every entry as linkage reads it (`normalise.stored_tables`, without persons), where somebody has just read them.

    Raises:
        LinkageBroke, ExtractFailed: the database gave up.
    """
    return index_version(snapshot.system) or "", _tables(snapshot, base, share, read)


def _tables(
    snapshot: Snapshot,
    base: Snapshot | None,
    share: Callable[[float], None],
    read: Callable[[], Read | None],
) -> Generator[Indexed, None, None]:
    before = index_of(base) if base is not None and base.index_is_whole() else None
    with snapshot.connect() as con:
        everybody = con.sql(
            "SELECT record_id, identity FROM person_index ORDER BY 1"
        ).to_arrow_table()
        if base is not None and before is not None:
            base.open_in(con, BEFORE)
            changes = Changes(con, snapshot, before, everybody)
            if changes.few:
                yield from _changed(con, snapshot.system, changes)
                return
        yield from _whole(con, snapshot.system, everybody, share, read)


def _changed(
    con: "duckdb.DuckDBPyConnection", system: System, changes: Changes
) -> Generator[Indexed, None, None]:
    """The tables, of which most rows are the base's."""
    rows, texts = changes.rows(lambda wanted: records_source(con, system, wanted))
    yield "rows", rows, _MANY
    yield "texts", texts, _MANY
    del rows, texts
    with changes.stored() as stored:
        new, scope, tallies = stored.rows().read_all(), stored.scope(), stored.tallies()
    reader = pa.RecordBatchReader.from_batches(new.schema, changes.released(new))
    yield "released", reader, _FEW
    yield "scope", changes.scope(scope), _MANY
    yield "tallies", changes.tallies(tallies), _MANY


def _whole(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    everybody: pa.Table,
    share: Callable[[float], None],
    read: Callable[[], Read | None],
) -> Generator[Indexed, None, None]:
    found = read()
    if found is None:
        source = records_source(con, system, everybody.select(["record_id"]))
        rows, texts = normalise.stored_tables(source.read(source.columns))
        del source
        share(_READ)
    else:
        rows, texts = _with_persons(found[0], everybody), found[1]
    begin = 0.0 if found else _READ
    yield "rows", rows, _MANY
    yield "texts", texts, _MANY
    del found, rows, texts
    give_back()

    def told(done: float) -> None:
        share(begin + (1 - begin) * done)

    scopes, tallies = list[pa.Table](), list[pa.Table]()
    parts = _released(con, system, everybody.select(["record_id"]), told, scopes, tallies)
    first = next(parts)
    reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], parts))
    yield "released", reader, _FEW
    yield "scope", pa.concat_tables(scopes), _MANY
    yield "tallies", extracts.tallies_together(tallies), _MANY


def _with_persons(rows: pa.Table, everybody: pa.Table) -> pa.Table:
    """Entries as they were read, with their persons; each is among everybody, who come in order."""
    ids, known = rows["record_id"].to_numpy(), everybody["record_id"].to_numpy()
    identity = everybody["identity"].to_numpy()[np.searchsorted(known, ids)]
    others = [name for name in rows.column_names if name not in (*_KEPT, "group")]
    columns = {"record_id": ids, "identity": identity} | {n: rows[n] for n in others}
    return pa.table(columns)


def _released(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    everybody: pa.Table,
    share: Callable[[float], None],
    scopes: list[pa.Table],
    tallies: list[pa.Table],
) -> Iterator[pa.RecordBatch]:
    """What may leave of every entry, a part of them at a time, at least one batch; who stands on what and the tallies of each part go to the lists."""
    for start in range(0, max(everybody.num_rows, 1), _PART):
        stored = extracts.StoredRows(con, system, everybody.slice(start, _PART))
        scopes.append(stored.scope())
        tallies.append(stored.tallies())
        reader = stored.rows()
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)
        yield from reader
        stored.drop()
        share(min(1.0, (start + _PART) / max(everybody.num_rows, 1)))


def records_source(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    wanted: pa.Table,
    seen: list[pa.Table] | None = None,
) -> linking.Source:
    """Every name and address variant of wanted entries (``record_id``, ascending) with their persons, out of the tables.

    ``seen`` gets ids and persons of what was given.

    Raises:
        LinkageBroke: while it is read: the database gave up.
    """
    query = (
        f"SELECT l.*, i.identity FROM ({entries_sql(system, 'wanted')}) l"
        " JOIN person_index i USING (record_id) ORDER BY ALL"
    )

    def parts() -> Iterator[pa.Table]:
        for here, some in by_entry(con, system, wanted, _ENTRIES):
            here.register("wanted", some)
            with database.guarded(errors.LinkageBroke, step="records"):
                table = here.sql(query).to_arrow_table()
            if seen is not None:
                seen.append(table.select(_KEPT))
            yield table

    return linking.parts_source(_columns(system), "records", parts)


def indexed_source(
    index: Index,
    system: System,
    allowed: extracts.RowScope,
    seen: list[pa.Table],
    ahead: ReadAhead,
) -> linking.Source:
    """The same out of a snapshot's index, of all entries in scope; what was read ahead is not read again.

    Raises:
        ScopeEmpty, IndexDamaged: while it is read.
    """

    def stored(columns: Sequence[str]) -> normalise.EncodingInput:
        read, ids = ahead.taken(*_entries(index, system, allowed, columns))
        seen.append(ids)
        return read

    return replace(_index_source(index, system, allowed, seen), stored=stored)


def read_entries_ahead(
    index: Index,
    system: System,
    allowed: extracts.RowScope,
    cohort: Sequence[str],
    ahead: ReadAhead,
) -> None:
    """Begin to read what `indexed_source` will be asked for by a cohort with these columns."""
    records = _index_source(index, system, allowed, []).columns
    columns = normalise.common_columns(cohort, records)
    ahead.begin(*_entries(index, system, allowed, columns))


def _entries(
    index: Index, system: System, allowed: extracts.RowScope, columns: Sequence[str]
) -> tuple[What, Callable[[], tuple[normalise.EncodingInput, pa.Table]]]:
    """Entries in scope as linkage reads them, and their ids and persons: under which name, and how they are read."""

    def read() -> tuple[normalise.EncodingInput, pa.Table]:
        seen: list[pa.Table] = []
        return _index_source(index, system, allowed, seen).read(columns), seen[0]

    return ("entries", index.files, allowed, tuple(columns)), read


def _index_source(
    index: Index, system: System, allowed: extracts.RowScope, seen: list[pa.Table]
) -> linking.Source:
    def rows(columns: Sequence[str]) -> pa.Table:
        chosen = extracts.records_of(index.read("scope"), system, allowed)["record_id"].to_numpy()
        table = index.some("rows", columns, "record_id", lambda ids: _among(ids, chosen))
        seen.append(table.select(_KEPT))
        return table

    return linking.stored_source(_columns(system), rows, lambda: index.read("texts"))


def released_of(
    index: Index, system: System, allowed: extracts.RowScope, links: pa.Table, ahead: ReadAhead
) -> pa.Table:
    """The stored rows of linked entries, with the columns that an extract of this scope looks at, unless they were read ahead.

    Raises:
        IndexDamaged: see `Index.some`.
    """
    return ahead.taken(*_leaving(index, system, allowed, _linked(links)))


def read_released_ahead(
    index: Index, system: System, allowed: extracts.RowScope, links: pa.Table, ahead: ReadAhead
) -> None:
    """Begin to read what `released_of` will give for these links, where it is little."""
    if len(linked := _linked(links)) <= _LITTLE:
        ahead.begin(*_leaving(index, system, allowed, linked))


def _leaving(
    index: Index, system: System, allowed: extracts.RowScope, linked: npt.NDArray[np.int64]
) -> tuple[What, Callable[[], pa.Table]]:
    columns = extracts.stored_columns(extracts.plan_for(system, "identified", allowed.columns))

    def read() -> pa.Table:
        return index.some("released", columns, "entry_", lambda ids: _among(ids, linked))

    return ("released", index.files, tuple(columns), linked.tobytes()), read


def _linked(links: pa.Table) -> npt.NDArray[np.int64]:
    chosen = links.filter(pc.equal(links["decision"], "link"))["record_id"]
    return np.unique(chosen.to_numpy())


def _among(ids: pa.Array, chosen: npt.NDArray[np.int64]) -> pa.Array:
    """Which ids (ascending) are among the chosen ones (ascending)."""
    own = ids.to_numpy()
    first, last = np.searchsorted(chosen, own[[0, -1]])
    near = chosen[first : last + 1]
    found = np.zeros(len(own), np.bool_)
    if len(near):
        found = near[np.minimum(np.searchsorted(near, own), len(near) - 1)] == own
    return pa.array(found)


def _columns(system: System) -> list[str]:
    return ["record_id", *(c.name for c in system.linkage.columns), "identity"]

"""Where the snapshots of all registers lie, and how a new one comes to be there.

    <root>/<SYSTEM>/<SYSTEM>-<yyyymmdd>-<nnn>/   one encrypted file per table, person_index, index, manifest

A snapshot appears by one rename, whole, or not at all.
"""

import datetime as dt
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from crypto.resting import write_staged
from crypto.secret import StagingKey
from systems import database
from systems.description import System, Systems
from systems.errors import (
    IndexIncomplete,
    RegisterUnreadable,
    SnapshotRetired,
    SnapshotUnknown,
    SnapshotWaits,
)
from systems.register import snapshot as snapshots
from systems.register.changes import Base, merge, row_changes
from systems.register.checks import Problem, key_problems
from systems.register.comparing import BEFORE
from systems.register.incoming import Staged, stage_table
from systems.register.index import PATTERN, Indexed, write_tables
from systems.register.judging import Judgement, keep_judgement
from systems.register.problems import refused
from systems.register.sources import Supply

KeyFor = Callable[[str, bool], StagingKey]
Resolve = Callable[[Any], pa.Table]
Progress = Callable[[str, int, int], None]
# Works an index out of a snapshot: its version, and its tables one after the other
MakeIndex = Callable[[snapshots.Snapshot], tuple[str, Iterable[Indexed]]]

_ID = re.compile(r"([A-Z]{2,12})-(\d{8})-(\d{3,})")
_INDEX_SCHEMA = pa.schema([(n, pa.int64()) for n in ("record_id", "identity", "identity_lower")])


@dataclass(frozen=True)
class Standing:
    """Whether a snapshot is in use, waits for a second person, or was retired; ``by``: who may accept it."""

    state: Literal["accepted", "waiting", "retired"] = "accepted"
    by: tuple[str, ...] = ()


def _by_itself(info: snapshots.SnapshotInfo) -> Standing:
    """Where nobody is asked: one that failed waits."""
    return Standing("waiting" if info.held else "accepted")


class RegisterStore:
    """The snapshots under one directory.

    Args:
        root: directory of the store; made where it is not there.
        key_for: gives the key of a snapshot by its id, and makes it where the second argument is true.
        forget_key: erases a key: of a snapshot that was refused, or whose load was stopped.
        systems: the systems as the home has them.
        fetch: where the directory only holds copies of what is kept elsewhere, gets a file from there.
        standing: says of a snapshot whether it is in use.
    """

    def __init__(
        self,
        root: Path,
        key_for: KeyFor,
        forget_key: Callable[[str], object],
        systems: Systems,
        fetch: snapshots.FetchFile | None = None,
        standing: Callable[[snapshots.SnapshotInfo], Standing] = _by_itself,
    ) -> None:
        self.standing = standing
        self._root = root
        self._key_for = key_for
        self._forget_key = forget_key
        self._fetch = fetch
        self._systems = systems

    def load(
        self,
        system: System,
        supply: Supply,
        *,
        resolve: Resolve,
        on: dt.date,
        accept: Callable[[snapshots.Snapshot], None] | None = None,
        index: MakeIndex | None = None,
        judge: Callable[[snapshots.Snapshot], Judgement] | None = None,
        progress: Progress | None = None,
        base: Base | None = None,
        remember: Callable[[], tuple[pa.Table | None, int]] | None = None,
    ) -> snapshots.Snapshot:
        """Validate a register, resolve its entries to persons, and add it as a snapshot.

        Args:
            system: what the tables must fit.
            supply: where they come from, under our names.
            resolve: takes a connection with ``linkage_records`` and the tables, and returns the
                person index: ``record_id``, ``identity``, ``identity_lower``, one row per entry.
            on: the day of loading.
            accept: looks at the complete snapshot before it gets its name; what it raises is
                passed on, and nothing stays behind.
            index: works out of the snapshot what releases read in its tables' stead.
            judge: says what it holds beside the one before: kept with it, and where anything fails it waits.
            progress: called with a step, what is done of it, and its total.
            base: the snapshot that this is a change of; its tables are then in the schema ``before``.
            remember: asked after ``resolve`` for what is kept for a later load, and how many entries were worked out.

        Raises:
            BaseDiffers: the base was loaded by another description.
            CodedError: of the source.
            RegisterRefused: with ``problems``, all of them.
            IndexIncomplete: ``resolve`` left entries out.
        """
        report = progress or (lambda _step, _done, _total: None)
        if base is not None:
            base.check(system)
        home = self._root / system.code
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        snapshot_id, work = _claim(home, system.code, on)
        try:
            key = self._key_for(snapshot_id, True)
            with closing(database.connect()) as con:
                staged = _stage(con, system, supply, work, key, on, report, base)
                changes = row_changes(con, system) if base else {}
                info = _describe(con, system, snapshot_id, staged, work, resolve, key, on, report)
                kept, resolved = remember() if remember else (None, info.entries)
            info = _beside(info, kept, work, key)
            info = info.model_copy(
                update={
                    "synthetic": supply.synthetic
                    and (base is None or not base.delta or base.snapshot.info.synthetic),
                    "mapping": supply.mapping,
                    "base": base.snapshot.snapshot_id if base else None,
                    "changes": changes,
                    "resolved": resolved if base else None,
                }
            )
            snapshots.write_manifest(info, work)
            if index is not None:
                info = _with_index(self._snapshot(work, info, key), index, work, key)
            if accept is not None:
                accept(self._snapshot(work, info, key))
            if judge is not None:
                info = keep_judgement(judge(self._snapshot(work, info, key)), info, work, key)
            work.rename(home / snapshot_id)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            if not (home / snapshot_id).exists():  # a signal may come when it has its name
                self._forget_key(snapshot_id)
            raise
        return self._snapshot(home / snapshot_id, info, key)

    def index(self, snapshot_id: str, index: MakeIndex) -> snapshots.Snapshot:
        """Make a snapshot's index, or make it again; for the holder of the register's lock.

        Raises:
            SnapshotUnknown, SnapshotDamaged: see `open`.
        """
        snapshot, directory = self.open(snapshot_id), self._directory(snapshot_id)
        key = self._key_for(snapshot_id, False)
        _remove_index(directory, snapshot.info)  # what one that was stopped left
        snapshot.fetch_files()
        info = _with_index(snapshot, index, directory, key)
        _remove_index(directory, info)
        return self._snapshot(directory, info, key)

    def _snapshot(
        self, directory: Path, info: snapshots.SnapshotInfo, key: StagingKey
    ) -> snapshots.Snapshot:
        return snapshots.Snapshot(directory, info, key, self._systems, self._fetch)

    def list(self, system: str | None = None) -> list[snapshots.SnapshotInfo]:
        """Return what snapshots there are, oldest first.

        Raises:
            SnapshotDamaged: a manifest is missing or not ours.
        """
        pattern = f"{system or '*'}/*"
        places = [path for path in sorted(self._root.glob(pattern)) if _ID.fullmatch(path.name)]
        return [snapshots.read_manifest(path) for path in places]

    def open(self, snapshot_id: str, *, waiting: bool = False) -> snapshots.Snapshot:
        """Open a snapshot; one that waits for a second person only where ``waiting`` says so.

        Raises:
            SnapshotUnknown: there is none of this name.
            SnapshotWaits: nobody has accepted it (exit 7).
            SnapshotDamaged: its manifest is missing or not ours.
        """
        directory = self._directory(snapshot_id)
        info = snapshots.read_manifest(directory)
        standing = self.standing(info)
        if standing.state == "waiting" and not waiting:
            raise SnapshotWaits(snapshot=snapshot_id, by=standing.by)
        key = self._key_for(snapshot_id, False)
        return self._snapshot(directory, info, key)

    def in_use(self, snapshot_id: str) -> snapshots.Snapshot:
        """Open a snapshot for a new order.

        Raises:
            SnapshotRetired: it is in use no longer.
            SnapshotUnknown, SnapshotWaits, SnapshotDamaged: see `open`.
        """
        found = self.open(snapshot_id)
        if self.standing(found.info).state == "retired":
            raise SnapshotRetired(snapshot=snapshot_id)
        return found

    def files(self, snapshot_id: str) -> Sequence[Path]:
        """The paths of a snapshot's encrypted files, whether or not a copy is here.

        Raises:
            SnapshotUnknown, SnapshotDamaged: see `open`.
        """
        directory = self._directory(snapshot_id)
        return [directory / f"{name}.parquet" for name in snapshots.read_manifest(directory).files]

    def _directory(self, snapshot_id: str) -> Path:
        named = _ID.fullmatch(snapshot_id)
        directory = self._root / named[1] / snapshot_id if named else self._root
        if named is None or not directory.is_dir():
            raise SnapshotUnknown
        return directory

    def newest(self, system: str) -> snapshots.Snapshot:
        """Open the newest snapshot of a system that is in use.

        Raises:
            SnapshotUnknown: there is none.
            SnapshotWaits: there is none, and one waits for a second person (exit 7).
        """
        known = [(info.snapshot_id, self.standing(info)) for info in self.list(system)]
        for wanted in ("accepted", "waiting"):
            if found := [name for name, standing in known if standing.state == wanted]:
                return self.open(found[-1])
        raise SnapshotUnknown(system=system)


def _claim(home: Path, code: str, on: dt.date) -> tuple[str, Path]:
    """Take the next free number by making its working directory, which nobody else can then make."""
    number = 1
    while True:
        snapshot_id = f"{code}-{on:%Y%m%d}-{number:03d}"
        work = home / f".{snapshot_id}"
        if not (home / snapshot_id).exists():
            try:
                work.mkdir(mode=0o700)
            except FileExistsError:
                pass
            else:
                return snapshot_id, work
        number += 1


def _stage(
    con: Any,
    system: System,
    supply: Supply,
    work: Path,
    key: StagingKey,
    on: dt.date,
    report: Progress,
    base: Base | None,
) -> dict[str, Staged]:
    """Stage every table and open its view; refuse with all problems of all tables at once."""
    names = supply.names
    problems = [
        Problem(table.name, "missing_table")
        for table in system.tables
        if table.required and table.name not in (*names, *(base.tables if base else ()))
    ]
    staged: dict[str, Staged] = {}
    for done, name in enumerate(names):
        report("validate", done, len(names))
        target, table = work / f"{name}.parquet", system.table(name)
        staged[name] = stage_table(con, system, table, supply.parts(name), target, key, on)
        problems += staged[name].problems
    if base is not None and base.delta:
        problems += merge(con, system, base, staged, work, key, on)
        if problems:  # changes alone have no keys to check
            raise refused(system, problems)
    elif base is not None:
        base.snapshot.open_in(con, BEFORE)
    written = {name: work / f"{name}.parquet" for name in staged}
    readable = {name: path for name, path in written.items() if path.exists()}
    report("validate", len(names), len(names))
    columns = {name: _stored_columns(system, name) for name in readable}
    snapshots.open_views(con, system, readable, columns, key)
    problems += [staged[p.table].placed(p) for p in key_problems(con, system, set(readable))]
    problems += supply.problems()
    if problems:
        raise refused(system, problems)
    return staged


def _describe(
    con: Any,
    system: System,
    snapshot_id: str,
    staged: dict[str, Staged],
    work: Path,
    resolve: Resolve,
    key: StagingKey,
    on: dt.date,
    report: Progress,
) -> snapshots.SnapshotInfo:
    """Resolve the persons, store their index, and write down what there is."""
    report("resolve", 0, 1)
    index = _checked_index(con, system, resolve(con))
    with database.guarded(RegisterUnreadable):
        column = system.release.aggregated.year_source.split(".")
        [(first, last)] = con.execute(
            f'SELECT min("{column[1]}"), max("{column[1]}") FROM "{column[0]}"'
        ).fetchall()
        con.register("resolved", index)
        [(entries, persons, lower)] = con.execute(
            "SELECT count(*), count(DISTINCT identity), count(DISTINCT identity_lower) FROM resolved"
        ).fetchall()
    write_staged(index, work / f"{snapshots.INDEX}.parquet", key)
    report("resolve", 1, 1)
    everything = {
        name: (table.rows, _stored_columns(system, name)) for name, table in staged.items()
    }
    everything[snapshots.INDEX] = (index.num_rows, tuple(_INDEX_SCHEMA.names))
    return snapshots.SnapshotInfo(
        snapshot_id=snapshot_id,
        created=on,
        system=system.code,
        system_version=system.version,
        system_digest=system.digest,
        tables={
            name: snapshots.stored(work / f"{name}.parquet", rows, columns)
            for name, (rows, columns) in sorted(everything.items())
        },
        entries=entries,
        persons=persons,
        persons_lower=lower,
        first_year=first.year if first else None,
        last_year=last.year if last else None,
        last_day=last,
        synthetic=False,
    )


def _beside(
    info: snapshots.SnapshotInfo, kept: pa.Table | None, work: Path, key: StagingKey
) -> snapshots.SnapshotInfo:
    """With what is kept for a later load."""
    if kept is None:
        return info
    path = work / f"{snapshots.RESOLUTION}.parquet"
    write_staged(kept, path, key)
    stored = snapshots.stored(path, kept.num_rows, kept.column_names)
    return info.model_copy(update={"tables": info.tables | {snapshots.RESOLUTION: stored}})


def _with_index(
    snapshot: snapshots.Snapshot, make: MakeIndex, directory: Path, key: StagingKey
) -> snapshots.SnapshotInfo:
    """Write an index beside the one that the manifest names, and have it name this one."""
    before = snapshot.info.index
    version, tables = make(snapshot)
    written = write_tables(tables, before.files if before else (), directory, key)
    files = {
        name: snapshots.stored(directory / f"{name}.parquet", rows, columns)
        for name, (rows, columns) in written.items()
    }
    index = snapshots.StoredIndex(version=version, files=files)
    info = snapshot.info.model_copy(update={"index": index})
    snapshots.write_manifest(info, directory)
    return info


def _remove_index(directory: Path, info: snapshots.SnapshotInfo) -> None:
    """Remove files of an index that the manifest does not name."""
    for path in directory.glob(PATTERN):
        if path.stem not in info.files:
            path.unlink()


def _stored_columns(system: System, name: str) -> tuple[str, ...]:
    """Every described column is staged; those that the file did not have are null."""
    return system.table(name).column_names


def _checked_index(con: Any, system: System, index: pa.Table) -> pa.Table:
    """Every entry exactly once, none besides; sorted by entry, so that it is always the same file."""
    table, key = system.linkage.record.split(".")
    try:
        index = index.select(_INDEX_SCHEMA.names).cast(_INDEX_SCHEMA).sort_by("record_id")
    except (pa.ArrowException, KeyError):
        raise IndexIncomplete from None
    with database.guarded(RegisterUnreadable):
        con.register("resolved", index)
        [(rows, distinct, missing, nulls, split)] = con.execute(
            f"SELECT (SELECT count(*) FROM resolved), (SELECT count(DISTINCT record_id) FROM resolved), "
            f'(SELECT count(*) FROM (SELECT "{key}" AS record_id FROM "{table}") '
            f"ANTI JOIN resolved USING (record_id)), "
            f"(SELECT count(*) FROM resolved WHERE record_id IS NULL OR identity IS NULL OR identity_lower IS NULL), "
            # the lower bound only ever joins identities, it never splits one
            f"(SELECT count(*) FROM (SELECT identity FROM resolved GROUP BY identity "
            f"HAVING count(DISTINCT identity_lower) > 1))"
        ).fetchall()
        [(entries,)] = con.execute(f'SELECT count(*) FROM "{table}"').fetchall()
        con.unregister("resolved")
    if rows != entries or distinct != entries or missing or nulls or split:
        raise IndexIncomplete(rows=rows, entries=entries, missing=missing, nulls=nulls, split=split)
    return index

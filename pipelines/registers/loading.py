"""Loading registers: the system validates, matching resolves entries to persons, both are pinned."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from approvals.ledger import FactValue
from errors import CodedError
from expectations.validation import validate
from pipelines.errors import DemoRefusesRealData
from pipelines.home import locked
from pipelines.registers.indexing import index_version, make_index
from pipelines.registers.judging import judgement_for, said_of, verdict_of
from pipelines.registers.listing import as_row
from pipelines.registers.mapped import supply_of
from pipelines.registers.resolving import Resolution
from pipelines.safeguards import check_settings
from pipelines.session import Session, today
from systems.databases import DatabaseSource
from systems.description import System
from systems.register import (
    Base,
    FileSource,
    Indexed,
    Judgement,
    Snapshot,
    SnapshotInfo,
    Source,
    parted,
)

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]
_TABLES = 0.8  # of the time that validating takes; keys and references take the rest


@dataclass(frozen=True)
class Against:
    """The snapshot that a load is a change of.

    Attributes:
        snapshot: its id, or ``newest``.
        delta: the files have changes alone; see `systems.register.Base`.
        relearn: learn anew how common values are, and resolve everybody.
    """

    snapshot: str
    delta: bool = False
    relearn: bool = False


def load_register(
    session: Session,
    system: str,
    source: Source | Sequence[Path],
    progress: Progress,
    against: Against | None = None,
    share: Callable[[float], None] = lambda _done: None,
) -> dict[str, Any]:
    """Validate tables, resolve their entries to persons, and add a snapshot.

    Args:
        session: the opened home; its mapping of the system, where it has one, says what the tables are called.
        system: the code of the data system.
        source: a database, or files.
        progress: told of each step.
        against: the snapshot that it is a change of.
        share: told how much of a step is done, from nought to one.

    Raises:
        SnapshotUnknown, BaseDiffers: there is no such snapshot to load against, or not of this description.
        DemoRefusesRealData: a demo home was offered what has no synthetic mark.
        MappingWrong: the home's mapping does not fit the system's description.
        SettingsNotConfirmed: the same of a mapping that fits all rows and that nobody confirmed.
        SettingsNotConfirmed: how entries are resolved to persons stands by nobody's word (exit 3).
        CodedError: what is wrong with the files, all of it at once (exit 6), or a failed suite.
        ReleaseHeld: another load is under way.
        CodedError: the bucket did not take it: the snapshot is loaded and whole in the home, and
            `bucket upload` sends what is missing.
    """
    described = session.systems.load(system)
    if isinstance(source, Sequence):
        source = FileSource(source, session.limits)
    leave = source.close if isinstance(source, DatabaseSource) else None
    if session.demo and not source.synthetic:
        raise DemoRefusesRealData
    check_settings(session)
    source, base = _base(session, described, source, against)
    supply, base, confirmed = supply_of(session, described, source, base)
    seconds: dict[str, float] = {}
    policy, relearn = session.settings.linkage, against is not None and against.relearn
    resolution = Resolution(described, policy, base, progress, share, relearn=relearn)

    def resolve(con: "duckdb.DuckDBPyConnection") -> pa.Table:
        confirmed()
        if leave is not None:
            leave()  # all of it was read: no transaction of ours stays open meanwhile
        began = time.monotonic()
        index = resolution(con)
        seconds["resolve"] = time.monotonic() - began
        return index

    def accept(snapshot: Snapshot) -> None:
        progress("Checking the register's suite")
        started = time.monotonic()
        with snapshot.connect() as con:
            person = described.linkage.person_table
            validate("register", described, con, person, {"on": today()}).require()
        seconds["validate"] = time.monotonic() - started

    def indexing(snapshot: Snapshot) -> tuple[str, Iterator[Indexed]]:
        progress("Working out what releases need of it")
        return make_index(snapshot, base.snapshot if base else None, share, resolution.rows)

    def judge(snapshot: Snapshot) -> Judgement:
        progress("Comparing it with the snapshot before")
        started = time.monotonic()
        judgement = judgement_for(session, snapshot)
        seconds["judge"] = time.monotonic() - started
        return judgement

    with locked(session.home.register / system):
        progress(f"Validating the {system} register")
        began = time.monotonic()
        try:
            snapshot = session.registers.load(
                described, supply, resolve=resolve, on=today(), accept=accept, judge=judge,
                base=base, remember=resolution.kept, progress=_staged(supply.names, source, share),
                index=indexing if index_version(described) else None,
            )  # fmt: skip
        except CodedError as error:
            problems = max(1, len(getattr(error, "problems", ())))
            session.note("register_refused", system=system, problems=problems, code=error.code)
            raise
        seconds["load"] = time.monotonic() - began - sum(seconds.values())
        info = snapshot.info
        session.note(
            "register_loaded",
            key=f"register/{info.snapshot_id}",
            system=system,
            snapshot=info.snapshot_id,
            rows=sum(info.rows.values()),
            persons=info.persons,
            persons_lower=info.persons_lower,
            synthetic=info.synthetic,
            **_changes(info),
            **said_of(snapshot),
        )
        if session.object_store("register"):
            progress("Sending it to the bucket")
            began = time.monotonic()
            session.upload_snapshot(info.snapshot_id)
            seconds["upload"] = time.monotonic() - began
    told = {"seconds": {name: round(s, 1) for name, s in seconds.items()}}
    return as_row(session, info) | told | verdict_of(session, snapshot)


def _base(
    session: Session, system: System, source: Source, against: Against | None
) -> tuple[Source, Base | None]:
    """What a load is against, and its tables without the keys of rows that are gone."""
    if against is None:
        return source, None
    store = session.registers
    newest = against.snapshot == "newest"
    snapshot = store.newest(system.code) if newest else store.open(against.snapshot)
    if not against.delta:
        return source, Base(snapshot)
    source, deleted = parted(source, system)
    return source, Base(snapshot, delta=True, deleted=deleted)


def _changes(info: SnapshotInfo) -> dict[str, FactValue]:
    """What the ledger is told of a load against a snapshot: rows of all tables together."""
    if info.base is None:
        return {}
    changes = info.changes.values()
    return {
        "base": info.base,
        "added": sum(one.added for one in changes),
        "changed": sum(one.changed for one in changes),
        "deleted": sum(one.deleted for one in changes),
        "resolved": info.resolved or 0,
    }


def _staged(
    names: Sequence[str], source: Source, share: Callable[[float], None]
) -> Callable[[str, int, int], None]:
    """Tells the share of the tables that are staged: by the files' sizes, where there are files."""
    sizes = source.sizes if isinstance(source, FileSource) else {}
    weights = [1 + sizes.get(name, 0) for name in names]

    def tell(step: str, done: int, _total: int) -> None:
        if step == "validate":
            share(_TABLES * sum(weights[:done]) / max(1, sum(weights)))

    return tell

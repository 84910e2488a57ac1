"""The ledger: an append-only, hash-chained list of events.

Each event's body is canonical JSON that names its number and the hash of the body before it; the
hash of a body is its RFC 6962 leaf hash, so that one value serves the chain and the Merkle tree. A
signed checkpoint (size and root) that left the building makes every later rewriting visible.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select

from approvals.errors import ClockBehind, KeyReused, StateMoved
from approvals.ledger.database import BEGINNING, EVENTS, open_engine, unavailable, writing
from approvals.ledger.events import Event, FactValue

Witness = Callable[[int, str], None]  # called with the number and hash of the newest event
Store = Callable[[], object]  # stores what an event pins
Prove = Callable[
    [Event, datetime], Event
]  # gives an event, at its time, its signature where it has one
CLOCK_TOLERANCE = timedelta(
    minutes=2
)  # between machines that share a ledger, and steps of a time server
_STANDS = frozenset(
    {"clock_behind", "clock_corrected", "clock_differs"}
)  # recorded while the clock is behind, at the last time
_BATCH = 10_000  # rows fetched at a time: some megabytes
_ASKED = 500  # numbers in one question
_NAMED = 500  # releases named in one query: databases take a thousand values and more
_FEW = 2_000  # the same, as entries: two megabytes


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as recorded: ``seq`` from 1 without gaps, ``at`` in UTC, ``hash`` of its body."""

    seq: int
    at: datetime
    kind: str
    actor: str
    project: str | None
    release: str | None
    key: str | None
    facts: Mapping[str, FactValue]
    hash: str

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        named: dict[str, object] = {n: getattr(self, n) for n in self.__slots__ if n != "at"}
        facts = {k: list(v) if isinstance(v, tuple) else v for k, v in self.facts.items()}
        return named | {"at": stamp(self.at), "facts": facts}


class Ledger:
    """One ledger, opened. Several processes may have it open and append at the same time."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime],
        witness: Witness | None = None,
        guard: Callable[[], object] | None = None,
        prove: Prove | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._witness = witness
        self._guard = guard
        self._prove = prove

    @classmethod
    def open(
        cls,
        url: str,
        *,
        create: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        witness: Witness | None = None,
        guard: Callable[[], object] | None = None,
        prove: Prove | None = None,
    ) -> "Ledger":
        """Open a ledger by its SQLAlchemy URL (``sqlite:////home/ledger.sqlite3``).

        Args:
            url: where.
            create: make a new one; it must not be there yet.
            clock: the time of an event, aware.
            witness: called with the number and hash of each event after it was committed
                (``HeadFile.advance``).
            guard: called once before the first event is recorded; what it raises keeps the ledger as it is.
            prove: called with each event and its time when nothing else speaks against it any more; what it raises keeps the
                ledger as it is. Nobody else writes meanwhile, and it may read.

        Raises:
            LedgerMissing, LedgerExists, LedgerUnavailable: see their texts.
        """
        return cls(open_engine(url, create=create), clock, witness, guard, prove)

    @property
    def engine(self) -> Engine:
        """The database."""
        return self._engine

    def append(
        self,
        event: Event,
        *,
        last_of_project: int | None = None,
        last_of_release: int | None = None,
        store: Store | None = None,
    ) -> Entry:
        """Record one event.

        Args:
            event: what happened. With a ``key`` that is recorded already, the recorded entry is
                given back if it says the same.
            last_of_project: the number of the newest event of ``event.project`` (not of its
                releases) that the caller based its decision on; where a newer one exists,
                nothing is written.
            last_of_release: the same for ``event.release``.
            store: called when nothing speaks against the event any more and before it is committed: what is
                refused is not stored, and what a recorded event pins can be read.

        Raises:
            KeyReused: the key stands for an event that says something else.
            StateMoved: the project or release has newer events.
            ClockBehind: this machine's clock stands before the newest event; that alone was recorded.
            LedgerUnavailable: the database failed; nothing was written.
        """
        behind, guard = timedelta(), self._guard
        if guard is not None:
            guard()
            self._guard = None
        with writing(self._engine) as connection:
            if event.key is not None and (found := _by_key(connection, event.key)):
                if _meaning(found) != _meaning(event):
                    raise KeyReused(seq=found.seq, kind=found.kind)
                if store is not None:  # it may have been lost since
                    store()
                return found
            own = (EVENTS.c.project == event.project) & EVENTS.c.release.is_(None)
            _check_unmoved(connection, own, last_of_project)
            _check_unmoved(connection, EVENTS.c.release == event.release, last_of_release)
            seq, previous, last = _newest(connection)
            now = self._clock()
            if last is not None and now < last - CLOCK_TOLERANCE:
                behind = last - now
            if behind and event.kind not in {*_STANDS, "clock_confirmed"}:
                # expired approvals, checks and keys would be in force again: nothing goes on
                event = Event(
                    "clock_behind", event.actor, facts={"seconds": int(behind.total_seconds())}
                )
            # A clock that is wrong does not move the ledger's time, behind or ahead.
            wrong = (behind and event.kind in _STANDS) or event.kind == "clock_differs"
            at = last if wrong and last is not None else now
            if self._prove is not None and event.kind != "clock_behind":
                event = self._prove(event, at)
            entry, row = self._row(event, seq + 1, previous, at)
            connection.execute(insert(EVENTS), row)
            if store is not None and event.kind != "clock_behind":
                store()
        if self._witness is not None:
            self._witness(entry.seq, entry.hash)
        if entry.kind == "clock_behind":
            raise ClockBehind(seconds=int(behind.total_seconds()))
        return entry

    def clock(self) -> tuple[datetime | None, datetime]:
        """The time of the newest event, None before the first, and the time of this machine."""
        with unavailable(), self._engine.connect() as connection:
            return _newest(connection)[2], self._clock()

    def events(
        self,
        project: str | None = None,
        release: str | None = None,
        kind: str | Collection[str] | None = None,
        actor: str | None = None,
    ) -> list[Entry]:
        """The events of a project (its releases' included), a release, a kind or several, a person, in order."""
        kinds = (
            [] if kind is None else [EVENTS.c.kind.in_([kind] if isinstance(kind, str) else kind)]
        )
        return self._read(*kinds, project=project, release=release, actor=actor)

    def project_events(self, project: str) -> list[Entry]:
        """The events of a project's own life, without those of its releases, in order."""
        return self._read(EVENTS.c.release.is_(None), project=project)

    def of_releases(
        self, releases: Sequence[str], kinds: Collection[str]
    ) -> dict[str, list[Entry]]:
        """The events of these kinds of several releases, by release, in order; those that have none are not in it."""
        found: dict[str, list[Entry]] = {}
        for at in range(0, len(releases), _NAMED):
            some = EVENTS.c.release.in_(releases[at : at + _NAMED])
            for entry in self._read(some, EVENTS.c.kind.in_(kinds)):
                found.setdefault(entry.release or "", []).append(entry)
        return found

    def newer(self, seq: int, *, releases: bool) -> Iterator[list[Entry]]:
        """The events after a number of all projects' own lives, or of all releases, in order and some at a time."""
        of_release = EVENTS.c.release.is_not(None)
        own = EVENTS.c.release.is_(None) & EVENTS.c.project.is_not(None)
        query = select(EVENTS.c.hash, EVENTS.c.body).order_by(EVENTS.c.seq)
        query = query.where(EVENTS.c.seq > seq, of_release if releases else own)
        with unavailable(), self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=_FEW).execute(query)
            for part in streamed.partitions():
                yield [as_entry(row[0], row[1]) for row in part]

    def _read(self, *conditions: ColumnElement[bool], **equal: str | None) -> list[Entry]:
        query = select(EVENTS.c.hash, EVENTS.c.body).where(*conditions).order_by(EVENTS.c.seq)
        for column, value in equal.items():
            if value is not None:
                query = query.where(EVENTS.c[column] == value)
        with unavailable(), self._engine.connect() as connection:
            return [as_entry(row[0], row[1]) for row in connection.execute(query)]

    def last_of(self, release: str) -> int:
        """The number of a release's newest event; 0 where it has none."""
        query = select(EVENTS.c.seq).where(EVENTS.c.release == release)
        with unavailable(), self._engine.connect() as connection:
            newest = query.order_by(EVENTS.c.seq.desc()).limit(1)
            return connection.execute(newest).scalar_one_or_none() or 0

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row as stored (seq, at, kind, actor, project, release, key, hash, body)."""
        query = select(*EVENTS.c).order_by(EVENTS.c.seq)
        with unavailable(), self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=_BATCH).execute(query)
            for part in streamed.partitions():
                yield from (tuple(row) for row in part)

    def export(self, target: Path) -> int:
        """Write every event's body to a new file, one line each; returns how many."""
        count = 0
        handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            for row in self.rows():
                file.write(row[-1] + "\n")
                count += 1
        return count

    def size(self) -> int:
        """How many events there are."""
        with unavailable(), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(EVENTS)).scalar_one()

    def hash_at(self, seq: int) -> str | None:
        """The hash of an event by its number; None where there is none."""
        with unavailable(), self._engine.connect() as connection:
            query = select(EVENTS.c.hash).where(EVENTS.c.seq == seq)
            return connection.execute(query).scalar_one_or_none()

    def hashes(self, seqs: Collection[int]) -> Mapping[int, str]:
        """The hashes of several events by their numbers, of those that are there."""
        wanted, found = sorted(seqs), dict[int, str]()
        with unavailable(), self._engine.connect() as connection:
            for at in range(0, len(wanted), _ASKED):
                some = wanted[at : at + _ASKED]
                query = select(EVENTS.c.seq, EVENTS.c.hash).where(EVENTS.c.seq.in_(some))
                found.update((row[0], row[1]) for row in connection.execute(query))
        return found

    def first_since(self, at: datetime) -> int | None:
        """The number of the first event at or after a time; None where there is none."""
        with unavailable(), self._engine.connect() as connection:
            query = select(func.min(EVENTS.c.seq)).where(EVENTS.c.at >= stamp(at))
            return connection.execute(query).scalar()

    def is_demo(self) -> bool:
        """Whether the first event says that this is a demo home."""
        first = self._read(EVENTS.c.seq == 1)
        return any(e.kind == "home_created" and e.facts.get("demo") is True for e in first)

    def _row(
        self, event: Event, seq: int, previous: str, at: datetime
    ) -> tuple[Entry, dict[str, object]]:
        """The entry and the stored row of an event that follows the hash ``previous``."""
        body = canonical_json(
            {
                "seq": seq,
                "previous": previous,
                "at": stamp(at),
                "kind": event.kind,
                "actor": event.actor,
                "project": event.project,
                "release": event.release,
                "key": event.key,
                "facts": event.facts,
            }
        )
        digest = leaf_hash(body.encode()).hex()
        entry = as_entry(digest, body)
        named = {n: getattr(entry, n) for n in ("kind", "actor", "project", "release", "key")}
        return entry, {**named, "seq": seq, "at": stamp(entry.at), "hash": digest, "body": body}


def _newest(connection: Connection) -> tuple[int, str, datetime | None]:
    """Number, hash and time of the newest event, or of the beginning."""
    newest = select(EVENTS.c.seq, EVENTS.c.hash, EVENTS.c.at).order_by(EVENTS.c.seq.desc()).limit(1)
    row = connection.execute(newest).first()
    return (row[0], row[1], datetime.fromisoformat(row[2])) if row else (0, BEGINNING, None)


def canonical_json(content: Mapping[str, object]) -> str:
    """JSON with one spelling only: keys sorted, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _by_key(connection: Connection, key: str) -> Entry | None:
    query = select(EVENTS.c.hash, EVENTS.c.body).where(EVENTS.c.key == key)
    row = connection.execute(query).first()
    return as_entry(row[0], row[1]) if row else None


def _check_unmoved(connection: Connection, which: ColumnElement[bool], last: int | None) -> None:
    if last is None:
        return
    newest = connection.execute(select(func.max(EVENTS.c.seq)).where(which)).scalar()
    if (newest or 0) != last:
        raise StateMoved


def _meaning(event: Event | Entry) -> tuple[object, ...]:
    return event.kind, event.project, event.release, canonical_json(event.facts)


def as_entry(digest: str, body: str) -> Entry:
    """An event from its stored hash and body."""
    content = cast("dict[str, Any]", json.loads(body))
    facts = {k: tuple(v) if isinstance(v, list) else v for k, v in content["facts"].items()}
    named = {n: content[n] for n in ("seq", "kind", "actor", "project", "release", "key")}
    return Entry(**named, at=datetime.fromisoformat(content["at"]), facts=facts, hash=digest)


def stamp(at: datetime) -> str:
    """A moment as events write it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of one event with the leaf's prefix, so that no leaf can pass for a node."""
    return hashlib.sha256(b"\x00" + body).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Takes leaf hashes one after the other and knows the root at any moment."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # roots of full subtrees, largest first
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash: as many merges as the size has trailing ones in binary."""
        size = self.size
        while size & 1:
            leaf = _node(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root; of nothing, the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root

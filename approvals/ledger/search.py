"""Finding events: by project, release, person, kind, days and the text of an id; newest first, a page at a time.

One look reads no more than so many events, however many there are: the database walks an index backwards from where the page
before ended. What was not found in them is looked for further back by the next look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from approvals.ledger.database import EVENTS, unavailable
from approvals.ledger.ledger import CLOCK_TOLERANCE, Entry, Ledger, as_entry, stamp

LOOK = 10_000  # events that one look reads at most: some tens of milliseconds
_INDEXED = ("release", "project", "kind")  # the first that is named is walked


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; all that is named must hold.

    Args:
        project: a project's number; its releases' events are found, too.
        release: a release's id.
        kind: of event.
        actor: a person's id.
        since: not before this moment, aware.
        until: before this moment, aware.
        text: stands in an id, a code or a digest of the event: its facts, key, hash, project, release or actor.
    """

    project: str | None = None
    release: str | None = None
    kind: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Events newest first; ``before`` is where the next look begins, None where there is nothing further back.

    ``looked_to`` is the number of the oldest event that was read, 0 where all were.
    """

    entries: tuple[Entry, ...]
    before: int | None
    looked_to: int


def find_page(ledger: Ledger, sought: Sought, *, before: int | None = None, most: int = 50) -> Page:
    """One look: the newest events that are sought, of those with a number below ``before``.

    Args:
        ledger: the ledger.
        sought: what for.
        before: a number of an event; None begins at the newest.
        most: events of a page.

    Raises:
        LedgerUnavailable: the database failed.
    """
    with unavailable(), ledger.engine.connect() as connection:
        inner = select(EVENTS.c.seq, EVENTS.c.at, EVENTS.c.hash, EVENTS.c.body, EVENTS.c.project,
                       EVENTS.c.release, EVENTS.c.kind, EVENTS.c.actor)  # fmt: skip
        walked = [*_bounds(connection, sought, before), *_walked(sought)]
        looked = inner.where(*walked).order_by(EVENTS.c.seq.desc()).limit(LOOK).subquery()
        query = select(looked.c.seq, looked.c.hash, looked.c.body).order_by(looked.c.seq.desc())
        query = query.where(*(looked.c[n] == v for n, v in _named(sought).items()))
        if sought.text:
            in_body = looked.c.body.icontains(sought.text, autoescape=True)
            query = query.where(in_body | looked.c.hash.icontains(sought.text, autoescape=True))
        found = list[Entry]()
        for row in connection.execution_options(yield_per=500).execute(query):
            entry = as_entry(row[1], row[2])
            if _holds(entry, sought):
                found.append(entry)
            if len(found) > most:
                page = tuple(found[:most])
                return Page(page, page[-1].seq, page[-1].seq)
        seqs = select(EVENTS.c.seq).where(*walked).order_by(EVENTS.c.seq.desc()).limit(LOOK)
        bounded = seqs.subquery()
        number, oldest = connection.execute(
            select(func.count(), func.min(bounded.c.seq)).select_from(bounded)
        ).one()
    more = number == LOOK and oldest > 1
    return Page(tuple(found), oldest if more else None, oldest if more else 0)


def find_events(
    ledger: Ledger, sought: Sought, *, before: int | None = None, most: int = 50
) -> list[Entry]:
    """The newest events that are sought, newest first, as far back as it takes.

    Raises:
        LedgerUnavailable: the database failed.
    """
    found = list[Entry]()
    while True:
        page = find_page(ledger, sought, before=before, most=most - len(found))
        found += page.entries
        before = page.before
        if before is None or len(found) >= most:
            return found


def _named(sought: Sought) -> dict[str, str]:
    named = {n: getattr(sought, n) for n in (*_INDEXED, "actor")}
    return {name: value for name, value in named.items() if value is not None}


def _walked(sought: Sought) -> Iterator[ColumnElement[bool]]:
    """The condition whose index is walked."""
    named = _named(sought)
    for name in _INDEXED:
        if name in named:
            yield EVENTS.c[name] == named[name]
            return


def _bounds(
    connection: Connection, sought: Sought, before: int | None
) -> Iterator[ColumnElement[bool]]:
    """The numbers between which the events of these days are; times rise with numbers, but for what clocks may differ."""
    if before is not None:
        yield EVENTS.c.seq < before
    if sought.since is not None:
        yield EVENTS.c.seq >= _first_at(connection, sought.since - CLOCK_TOLERANCE)
    if sought.until is not None:
        yield EVENTS.c.seq < _first_at(connection, sought.until + CLOCK_TOLERANCE)


def _first_at(connection: Connection, moment: datetime) -> int:
    """The number of the first event at or after a moment, by halving."""
    low, high = 1, (connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.execute(select(EVENTS.c.at).where(EVENTS.c.seq == middle)).scalar()
        if at is not None and at < stamp(moment):
            low = middle + 1
        else:
            high = middle
    return low


def _holds(entry: Entry, sought: Sought) -> bool:
    if sought.since is not None and entry.at < sought.since:
        return False
    if sought.until is not None and entry.at >= sought.until:
        return False
    return not sought.text or any(sought.text.lower() in said.lower() for said in _ids(entry))


def _ids(entry: Entry) -> Iterator[str]:
    """Every text of an event but its place in the chain."""
    yield from filter(None, (entry.project, entry.release, entry.actor, entry.key, entry.hash))
    for value in entry.facts.values():
        yield from map(str, value) if isinstance(value, tuple) else (str(value),)

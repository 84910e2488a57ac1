"""A project's life as one table, ``approvals/life.toml``: moves, who may make them, clocks.

The kind of an event is the move. Its evidence is what ``events.KINDS`` makes it carry and what
``evidence`` asks to be there before it. Two moves are made by the calendar alone. The diagram in the
documentation is drawn from this table, and a test fails where a state or a move is incomplete.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources


class State(StrEnum):
    """Where a project stands."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"
    DENIED = "denied"
    APPEALED = "appealed"
    RENEWAL_DUE = "renewal_due"
    RENEWED = "renewed"
    AMENDED = "amended"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    COMPLETED = "completed"
    EXTENSION = "extension"
    DESTRUCTION_CERTIFIED = "destruction_certified"
    CLOSED = "closed"


IN_FORCE = frozenset({State.APPROVED, State.RENEWAL_DUE, State.RENEWED, State.AMENDED})
RENEWAL_NOTICE_DAYS = 90  # calendar days before the expiration, § 966(i)
EXTENSIONS_AT_MOST = 7  # § 967(b)

TABLE = tomllib.loads((resources.files("approvals") / "life.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed move.

    Args:
        event: kind of event that makes it (``None``: the calendar).
        sources: states from which it is allowed; empty for the first.
        target: the state after it.
        roles: who may record it.
        section: the rule.
        second: kind of the event whose actor may not make this move, if any.
        outcome: the ``outcome`` fact for which this row holds, where there are several.
        only: what must be true of the project besides (``aggregated``, ``relied_on``), if anything.
        clocks: names of the deadlines that it starts (``deadlines.CLOCKS``).
    """

    event: str | None
    sources: frozenset[State]
    target: State
    roles: frozenset[str]
    section: str
    second: str | None = None
    outcome: str | None = None
    only: str | None = None
    clocks: Sequence[str] = ()


def _moves() -> Iterator[Move]:
    for row in TABLE["move"]:
        named = (IN_FORCE if name == "in_force" else {State(name)} for name in row["sources"])
        sources, roles = frozenset[State]().union(*named), frozenset(row["roles"])
        read = {"sources": sources, "target": State(row["target"]), "roles": roles}
        yield Move(**{"event": None} | row | read)


MOVES: tuple[Move, ...] = tuple(_moves())


def moves_from(state: State) -> Iterator[Move]:
    """The moves that a person can make from ``state``."""
    return (m for m in MOVES if m.event is not None and state in m.sources)


def moves_for(event: str, outcome: str | None = None) -> tuple[Move, ...]:
    """The rows of an event, by its outcome where that decides; none for other events."""
    return tuple(m for m in MOVES if m.event == event and m.outcome in (None, outcome))


def is_move(event: str) -> bool:
    """Whether this kind of event changes the state."""
    return any(m.event == event for m in MOVES)

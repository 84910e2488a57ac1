"""A project's life as one table: states, moves, who may make them, evidence, clocks.

The kind of an event is the move. Its evidence is what ``events.KINDS`` makes it carry and what
``evidence`` asks to be there before it. Two moves are made by the calendar alone. The diagram in the
documentation is drawn from this table, and a test fails where a state or a move is incomplete.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


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
_ENDED = IN_FORCE | {State.EXPIRED, State.SUSPENDED}
_OPEN = frozenset({State.SUBMITTED, State.UNDER_REVIEW})

ONLY = ("aggregated", "relied_on")  # no individual-level data given; data used by a new project

RENEWAL_NOTICE_DAYS = 90  # calendar days before the expiration, § 966(i)
EXTENSIONS_AT_MOST = 7  # § 967(b)


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
        only: what must be true of the project besides (``ONLY``), if anything.
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
    clocks: tuple[str, ...] = ()


_RECORD = frozenset({"engineer", "reviewer", "approver"})
_DECIDE = frozenset({"approver"})
_STOP = frozenset({"approver", "security", "administrator"})


def _from(*states: State) -> frozenset[State]:
    return frozenset(states)


MOVES: tuple[Move, ...] = (
    Move("project_submitted", _from(), State.SUBMITTED, _RECORD, "§§ 965(a), 966(a)"),
    Move("review_started", _from(State.SUBMITTED), State.UNDER_REVIEW, _RECORD, "§ 966"),
    Move(
        "project_approved", _OPEN, State.APPROVED, _DECIDE, "§ 966; process page",
        second="project_submitted", clocks=("renewal_notice", "renewal", "completion_notice"),
    ),
    Move("project_denied", _OPEN, State.DENIED, _DECIDE, "§ 966(f)",
         clocks=("denial_statement",)),
    Move("application_withdrawn", _OPEN | {State.DENIED}, State.CLOSED, _RECORD, "§ 966(a)"),
    Move("appeal_received", _from(State.DENIED), State.APPEALED, _RECORD, "§ 966(h)(1)",
         clocks=("appeal_decision",)),
    Move("appeal_decided", _from(State.APPEALED), State.UNDER_REVIEW, _DECIDE, "§ 966(h)(5)",
         second="project_denied", outcome="granted"),
    Move("appeal_decided", _from(State.APPEALED), State.CLOSED, _DECIDE, "§ 966(h)(6)",
         second="project_denied", outcome="refused"),
    Move("renewal_requested", IN_FORCE, State.RENEWAL_DUE, _RECORD, "§ 966(i)"),
    Move("project_renewed", _from(State.RENEWAL_DUE), State.RENEWED, _DECIDE, "§ 966(i)",
         second="renewal_requested", clocks=("renewal_notice", "renewal")),
    Move("project_amended", IN_FORCE, State.AMENDED, _DECIDE, "§§ 964(g)(2), 966(b)(1)",
         second="amendment_submitted"),
    Move("project_suspended", IN_FORCE, State.SUSPENDED, _STOP, "§ 968(c)"),
    Move("suspension_lifted", _from(State.SUSPENDED), State.APPROVED, _DECIDE, "§ 968(c)",
         second="project_suspended"),
    Move("project_completed", _ENDED, State.COMPLETED, _RECORD, "§ 964(l)",
         clocks=("destruction_certificate",)),
    Move("closure_ordered", _ENDED, State.COMPLETED, _DECIDE, "§ 968(c)",
         second="sanction_imposed", clocks=("destruction_ordered",)),
    Move("extension_granted", _from(State.COMPLETED, State.EXTENSION), State.EXTENSION, _DECIDE,
         "§ 967(b)", second="extension_requested", clocks=("extension_notice", "extension_end")),
    Move("destruction_certified", _from(State.COMPLETED, State.EXTENSION),
         State.DESTRUCTION_CERTIFIED, _RECORD, "§ 967(a)"),
    Move("project_closed", _from(State.DESTRUCTION_CERTIFIED, State.DENIED), State.CLOSED,
         _DECIDE, "§ 967(a)"),
    Move("project_closed", IN_FORCE | {State.EXPIRED, State.COMPLETED}, State.CLOSED, _DECIDE,
         "§ 967(a): individual-level data only", only="aggregated"),
    Move("project_closed", _from(State.COMPLETED, State.EXTENSION), State.CLOSED, _DECIDE,
         "§ 967(c)", only="relied_on"),
    # by the calendar: see ProjectState.state_on
    Move(None, IN_FORCE - {State.RENEWAL_DUE}, State.RENEWAL_DUE, frozenset(), "§ 966(i)"),
    Move(None, IN_FORCE, State.EXPIRED, frozenset(), "§ 966(i); process page"),
)  # fmt: skip


def moves_from(state: State) -> Iterator[Move]:
    """The moves that a person can make from ``state``."""
    return (m for m in MOVES if m.event is not None and state in m.sources)


def moves_for(event: str, outcome: str | None = None) -> tuple[Move, ...]:
    """The rows of an event, by its outcome where that decides; none for other events."""
    return tuple(m for m in MOVES if m.event == event and m.outcome in (None, outcome))


def is_move(event: str) -> bool:
    """Whether this kind of event changes the state."""
    return any(m.event == event for m in MOVES)

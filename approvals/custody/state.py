"""Where a release stands: a fold over its events, by one table of moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from approvals.ledger import Entry


class Status(StrEnum):
    """The life of a release, from the order to its end."""

    ORDERED = "ordered"
    GATED = "gated"
    REFUSED = "refused"
    WAITING_REVIEW = "waiting_review"
    REVIEWED = "reviewed"
    VALIDATED = "validated"
    WAITING_APPROVAL = "waiting_approval"
    RETURNED = "returned"
    APPROVED = "approved"
    SEALED = "sealed"
    RECORDED = "recorded"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    DESTROYED = "destroyed"


S = Status
MAKING = frozenset(
    {S.ORDERED, S.GATED, S.WAITING_REVIEW, S.REVIEWED, S.VALIDATED, S.WAITING_APPROVAL,
     S.RETURNED, S.APPROVED, S.SEALED}
)  # fmt: skip
OUT = frozenset({S.RECORDED, S.HANDED_OVER, S.RECEIVED})
STOPPED = frozenset({S.REFUSED, S.FAILED})

# event → (states from which it moves, state after it). In any other state the event is recorded
# without moving: the gate is asked again at the hand-over, a stage may run again after a crash.
MOVES: Mapping[str, tuple[frozenset[Status], Status]] = {
    "gate_allowed": (frozenset({S.ORDERED}) | STOPPED, S.GATED),
    "gate_refused": (MAKING | STOPPED, S.REFUSED),  # but an approver's question moves nothing
    "review_requested": (MAKING | STOPPED, S.WAITING_REVIEW),
    "sheet_imported": (frozenset({S.WAITING_REVIEW}), S.REVIEWED),
    "review_settled": (frozenset({S.WAITING_REVIEW}), S.REVIEWED),
    "doubtful_left_out": (frozenset({S.WAITING_REVIEW}), S.REVIEWED),
    "validated": (MAKING | STOPPED, S.VALIDATED),
    "report_attached": (MAKING | STOPPED, S.WAITING_APPROVAL),  # one returned, unanswered: RETURNED
    "release_returned": (frozenset({S.WAITING_APPROVAL}), S.RETURNED),
    "return_answered": (frozenset({S.RETURNED}), S.WAITING_APPROVAL),
    "release_approved": (frozenset({S.WAITING_APPROVAL}), S.APPROVED),
    "package_sealed": (frozenset({S.APPROVED, S.SEALED}), S.SEALED),
    "release_recorded": (frozenset({S.APPROVED, S.SEALED}), S.RECORDED),
    "package_handed_over": (OUT, S.HANDED_OVER),
    "receipt_recorded": (OUT, S.RECEIVED),
    "release_failed": (MAKING | STOPPED, S.FAILED),
    "release_withdrawn": (frozenset(Status) - {S.DESTROYED}, S.WITHDRAWN),
    "release_destroyed": (frozenset(Status), S.DESTROYED),
}
STEPS = (
    *MOVES,
    "release_ordered",
    "release_resumed",
    "release_validated",
    "outbox_cleared",
)  # what a status is of
LOOKS = frozenset(
    {"pair_decided", "row_decided", "decision_undone"}
)  # thousands, which no state is of


# Since the newest event of these a release stands where it stands.
_BEGAN = frozenset(
    {"review_requested", "sheet_imported", "doubtful_left_out", "report_attached", "release_returned",
     "return_answered", "release_approved", "release_recorded"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """What was sealed to one recipient, and what became of it.

    ``sums`` is the SHA-256 of the signed list, ``hashes`` are those of the sealed parts. Of each
    hand-over: the day, the person of the Department, the way. ``code_shown``: the receipt came with
    the code that only the opened package tells.
    """

    member: str
    fingerprint: str
    parts: int
    bytes: int
    sums: str
    hashes: tuple[str, ...] = ()
    handed_over: tuple[date, ...] = ()
    given_by: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    received: date | None = None
    code_shown: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """What an approver sent back: by whom, which report, and the keyed digest of the comment; and the answer, where there is one."""

    by: str
    on: date
    report: str
    comment: str
    answered_by: str = ""
    answered_on: date | None = None
    answer: str = ""

    def as_dict(self) -> dict[str, object]:
        """For ``release show --json``, without what was written."""
        return {
            "by": self.by,
            "on": self.on.isoformat(),
            "report": self.report,
            "answered_by": self.answered_by or None,
            "answered_on": self.answered_on.isoformat() if self.answered_on else None,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """What was asked for by the first of two people: ``withdraw`` or ``destroy``; nothing goes on until another has decided."""

    by: str
    on: date
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """A release as its events make it.

    ``ran_by`` are the persons who ordered or resumed it: none of them may approve it; ``answers`` is the last of them. ``attempt``
    counts how often it was refused or failed: what a later attempt records is new, what a resumed
    run repeats is not. ``since`` is the day from which it waits for what it waits for.
    """

    release: str
    project: str
    kind: str
    system: str
    status: Status
    ordered_by: str
    ordered_on: date
    since: date
    last_event: int
    ran_by: frozenset[str] = frozenset()
    answers: str = ""
    attempt: int = 0
    scheduled: bool = False
    snapshot: str | None = None
    years: str | None = None
    cohort: str | None = None
    cohort_rows: int | None = None
    pins: str | None = None
    report: str | None = None
    editions: Mapping[str, str] = field(default_factory=dict[str, str])
    approved_by: str | None = None
    policy: str | None = None
    returns: tuple[Return, ...] = ()
    ending: Ending | None = None
    individuals: int | None = None
    recorded_on: date | None = None
    in_outbox: bool = True
    packages: Mapping[str, Package] = field(default_factory=dict[str, Package])

    def unanswered(self, report: object) -> bool:
        """Whether this report was returned and nobody has answered: it is not approved as it is."""
        return any(one.report == report and not one.answered_by for one in self.returns)

    def as_dict(self) -> dict[str, object]:
        """For ``release list --json`` and ``release show --json``."""
        return {
            "release": self.release,
            "project_number": self.project,
            "kind": self.kind,
            "system": self.system,
            "status": str(self.status),
            "ordered_by": self.ordered_by,
            "ordered_on": self.ordered_on.isoformat(),
            "scheduled": self.scheduled,
            "snapshot": self.snapshot,
            "years": self.years,
            "report": self.report,
            "approved_by": self.approved_by,
            "returns": [one.as_dict() for one in self.returns],
            "ending_asked": f"{self.ending.what} by {self.ending.by}" if self.ending else None,
            "individuals": self.individuals,
            "packages": [
                {
                    "member": p.member,
                    "fingerprint": p.fingerprint,
                    "parts": p.parts,
                    "bytes": p.bytes,
                    "sha256sums": p.sums,
                    "hashes": list(p.hashes),
                    "handed_over": [d.isoformat() for d in p.handed_over],
                    "handed_over_by": list(p.given_by),
                    "received": p.received.isoformat() if p.received else None,
                    "receipt_code_shown": p.code_shown,
                }
                for p in self.packages.values()
            ],
        }


def release_state(
    entries: Iterable[Entry], before: ReleaseState | None = None
) -> ReleaseState | None:
    """Make a release's state of its events, in order, going on from the one ``before`` them; None of no order."""
    state = replace(before) if before is not None else None
    for entry in entries:
        if entry.kind == "release_ordered":
            state = _begin(entry)
        elif state is not None:
            # nobody else has this one yet: written over, not copied at each of some twenty events
            for name, value in _after(state, entry).items():
                object.__setattr__(state, name, value)
    return state


def _begin(entry: Entry) -> ReleaseState:
    facts: Mapping[str, Any] = entry.facts
    return ReleaseState(
        release=entry.release or "",
        project=entry.project or "",
        kind=facts["kind"],
        system=facts["system"],
        status=S.ORDERED,
        ordered_by=entry.actor,
        ordered_on=_day(facts),
        since=_day(facts),
        last_event=entry.seq,
        ran_by=frozenset({entry.actor}),
        answers=entry.actor,
        scheduled=facts.get("scheduled", False),
        snapshot=facts.get("snapshot"),
        years=facts.get("years"),
        cohort=facts.get("cohort"),
        cohort_rows=facts.get("cohort_rows"),
        pins=facts.get("pins"),
    )


def _after(state: ReleaseState, entry: Entry) -> dict[str, Any]:
    """What an event says anew of a release."""
    facts: Mapping[str, Any] = entry.facts
    kind = entry.kind
    if kind == "release_validated":
        kind = "validated" if facts["outcome"] == "passed" else "release_failed"
    if kind == "gate_refused" and facts["stage"] == "approve":
        return {"last_event": entry.seq}
    sources, target = MOVES.get(kind, (frozenset[Status](), state.status))
    if kind == "report_attached" and state.unanswered(facts["report"]):
        target = S.RETURNED
    moved: dict[str, Any] = {"last_event": entry.seq}
    if state.status in sources:
        moved |= {"status": target, "attempt": state.attempt + (target in STOPPED)}
    if kind in _BEGAN:
        moved["since"] = _day(facts) if "on" in facts else entry.at.date()
    return moved | _changed(state, entry, facts)


def _changed(state: ReleaseState, entry: Entry, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same, beside its status; of a release as it stood before."""
    match entry.kind:
        case "gate_allowed" if facts["stage"] == "run":
            return {"ran_by": state.ran_by | {entry.actor}}
        case "release_resumed":
            # who resumes a run before it is approved had a hand in what is approved
            had = frozenset({entry.actor} if state.status not in (S.APPROVED, S.SEALED) else ())
            return {"ran_by": state.ran_by | had, "answers": entry.actor}
        case "ending_asked":
            asked = Ending(entry.actor, _day(facts), facts["ending"], facts.get("reason", ""))
            return {"ending": asked}
        case "ending_dropped" | "release_withdrawn" | "release_destroyed":
            return {"ending": None}
        case "outbox_cleared":
            return {"in_outbox": False}
        case "report_attached":  # another report has editions of its own; the same again keeps them
            kept = state.editions if facts["report"] == state.report else {}
            named = {
                name: facts[name] for name in ("report", "recipient", "model") if name in facts
            }
            return {"report": facts["report"], "editions": {**kept, **named}}
        case "release_approved":
            return {"approved_by": entry.actor, "policy": facts["policy"]}
        case "release_returned":
            given = Return(entry.actor, _day(facts), facts["report"], facts["comment"])
            return {"returns": (*state.returns, given)}
        case "return_answered" if state.returns:
            said = {
                "answered_by": entry.actor,
                "answered_on": _day(facts),
                "answer": facts["comment"],
            }
            answered = replace(state.returns[-1], **said)
            # who speaks for what is approved had a hand in it
            return {
                "returns": (*state.returns[:-1], answered),
                "ran_by": state.ran_by | {entry.actor},
            }
        case "package_sealed":
            fields = {
                name: facts[name] for name in ("member", "fingerprint", "parts", "bytes", "sums")
            }
            package = Package(**fields, hashes=tuple(facts.get("hashes", ())))
            return {"packages": {**state.packages, package.member: package}}
        case "package_handed_over" | "receipt_recorded" if facts["member"] in state.packages:
            package = _given(state.packages[facts["member"]], entry, facts)
            return {"packages": {**state.packages, package.member: package}}
        case "extract_made" | "release_recorded":
            recorded = entry.kind == "release_recorded"
            on = _day(facts) if recorded else state.recorded_on
            people = facts.get("individuals")
            return {
                "recorded_on": on,
                "individuals": state.individuals if people is None else people,
            }
        case _:
            return {}


def _day(facts: Mapping[str, Any]) -> date:
    return date.fromisoformat(facts["on"])


def _given(package: Package, entry: Entry, facts: Mapping[str, Any]) -> Package:
    day = _day(facts)
    if entry.kind == "receipt_recorded":
        shown = bool(facts.get("code_shown")) or package.code_shown
        return replace(package, received=day, code_shown=shown)
    return replace(
        package,
        handed_over=(*package.handed_over, day),
        given_by=(*package.given_by, entry.actor),
        ways=(*package.ways, facts.get("by", "")),
    )

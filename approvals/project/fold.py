"""A project's state is a fold over its events, in order; an event that was taken back counts for nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from approvals.ledger import Entry
from approvals.project.lifecycle import State, moves_for
from approvals.project.parts import Cohort, Evidence, Paper, Recipient, Review
from approvals.project.state import ProjectState


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The events that stand: without those that a correction took back."""
    listed = list(entries)
    gone = {e.facts["event"] for e in listed if e.kind == "event_corrected"}
    return [e for e in listed if e.seq not in gone]


def fold(entries: Iterable[Entry]) -> ProjectState | None:
    """Make a project's state of its events, in order; None of no events."""
    state: ProjectState | None = None
    for entry in standing(entries):
        if entry.kind == "project_submitted":
            state = _begin(entry)
        elif state is not None:
            state = _step(state, entry)
    return state


def _begin(entry: Entry) -> ProjectState:
    facts: Mapping[str, Any] = entry.facts
    return ProjectState(
        number=entry.project or "",
        form=facts["form"],
        system=facts["system"],
        kinds=tuple(facts["kinds"]),
        recorded=State.SUBMITTED,
        application_digest=facts["application"],
        submitted_by=entry.actor,
        submitted_on=date.fromisoformat(facts["on"]),
        last_event=entry.seq,
        requester=facts.get("requester"),
        actors={entry.kind: entry.actor},
    )


def _step(state: ProjectState, entry: Entry) -> ProjectState:
    facts: Mapping[str, Any] = entry.facts
    state = replace(
        state, last_event=entry.seq, actors={**state.actors, entry.kind: entry.actor}
    )  # fmt: skip
    if moves := moves_for(entry.kind, facts.get("outcome")):
        state = replace(state, recorded=moves[0].target)  # rows of one event share their target
    apply = _APPLY.get(entry.kind)
    return apply(state, entry, facts) if apply else state


def _day(facts: Mapping[str, Any], name: str = "on") -> date | None:
    return date.fromisoformat(facts[name]) if name in facts else None


def _approved(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    return replace(
        state,
        approved_digest=facts["application"],
        approved_by=entry.actor,
        approved_on=_day(facts),
        expires=_day(facts, "expires"),
    )


def _revised(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    """Before a decision a revised application takes the place of the first, review and all."""
    return replace(
        state,
        application_digest=facts["application"],
        kinds=tuple(facts["kinds"]),
        submitted_by=entry.actor,
        review=None,
        actors={**state.actors, "project_submitted": entry.actor},
    )


def _reviewed(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    on = date.fromisoformat(facts["on"])
    fails = tuple(facts.get("fails", ()))
    return replace(state, review=Review(entry.actor, on, tuple(facts["holds"]), fails))


def _paper(state: ProjectState, _entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    on = date.fromisoformat(facts["on"])
    paper = Paper(facts["kind"], facts["document"], on, facts.get("member"), _day(facts, "expires"))
    return replace(state, papers=(*state.papers, paper))


def _amended(state: ProjectState, _entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    return replace(
        state,
        approved_digest=facts["application"],
        application_digest=facts["application"],
        kinds=state.pending_kinds,
        pending_digest=None,
        pending_kinds=(),
    )


def _amending(state: ProjectState, _entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    return replace(
        state, pending_digest=facts["application"], pending_kinds=tuple(facts["kinds"])
    )  # fmt: skip


def _cohort(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    cohort = Cohort(facts["cohort"], facts["rows"], facts["source"], entry.actor)
    kept = tuple(c for c in state.cohorts if c.digest != cohort.digest)
    return replace(state, cohorts=(*kept, cohort))


def _cohort_destroyed(state: ProjectState, _entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    """What was released stays tied to it; a further release needs it registered again."""
    return replace(
        state,
        cohorts=tuple(
            replace(c, destroyed=True) if c.digest == facts["cohort"] else c for c in state.cohorts
        ),
    )


def _cohort_confirmed(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    return replace(
        state,
        cohorts=tuple(
            replace(c, confirmed_by=entry.actor) if c.digest == facts["cohort"] else c
            for c in state.cohorts
        ),
    )


def _recipient(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    added = Recipient(
        fingerprint=facts["fingerprint"],
        member=facts["member"],
        added_by=entry.actor,
        key_kind=facts.get("key_kind", ""),
        certificate_expires=_day(facts, "certificate_expires"),
    )
    kept = tuple(r for r in state.recipients if r.fingerprint != added.fingerprint)
    return replace(state, recipients=(*kept, added))


def _recipient_changed(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    change: dict[str, Any] = (
        {"confirmed_by": entry.actor} if entry.kind == "recipient_confirmed" else {"revoked": True}
    )
    return replace(
        state,
        recipients=tuple(
            replace(r, **change) if r.fingerprint == facts["fingerprint"] else r
            for r in state.recipients
        ),
    )


def _evidence(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    on = date.fromisoformat(facts["on"])
    found = Evidence(facts.get("outcome", "passed"), on, _day(facts, "expires"))
    if entry.kind == "background_check":
        return replace(state, checks={**state.checks, facts["member"]: found})
    return replace(state, trainings={**state.trainings, facts["member"]: found})


def _extended(state: ProjectState, _entry: Entry, facts: Mapping[str, Any]) -> ProjectState:
    return replace(
        state, extension_until=_day(facts, "until"), extensions=state.extensions + 1
    )  # fmt: skip


_APPLY = {
    "project_approved": _approved,
    "project_renewed": lambda s, _e, f: replace(s, expires=_day(f, "expires")),
    "application_revised": _revised,
    "review_completed": _reviewed,
    "document_attached": _paper,
    "amendment_submitted": _amending,
    "project_amended": _amended,
    "project_completed": lambda s, _e, f: replace(s, completed_on=_day(f, "completed_on")),
    "extension_granted": _extended,
    "sanction_imposed": lambda s, _e, f: replace(s, sanctions=(*s.sanctions, f["sanction"])),
    "sanction_lifted": lambda s, _e, _f: replace(s, sanctions=()),
    "closure_ordered": lambda s, _e, f: replace(s, completed_on=_day(f)),
    "relied_on_by": lambda s, _e, f: replace(s, relied_on_by=(*s.relied_on_by, f["other"])),
    "irb_recorded": lambda s, _e, f: replace(s, irb_expires=_day(f, "expires")),
    "cohort_registered": _cohort,
    "cohort_confirmed": _cohort_confirmed,
    "cohort_destroyed": _cohort_destroyed,
    "recipient_added": _recipient,
    "recipient_confirmed": _recipient_changed,
    "recipient_revoked": _recipient_changed,
    "background_check": _evidence,
    "training_recorded": _evidence,
    "acknowledgment_recorded": lambda s, _e, f: replace(
        s, acknowledged={**s.acknowledged, f["member"]: date.fromisoformat(f["on"])}
    ),
}  # fmt: skip

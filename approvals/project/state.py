"""What a project is on a day: a fold over its events, in order.

An event that was taken back counts for nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from approvals.application import POLICY, Application, StandardApplication, SystemTerms
from approvals.ledger import Entry
from approvals.project.lifecycle import IN_FORCE, RENEWAL_NOTICE_DAYS, State, moves_for


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort registered with the project: its keyed digest, never its content."""

    digest: str
    rows: int
    source: str
    registered_by: str
    confirmed_by: str | None = None
    destroyed: bool = False
    file: str = ""  # keyed digest of the file alone
    superseded: bool = False  # the same file was registered again, with another column map

    @property
    def usable(self) -> bool:
        """Whether a release may still be made from it, once it is confirmed."""
        return not self.destroyed and not self.superseded


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient's key, tied to a team member."""

    fingerprint: str
    member: str
    added_by: str
    key_kind: str = ""
    certificate_expires: date | None = None
    confirmed_by: str | None = None
    revoked: bool = False

    def usable_on(self, on: date) -> bool:
        """Confirmed by a second person, not revoked, not past its certificate."""
        past = self.certificate_expires is not None and self.certificate_expires < on
        return self.confirmed_by is not None and not self.revoked and not past

    def words(self, on: date) -> str:
        """How the key stands on a day."""
        if self.usable_on(on):
            end = self.certificate_expires
            return f"confirmed, certificate until {end}" if end else "confirmed"
        return "past its certificate" if self.confirmed_by else "not confirmed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A dated fact about a person: a background check, an identity that was verified, a training.

    ``by`` recorded it, for the Department; empty: it is what the application says, a claim.
    """

    outcome: str
    on: date
    expires: date | None = None
    by: str = ""
    confirmed_by: str | None = None

    def holds_on(self, on: date) -> bool:
        """Passed, not in the future, not past."""
        past = self.expires is not None and self.expires < on
        return self.outcome == "passed" and self.on <= on and not past

    def too_old(self, on: date, days: int) -> bool:
        """Without an expiry date of its own, older than so many days; 0 days: never."""
        return bool(days) and self.expires is None and (on - self.on).days > days

    def words(self) -> str:
        """Outcome, date and expiry."""
        end = f", until {self.expires}" if self.expires else ", no expiry recorded"
        return f"{self.outcome} on {self.on}" + (end if self.outcome == "passed" else "")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that came after the application; ``member`` where it is about one person."""

    kind: str
    document: str
    on: date
    member: str | None = None
    expires: date | None = None

    def holds_on(self, on: date) -> bool:
        """Not in the future, not past."""
        return self.on <= on and (self.expires is None or on <= self.expires)


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer found of an application, criterion by criterion (the ``criteria`` of ``events.toml``)."""

    by: str
    on: date
    holds: tuple[str, ...]
    fails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectState:
    """A project as its events make it.

    ``expires`` is the first day on which the approval is no longer in force: the renewal must be
    complete before it (§ 966(i)). ``last_event`` is the ledger number that this state rests on.
    """

    number: str
    form: str
    system: str
    kinds: tuple[str, ...]
    recorded: State
    application_digest: str
    submitted_on: date
    last_event: int
    approved_digest: str | None = None
    approved_by: str | None = None
    approved_on: date | None = None
    expires: date | None = None
    requester: str | None = None
    review: Review | None = None
    reviewers: frozenset[str] | None = None  # of its releases; None: whoever has the role
    papers: tuple[Paper, ...] = ()
    pending_digest: str | None = None
    pending_kinds: tuple[str, ...] = ()
    completed_on: date | None = None
    extension_until: date | None = None
    extensions: int = 0
    sanctions: tuple[str, ...] = ()
    relied_on_by: tuple[str, ...] = ()
    irb_expires: date | None = None
    cohorts: tuple[Cohort, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    identities: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    verified: Mapping[str, date] = field(default_factory=dict[str, date])
    checks: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    trainings: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    acknowledged: Mapping[str, date] = field(default_factory=dict[str, date])
    actors: Mapping[str, str] = field(default_factory=dict[str, str])
    application: Application | None = None
    terms: SystemTerms | None = None
    read: Callable[[], Application] | None = field(default=None, repr=False, compare=False)

    def reading(self, read: Callable[[], Application], terms: SystemTerms | None) -> "ProjectState":
        """The same with its application, which is read when it is first asked for: lists of many projects ask for few."""
        state = replace(self, terms=terms, read=read)
        object.__delattr__(state, "application")
        return state

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:  # of a slot that holds nothing yet
            if name != "application" or self.read is None:
                raise AttributeError(name)
            form = self.read()
            object.__setattr__(self, name, form)
            return form

    @property
    def tables_only(self) -> bool:
        """Whether the project has aggregated data alone: the law of those who hold rows does not bind it."""
        return self.kinds == ("aggregated",)

    def cite(self, section: str) -> str:
        """What governs this project in place of a section of CARPOS's regulation, or policy."""
        return self.terms.cite(section, tables=self.tables_only) if self.terms else POLICY

    @property
    def standard_application(self) -> StandardApplication:
        """The application, where the caller knows that it is a standard one."""
        assert isinstance(self.application, StandardApplication)
        return self.application

    def in_force(self, on: date) -> bool:
        """Whether data may be released on a day, as far as the project's state goes."""
        return self.state_on(on) in IN_FORCE

    def state_on(self, on: date) -> State:
        """The state on a day, with the two moves that the calendar makes (§ 966(i))."""
        if self.recorded not in IN_FORCE or self.expires is None:
            return self.recorded
        if on >= self.expires:
            return State.EXPIRED
        if on >= self.expires - timedelta(days=RENEWAL_NOTICE_DAYS):
            return State.RENEWAL_DUE
        return self.recorded

    def recipient(self, fingerprint: str) -> Recipient | None:
        """The newest entry of this key."""
        return next((r for r in reversed(self.recipients) if r.fingerprint == fingerprint), None)

    def usable_recipients(self, on: date) -> tuple[Recipient, ...]:
        """All keys that a package may be sealed to on that day, before the gate asks more."""
        return tuple(r for r in self.recipients if r.usable_on(on))

    def cohort(self, digest: str) -> Cohort | None:
        """The registered cohort with this digest."""
        return next((c for c in self.cohorts if c.digest == digest), None)

    def check_of(self, member: str) -> Evidence | None:
        """A member's background check as the Department recorded it; what the application says is a claim."""
        return self.checks.get(member)

    def claimed_check(self, member: str) -> Evidence | None:
        """A member's background check as the application says."""
        return self._from_application(member, "background_check")

    def training_of(self, member: str) -> Evidence | None:
        """A member's training: as recorded later, else as the approved application says, with its certificate."""
        return self.trainings.get(member) or self._from_application(member, "training")

    def irb_until(self) -> date | None:
        """When the review board's approval ends: as recorded later, else as applied."""
        if self.irb_expires is not None:
            return self.irb_expires
        form = self.application
        return form.irb.expires if isinstance(form, StandardApplication) and form.irb else None

    def purposes(self) -> list[str]:
        """What the application's data serves, as the system's law calls it, with the section that defines it."""
        form = self.application
        serves = form.project.serves if isinstance(form, StandardApplication) else ()
        known = self.terms.purposes if self.terms is not None else ()
        return [f"{one.title} ({one.section})" for one in known if one.name in serves]

    def as_dict(self, on: date) -> dict[str, object]:
        """For ``project list --json`` and ``project show --json``."""
        return {
            "project_number": self.number,
            "form": self.form,
            "system": self.system,
            "kinds": list(self.kinds),
            "state": str(self.state_on(on)),
            "submitted_on": self.submitted_on.isoformat(),
            "approved_on": self.approved_on.isoformat() if self.approved_on else None,
            "expires": self.expires.isoformat() if self.expires else None,
            "cohorts": [
                {"digest": c.digest, "rows": c.rows, "source": c.source,
                 "confirmed": c.confirmed_by is not None, "destroyed": c.destroyed,
                 "superseded": c.superseded}
                for c in self.cohorts
            ],
            "recipients": [
                {"fingerprint": r.fingerprint, "member": r.member, "key": r.key_kind,
                 "confirmed": r.confirmed_by is not None, "revoked": r.revoked}
                for r in self.recipients
            ],
            **({} if self.reviewers is None else {"reviewers": sorted(self.reviewers)}),
        }  # fmt: skip

    def _from_application(self, member: str, what: str) -> Evidence | None:
        if not isinstance(self.application, StandardApplication):
            return None
        person = self.application.member(member)
        part: Any = getattr(person, what, None)
        if part is None:
            return None
        return Evidence(getattr(part, "status", "passed"), part.on, part.expires)


def standing_events(entries: Iterable[Entry]) -> list[Entry]:
    """The events that stand: without those that a correction took back."""
    listed = list(entries)
    gone = {e.facts["event"] for e in listed if e.kind == "event_corrected"}
    return [e for e in listed if e.seq not in gone]


def fold(entries: Iterable[Entry]) -> ProjectState | None:
    """Make a project's state of its events, in order; None of no events."""
    state: ProjectState | None = None
    for entry in standing_events(entries):
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
        submitted_on=date.fromisoformat(facts["on"]),
        last_event=entry.seq,
        requester=facts.get("requester"),
        actors={entry.kind: entry.actor},
    )


def _step(state: ProjectState, entry: Entry) -> ProjectState:
    facts: Mapping[str, Any] = entry.facts
    actors = {**state.actors, entry.kind: entry.actor}
    state = replace(state, last_event=entry.seq, actors=actors)
    if moves := moves_for(entry.kind, facts.get("outcome")):
        state = replace(state, recorded=moves[0].target)  # rows of one event share their target
    return replace(state, **_changed(state, entry, facts))


_OF_PERSONS = {
    "background_check": "checks",
    "identity_verified": "identities",
    "training_recorded": "trainings",
}


def _day(facts: Mapping[str, Any], name: str = "on") -> date | None:
    return date.fromisoformat(facts[name]) if name in facts else None


def _changed(state: ProjectState, entry: Entry, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says anew of a project, beside its state."""
    match entry.kind:
        case "project_approved":
            decided = {"approved_digest": facts["application"], "approved_by": entry.actor}
            return {**decided, "approved_on": _day(facts), "expires": _day(facts, "expires")}
        case "project_renewed":
            return {"expires": _day(facts, "expires")}
        case (
            "application_revised"
        ):  # before a decision it takes the place of the first, review and all
            actors = {**state.actors, "project_submitted": entry.actor}
            form = {"application_digest": facts["application"], "kinds": tuple(facts["kinds"])}
            return {**form, "review": None, "actors": actors}
        case "review_completed":
            found = tuple(facts["holds"]), tuple(facts.get("fails", ()))
            return {"review": Review(entry.actor, date.fromisoformat(facts["on"]), *found)}
        case "reviewers_named":
            return {"reviewers": frozenset(facts["people"])}
        case "document_attached":
            on, of = date.fromisoformat(facts["on"]), facts.get("member")
            paper = Paper(facts["kind"], facts["document"], on, of, _day(facts, "expires"))
            return {"papers": (*state.papers, paper)}
        case "amendment_submitted":
            kinds = tuple(facts["kinds"])
            return {"pending_digest": facts["application"], "pending_kinds": kinds}
        case "amendment_refused" | "amendment_withdrawn":
            return {"pending_digest": None, "pending_kinds": ()}
        case "project_amended":
            form = dict.fromkeys(("approved_digest", "application_digest"), facts["application"])
            pending = {"pending_digest": None, "pending_kinds": ()}
            return {**form, "kinds": state.pending_kinds, **pending}
        case "project_completed":
            return {"completed_on": _day(facts, "completed_on")}
        case "extension_granted":
            return {"extension_until": _day(facts, "until"), "extensions": state.extensions + 1}
        case "sanction_imposed":
            return {"sanctions": (*state.sanctions, facts["sanction"])}
        case "sanction_lifted":
            return {"sanctions": ()}
        case "closure_ordered":
            return {"completed_on": _day(facts)}
        case "relied_on_by":
            return {"relied_on_by": (*state.relied_on_by, facts["other"])}
        case "irb_recorded":
            return {"irb_expires": _day(facts, "expires")}
        case "acknowledgment_recorded":
            return {"acknowledged": {**state.acknowledged, facts["member"]: _day(facts)}}
        case "background_check" | "identity_verified" | "training_recorded":
            which = _OF_PERSONS[entry.kind]
            on, until = date.fromisoformat(facts["on"]), _day(facts, "expires")
            found = Evidence(facts.get("outcome", "passed"), on, until, entry.actor)
            return {which: {**getattr(state, which), facts["member"]: found}}
        case "person_confirmed":
            name, who = facts["what"], facts["member"]
            held = state.checks if name == "background_check" else state.identities
            if who not in held:
                return {}
            confirmed = replace(held[who], confirmed_by=entry.actor)
            return {"checks" if held is state.checks else "identities": {**held, who: confirmed}}
        case "checks_verified":
            day = date.fromisoformat(facts["on"])
            return {"verified": {**state.verified, **dict.fromkeys(facts["members"], day)}}
        case "cohort_registered" | "cohort_confirmed" | "cohort_destroyed":
            return {"cohorts": tuple(_cohorts(state.cohorts, entry, facts))}
        case "recipient_added" | "recipient_confirmed" | "recipient_revoked":
            return {"recipients": tuple(_recipients(state.recipients, entry, facts))}
        case _:
            return {}


def _cohorts(known: tuple[Cohort, ...], entry: Entry, facts: Mapping[str, Any]) -> Iterator[Cohort]:
    digest = facts["cohort"]
    if entry.kind == "cohort_registered":
        file = facts.get("file", digest)  # once the digest of the file was the cohort's
        for cohort in known:
            if cohort.digest != digest:
                yield replace(cohort, superseded=cohort.superseded or cohort.file == file)
        yield Cohort(digest, facts["rows"], facts["source"], entry.actor, file=file)
        return
    # what was released stays tied to a destroyed one; a further release needs it registered again
    confirmed = entry.kind == "cohort_confirmed"
    change: Any = {"confirmed_by": entry.actor} if confirmed else {"destroyed": True}
    yield from (replace(c, **change) if c.digest == digest else c for c in known)


def _recipients(
    known: tuple[Recipient, ...], entry: Entry, facts: Mapping[str, Any]
) -> Iterator[Recipient]:
    key = facts["fingerprint"]
    if entry.kind == "recipient_added":
        yield from (r for r in known if r.fingerprint != key)
        yield Recipient(
            fingerprint=key,
            member=facts["member"],
            added_by=entry.actor,
            key_kind=facts.get("key_kind", ""),
            certificate_expires=_day(facts, "certificate_expires"),
        )
        return
    confirmed = entry.kind == "recipient_confirmed"
    change: Any = {"confirmed_by": entry.actor} if confirmed else {"revoked": True}
    yield from (replace(r, **change) if r.fingerprint == key else r for r in known)

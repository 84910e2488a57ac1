"""What a project is on a day: the state that ``project_fold`` makes of its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from approvals.application import Application, StandardApplication
from approvals.project.lifecycle import IN_FORCE, RENEWAL_NOTICE_DAYS, State
from approvals.project.parts import Cohort, Evidence, Paper, Recipient, Review
from approvals.system_terms import SystemTerms


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
    submitted_by: str
    submitted_on: date
    last_event: int
    approved_digest: str | None = None
    approved_by: str | None = None
    approved_on: date | None = None
    expires: date | None = None
    requester: str | None = None
    review: Review | None = None
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
    checks: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    trainings: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    acknowledged: Mapping[str, date] = field(default_factory=dict[str, date])
    actors: Mapping[str, str] = field(default_factory=dict[str, str])
    application: Application | None = None
    terms: SystemTerms | None = None

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
        """A member's background check: as recorded later, else as the approved application says."""
        return self.checks.get(member) or self._from_application(member, "background_check")

    def training_of(self, member: str) -> Evidence | None:
        """A member's training, likewise."""
        return self.trainings.get(member) or self._from_application(member, "training")

    def irb_until(self) -> date | None:
        """When the review board's approval ends: as recorded later, else as applied."""
        if self.irb_expires is not None:
            return self.irb_expires
        form = self.application
        return form.irb.expires if isinstance(form, StandardApplication) and form.irb else None

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
                 "confirmed": c.confirmed_by is not None, "destroyed": c.destroyed}
                for c in self.cohorts
            ],
            "recipients": [
                {"fingerprint": r.fingerprint, "member": r.member, "key": r.key_kind,
                 "confirmed": r.confirmed_by is not None, "revoked": r.revoked}
                for r in self.recipients
            ],
        }  # fmt: skip

    def _from_application(self, member: str, what: str) -> Evidence | None:
        if not isinstance(self.application, StandardApplication):
            return None
        person = self.application.member(member)
        part: Any = getattr(person, what, None)
        if part is None:
            return None
        return Evidence(getattr(part, "status", "passed"), part.on, part.expires)

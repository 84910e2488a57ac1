"""The steps of a release: ordered, approved by a second person, handed over, received, ended.

The pipeline records its stages with ``record``; a decision of a person has a method of its own with
the checks that belong to it. Recording is safe to repeat: the same facts are recorded once.
"""

import hashlib
from collections.abc import Mapping
from datetime import date

from approvals.errors import (
    KeyReused,
    NotAutomatic,
    ReleaseMoveNotAllowed,
    ReportDiffers,
    UnknownMember,
    UnknownRelease,
)
from approvals.events import KINDS, RELEASE, Event
from approvals.facts import FactValue
from approvals.gate import Ask, GatePolicy, Verdict, check
from approvals.ledger import Entry, canonical
from approvals.people import Person, check_role, two_people_required
from approvals.projects import Projects
from approvals.release_state import OUT, ReleaseState, Status, release_state

_RUN = frozenset({"engineer"})
_APPROVE = frozenset({"approver"})
_GIVE = frozenset({"engineer", "approver"})
_STOP = frozenset({"engineer", "approver", "security", "administrator"})
_REVIEW = frozenset({"reviewer"})

# Decisions of persons: only their own methods record them.
_DECISIONS = frozenset(
    {"release_ordered", "release_approved", "package_handed_over", "receipt_recorded",
     "release_withdrawn", "release_destroyed"}
)  # fmt: skip


class Releases:
    """All releases of a home."""

    def __init__(self, projects: Projects, *, policy: GatePolicy | None = None) -> None:
        """Use the projects' ledger; ``policy`` are the gate's switches."""
        self._projects = projects
        self._ledger = projects.ledger
        self._policy = policy or GatePolicy()

    # -------------------------------------------------------------- looking

    def show(self, release: str) -> ReleaseState:
        """A release.

        Raises:
            UnknownRelease: there is none.
        """
        state = release_state(self._ledger.events(release=release))
        if state is None:
            raise UnknownRelease
        return state

    def list(self, project: str | None = None) -> list[ReleaseState]:
        """All releases, of a project or of all, in the order in which they were ordered."""
        ordered = self._ledger.events(project=project, kind="release_ordered")
        return [self.show(e.release) for e in ordered if e.release]

    # -------------------------------------------------------------- making

    def order(
        self,
        project: str,
        kind: str,
        actor: Person,
        on: date,
        facts: Mapping[str, FactValue] | None = None,
    ) -> ReleaseState:
        """Order a release: gives it its id (``2026-001-R001``); the gate is asked by ``ask_gate``.

        Args:
            project: number.
            kind: identified, deidentified or aggregated.
            actor: who answers for the run.
            on: day.
            facts: of ``release_ordered``, besides kind, system and on.

        Raises:
            UnknownProject, RoleMissing, EventRefused: see their texts.
        """
        check_role(actor, _RUN)
        system = self._projects.show(project).system
        given = {**(facts or {}), "kind": kind, "system": system, "on": on.isoformat()}
        serial = len(self._ledger.events(project=project, kind="release_ordered"))
        while True:  # ends: each failure means that somebody else took the number
            serial += 1
            release = f"{project}-R{serial:03d}"
            if self._ledger.events(release=release):
                continue
            event = Event(
                "release_ordered", actor.id, project, release, given, key=f"release:{release}"
            )
            try:
                self._ledger.append(event)
            except KeyReused:
                continue
            return self.show(release)

    def record(
        self,
        release: str,
        kind: str,
        facts: Mapping[str, FactValue] | None = None,
        *,
        actor: Person | None = None,
        once: bool = True,
    ) -> Entry:
        """Record what a stage did.

        Args:
            release: its id.
            kind: a kind of event about a release that is no person's decision.
            facts: of that kind.
            actor: who; by default the person who ordered the release.
            once: the same facts twice in one attempt are one event, so that a resumed run records
                once.

        Raises:
            ReleaseMoveNotAllowed: the kind is a decision and has its own method.
            EventRefused: the facts are not those of the kind.
        """
        if kind in _DECISIONS or (kind in KINDS and KINDS[kind].about != RELEASE):
            raise ReleaseMoveNotAllowed(step=kind, what="has a method of its own")
        state = self.show(release)
        return self._append(state, kind, actor.id if actor else state.ordered_by, facts or {}, once)

    def ask_gate(self, release: str, ask: Ask, actor: Person | None = None) -> Verdict:
        """Ask the gate for a release and record its answer, whichever it is."""
        state = self.show(release)
        verdict = check(self._projects.show(state.project), ask)
        facts: dict[str, FactValue] = {"stage": ask.stage, "on": ask.on.isoformat()}
        if not verdict.allowed:
            facts["rules"] = verdict.rules
        kind = "gate_allowed" if verdict.allowed else "gate_refused"
        self._append(state, kind, actor.id if actor else state.ordered_by, facts, once=False)
        return verdict

    def attach_report(self, release: str, report: bytes) -> str:
        """Store the Department's report with the project and record its keyed digest.

        Returns:
            the digest, which the approver names.
        """
        state = self.show(release)
        digest = self._projects.folder(state.project).put("report", report)
        self._append(state, "report_attached", state.ordered_by, {"report": digest}, once=True)
        return digest

    def report(self, release: str) -> bytes:
        """The stored report of a release.

        Raises:
            ReportDiffers: none is attached.
            DocumentChanged: it is gone or was changed.
        """
        state = self.show(release)
        if state.report is None:
            raise ReportDiffers(what="none attached")
        return self._projects.folder(state.project).get("report", state.report)

    # -------------------------------------------------------------- deciding

    def approve(
        self, release: str, actor: Person, on: date, *, report: str | None = None
    ) -> ReleaseState:
        """Let a release go, as a second person, on the strength of its report.

        Args:
            release: its id.
            actor: an approver who did not order it.
            on: day.
            report: digest of the report that was read; None means the one attached, which must
                still be there unchanged.

        Raises:
            ReleaseMoveNotAllowed: it does not wait for approval.
            ReportDiffers, DocumentChanged: another report, or a changed one.
            SamePerson, RoleMissing: see their texts.
        """
        state = self._standing(release, frozenset({Status.WAITING_APPROVAL}), "approve")
        check_role(actor, _APPROVE)
        two_people_required(state.ordered_by, actor.id, demo=self._projects.demo)
        return self._approve(state, actor.id, on, report, "second_person")

    def approve_automatically(self, release: str, on: date) -> ReleaseState:
        """Let a scheduled aggregated release go by policy, without a person.

        Raises:
            NotAutomatic: it is of another kind, or was not scheduled.
        """
        state = self._standing(release, frozenset({Status.WAITING_APPROVAL}), "approve")
        if state.kind != "aggregated" or not state.scheduled:
            raise NotAutomatic(kind=state.kind)
        return self._approve(state, state.ordered_by, on, None, "auto")

    def hand_over(self, release: str, member: str, actor: Person, on: date) -> ReleaseState:
        """Give a package to a member, after asking the gate again (§ 964(b)).

        Raises:
            UnknownMember: nothing was sealed to this member.
            GateRefused: with every reason; the refusal is recorded.
            ReleaseMoveNotAllowed: it is not in the outbox.
        """
        state = self._standing(release, OUT, "handover")
        check_role(actor, _GIVE)
        package = state.packages.get(member)
        if package is None:
            raise UnknownMember
        self.ask_gate(release, self.handover_ask(state, on, (package.fingerprint,)), actor).check()
        facts: dict[str, FactValue] = {
            "member": member, "fingerprint": package.fingerprint, "on": on.isoformat(),
        }  # fmt: skip
        return self._decide(self.show(release), "package_handed_over", actor, facts)

    def handover_ask(
        self, state: ReleaseState, on: date, recipients: tuple[str, ...] | None = None
    ) -> Ask:
        """The question for the gate right before a release leaves."""
        years = tuple(int(y) for y in state.years.split("-")) if state.years else None
        return Ask(
            kind=state.kind,
            on=on,
            system=state.system,
            years=(years[0], years[1]) if years else None,
            cohort_digest=state.cohort,
            cohort_rows=state.cohort_rows,
            recipients=recipients,
            stage="handover",
            policy=self._policy,
        )

    def receipt(self, release: str, member: str, actor: Person, on: date) -> ReleaseState:
        """Record that a member confirmed having received the package.

        Raises:
            UnknownMember: nothing was handed over to this member.
        """
        state = self._standing(release, OUT, "receipt")
        check_role(actor, _GIVE)
        if member not in state.packages or not state.packages[member].handed_over:
            raise UnknownMember
        facts: dict[str, FactValue] = {"member": member, "on": on.isoformat()}
        return self._decide(state, "receipt_recorded", actor, facts)

    def withdraw(self, release: str, reason: str, actor: Person, on: date) -> ReleaseState:
        """Take a release back; packages that were given out stay on record."""
        open_ = frozenset(Status) - {Status.DESTROYED, Status.WITHDRAWN}
        state = self._standing(release, open_, "withdraw")
        check_role(actor, _STOP)
        facts: dict[str, FactValue] = {"reason": reason, "on": on.isoformat()}
        return self._decide(state, "release_withdrawn", actor, facts)

    def destroy(self, release: str, actor: Person, on: date) -> ReleaseState:
        """Record that the Department's copy was destroyed."""
        state = self._standing(release, frozenset(Status) - {Status.DESTROYED}, "destroy")
        check_role(actor, _STOP)
        return self._decide(state, "release_destroyed", actor, {"on": on.isoformat()})

    # -------------------------------------------------------------- recording

    def _approve(
        self, state: ReleaseState, actor: str, on: date, report: str | None, policy: str
    ) -> ReleaseState:
        if state.report is None or report not in (None, state.report):
            raise ReportDiffers
        self._projects.folder(state.project).get("report", state.report)
        facts: dict[str, FactValue] = {
            "report": state.report, "policy": policy, "on": on.isoformat(),
        }  # fmt: skip
        self._append(state, "release_approved", actor, facts, once=True, unmoved=True)
        return self.show(state.release)

    def _standing(self, release: str, statuses: frozenset[Status], step: str) -> ReleaseState:
        state = self.show(release)
        if state.status not in statuses:
            raise ReleaseMoveNotAllowed(step=step, status=str(state.status))
        return state

    def _decide(
        self, state: ReleaseState, kind: str, actor: Person, facts: Mapping[str, FactValue]
    ) -> ReleaseState:
        self._append(state, kind, actor.id, facts, once=False, unmoved=True)
        return self.show(state.release)

    def _append(
        self,
        state: ReleaseState,
        kind: str,
        actor: str,
        facts: Mapping[str, FactValue],
        once: bool,
        unmoved: bool = False,
    ) -> Entry:
        key = None
        if once:
            said = canonical(
                {k: v if isinstance(v, int | str) else list(v) for k, v in facts.items()}
            )
            key = f"{state.release}:{kind}:{state.attempt}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
        event = Event(kind, actor, state.project, state.release, facts, key)
        return self._ledger.append(
            event, last_of_release=state.last_event if unmoved else None
        )  # fmt: skip

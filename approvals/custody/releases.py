"""The steps of a release: ordered, approved by a second person, handed over, received, ended.

The pipeline records its stages with ``record``; a decision of a person has a method of its own with
the checks that belong to it. Recording is safe to repeat: the same facts are recorded once.
"""

from collections.abc import Mapping
from datetime import date

from approvals.custody.errors import (
    NotAutomatic,
    PackageDiffers,
    ReleaseMoveNotAllowed,
    ReportDiffers,
)
from approvals.custody.state import OUT, ReleaseState, Status
from approvals.custody.store import ReleaseStore
from approvals.ledger import Event, FactValue, KeyReused
from approvals.people import Person, check_role, two_people_required
from approvals.project import UnknownMember

_RUN = frozenset({"engineer"})
_APPROVE = frozenset({"approver"})
_GIVE = frozenset({"engineer", "approver"})
_STOP = frozenset({"engineer", "approver", "security", "administrator"})


class Releases(ReleaseStore):
    """All releases of a home: ordered, approved, handed over, received, ended."""

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
        system = self.projects.show(project).system
        given = {**(facts or {}), "kind": kind, "system": system, "on": on.isoformat()}
        serial = len(self.ledger.events(project=project, kind="release_ordered"))
        while True:  # ends: each failure means that somebody else took the number
            serial += 1
            release = f"{project}-R{serial:03d}"
            if self.ledger.events(release=release):
                continue
            event = Event(
                "release_ordered", actor.id, project, release, given, key=f"release:{release}"
            )
            try:
                self.ledger.append(event)
            except KeyReused:
                continue
            return self.show(release)

    # -------------------------------------------------------------- deciding

    def approve(
        self, release: str, actor: Person, on: date, *, report: str | None = None
    ) -> ReleaseState:
        """Let a release go, as a second person, on the strength of its report.

        Args:
            release: its id.
            actor: an approver who neither ordered nor resumed it.
            on: day.
            report: digest of the report that was read; None means the one attached, which must
                still be there unchanged.

        Raises:
            ReleaseMoveNotAllowed: it does not wait for approval.
            ReportDiffers, DocumentChanged: another report, or a changed one.
            SamePerson, RoleMissing: see their texts.
            GateRefused: what was allowed when it ran is not any more; the release goes on waiting.
        """
        state = self._standing(release, frozenset({Status.WAITING_APPROVAL}), "approve")
        check_role(actor, _APPROVE)
        for runner in sorted(state.ran_by):
            two_people_required(runner, actor.id, demo=self.projects.demo)
        self._check_report(state, report)
        self.ask_gate(release, self.handover_request(state, on), actor, stage="approve").check()
        return self._approve(self.show(release), actor.id, on, report, "second_person")

    def resume(self, release: str, actor: Person, on: date) -> ReleaseState:
        """Record that somebody goes on with a run: before its approval, they can't approve it.

        Raises:
            ReleaseMoveNotAllowed: it was withdrawn or destroyed.
            RoleMissing: this person may not.
        """
        open_ = frozenset(Status) - {Status.DESTROYED, Status.WITHDRAWN}
        state = self._standing(release, open_, "resume")
        check_role(actor, _GIVE)
        return self._decide(state, "release_resumed", actor, {"on": on.isoformat()})

    def approve_automatically(self, release: str, on: date) -> ReleaseState:
        """Let a scheduled aggregated release go by policy, without a person.

        Raises:
            NotAutomatic: it is of another kind, or was not scheduled.
        """
        state = self._standing(release, frozenset({Status.WAITING_APPROVAL}), "approve")
        if state.kind != "aggregated" or not state.scheduled:
            raise NotAutomatic(kind=state.kind)
        return self._approve(state, state.ordered_by, on, None, "auto")

    def hand_over(
        self,
        release: str,
        member: str,
        actor: Person,
        on: date,
        *,
        sums: str | None = None,
        by: str | None = None,
    ) -> ReleaseState:
        """Give a package to a member, after asking the gate again (§§ 964(b), 965(c)).

        Args:
            release: its id.
            member: to whom.
            actor: who gives it.
            on: day.
            sums: SHA-256 of the signed list of the copy that is given, as found.
            by: ``portal``, ``sftp``, ``media`` or ``in_person``.

        Raises:
            UnknownMember: nothing was sealed to this member.
            GateRefused: with every reason; the refusal is recorded.
            PackageDiffers: the copy is not the one that was sealed, or was cleared away.
            ReleaseMoveNotAllowed: it is not in the outbox.
        """
        state = self._standing(release, OUT, "handover")
        check_role(actor, _GIVE)
        package = state.packages.get(member)
        if package is None:
            raise UnknownMember
        self.ask_gate(
            release, self.handover_request(state, on, (package.fingerprint,)), actor
        ).check()
        if not state.in_outbox:
            raise ReleaseMoveNotAllowed(step="handover", what="its packages were cleared away")
        if sums not in (None, package.sums):
            raise PackageDiffers(member=member)
        facts: dict[str, FactValue] = {
            "member": member, "fingerprint": package.fingerprint, "on": on.isoformat(),
        }  # fmt: skip
        facts |= {"sums": sums} if sums else {}
        facts |= {"by": by} if by else {}
        return self._decide(self.show(release), "package_handed_over", actor, facts)

    def receipt(
        self, release: str, member: str, actor: Person, on: date, *, code_shown: bool = False
    ) -> ReleaseState:
        """Record that a member confirmed having received the package.

        Args:
            release: its id.
            member: who.
            actor: who records it.
            on: day.
            code_shown: the member gave the code that only the opened package tells.

        Raises:
            UnknownMember: nothing was handed over to this member.
        """
        state = self._standing(release, OUT, "receipt")
        check_role(actor, _GIVE)
        if member not in state.packages or not state.packages[member].handed_over:
            raise UnknownMember
        facts: dict[str, FactValue] = {"member": member, "on": on.isoformat()}
        facts |= {"code_shown": True} if code_shown else {}
        return self._decide(state, "receipt_recorded", actor, facts)

    def cleared(self, release: str, actor: Person, on: date) -> ReleaseState:
        """Record that the retention of the outbox is over and its packages are gone.

        Raises:
            ReleaseMoveNotAllowed: it is not in the outbox.
        """
        state = self._standing(release, OUT, "clear")
        check_role(actor, _STOP)
        facts: dict[str, FactValue] = {"on": on.isoformat(), "packages": len(state.packages)}
        return self._decide(state, "outbox_cleared", actor, facts)

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
        facts: dict[str, FactValue] = {
            "report": self._check_report(state, report), "policy": policy, "on": on.isoformat(),
        }  # fmt: skip
        self.append(state, "release_approved", actor, facts, once=True, unmoved=True)
        return self.show(state.release)

    def _check_report(self, state: ReleaseState, report: str | None) -> str:
        """The digest of the attached report, which is the one named and is still there unchanged."""
        if state.report is None or report not in (None, state.report):
            raise ReportDiffers
        self.projects.folder(state.project).get("report", state.report)
        return state.report

    def _standing(self, release: str, statuses: frozenset[Status], step: str) -> ReleaseState:
        state = self.show(release)
        if state.status not in statuses:
            raise ReleaseMoveNotAllowed(step=step, status=str(state.status))
        return state

    def _decide(
        self, state: ReleaseState, kind: str, actor: Person, facts: Mapping[str, FactValue]
    ) -> ReleaseState:
        self.append(state, kind, actor.id, facts, once=False, unmoved=True)
        return self.show(state.release)

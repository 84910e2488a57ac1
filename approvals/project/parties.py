"""Cohorts and recipients' keys: registered by one person, confirmed by another."""

from collections.abc import Mapping
from datetime import date

from approvals.application import StandardApplication
from approvals.ledger import FactValue
from approvals.people import NothingToConfirm, Person
from approvals.project.errors import CohortRefused, MoveNotAllowed, UnknownMember
from approvals.project.lifecycle import IN_FORCE
from approvals.project.parts import Recipient
from approvals.project.state import ProjectState
from approvals.project.store import ProjectStore


class Parties(ProjectStore):
    """What binds a cohort and a recipient to a project."""

    def register_cohort(
        self, number: str, *, digest: str, rows: int, actor: Person, on: date,
        source: str | None = None,
    ) -> ProjectState:  # fmt: skip
        """Bind a cohort to its project (§ 963(a)(3)).

        Args:
            number: project.
            digest: keyed digest of the file; its name and content are never recorded.
            rows: data rows.
            actor: who registers it; another person confirms it.
            on: day.
            source: short name of the source; must be the one that the application declares.

        Raises:
            MoveNotAllowed: the project is not in force.
            CohortRefused: the application declares none, another source, or fewer rows.
        """
        state = self._in_force(number, on, "cohort_registered")
        form = state.application
        if not isinstance(form, StandardApplication) or not form.cohort.declared:
            raise CohortRefused(what="no cohort declared")
        declared = form.cohort.source or ""
        if source is not None and source != declared:
            raise CohortRefused(what="another source than declared")
        if form.cohort.max_rows is None or rows > form.cohort.max_rows:
            raise CohortRefused(rows=rows, at_most=form.cohort.max_rows or 0)
        known = state.cohort(digest)
        if known is None or known.destroyed:
            facts: dict[str, FactValue] = {"cohort": digest, "rows": rows, "source": declared}
            self.record(state, "cohort_registered", actor, facts, on=on)
        return self.show(number)

    def confirm_cohort(
        self, number: str, digest: str | None, actor: Person, on: date
    ) -> ProjectState:
        """Confirm a registered cohort as a second person.

        Args:
            number: project.
            digest: which; None means the only one that waits.
            actor: who confirms.
            on: day.

        Raises:
            NothingToConfirm: no such cohort waits, or several do and none was named.
            SamePerson: the one who registered it can't confirm it.
        """
        state = self._in_force(number, on, "cohort_confirmed")
        waiting = [c for c in state.cohorts if c.confirmed_by is None and not c.destroyed]
        fitting = [c for c in waiting if digest in (None, c.digest)]
        if len(fitting) != 1:
            raise NothingToConfirm(what="cohort", waiting=len(waiting))
        cohort = fitting[0]
        self.record(
            state, "cohort_confirmed", actor, {"cohort": cohort.digest}, on=on,
            first=cohort.registered_by,
        )  # fmt: skip
        return self.show(number)

    def cohort_destroyed(self, number: str, digest: str, actor: Person, on: date) -> ProjectState:
        """Record that the Department's copy of a cohort is gone; what was released from it stays.

        Raises:
            NothingToConfirm: no such cohort is held.
        """
        state = self.show(number)
        known = state.cohort(digest)
        if known is None or known.destroyed:
            raise NothingToConfirm(what="cohort")
        self.record(state, "cohort_destroyed", actor, {"cohort": digest}, on=on)
        return self.show(number)

    def add_recipient(
        self, number: str, fingerprint: str, member: str, actor: Person, on: date, *,
        certificate: bytes, key_kind: str = "", certificate_expires: date | None = None,
    ) -> ProjectState:  # fmt: skip
        """Tie a key to a member whom the application names as a recipient.

        Args:
            number: project.
            fingerprint: SHA-256 of the public key, hex.
            member: id in the application.
            actor: who adds it; another person confirms it.
            on: day.
            certificate: PEM; stored in the project's folder, pinned by the ledger.
            key_kind: ``RSA-3072`` or ``P-384``.
            certificate_expires: last day of the certificate.

        Raises:
            UnknownMember: the application names no recipient with this id.
            MoveNotAllowed: the project is not in force.
        """
        state = self._in_force(number, on, "recipient_added")
        if state.application is None or member not in state.application.recipient_ids():
            raise UnknownMember
        facts: dict[str, FactValue] = {
            "fingerprint": fingerprint,
            "member": member,
            "certificate": self.folder(number).put("recipient", certificate),
        }
        if key_kind:
            facts["key_kind"] = key_kind
        if certificate_expires is not None:
            facts["certificate_expires"] = certificate_expires.isoformat()
        self.record(state, "recipient_added", actor, facts, on=on)
        return self.show(number)

    def confirm_recipient(
        self, fingerprint: str, actor: Person, on: date, number: str | None = None
    ) -> tuple[ProjectState, ...]:
        """Confirm a key as a second person, in every project where it waits.

        Raises:
            NothingToConfirm: it waits nowhere.
            SamePerson: the one who added it can't confirm it.
        """
        states = [self.show(number)] if number else self.list()
        waiting = [(s, r) for s in states if (r := _waiting(s, fingerprint)) is not None]
        if not waiting:
            raise NothingToConfirm(what="recipient")
        for state, recipient in waiting:
            facts = {"fingerprint": fingerprint, "member": recipient.member}
            self.record(state, "recipient_confirmed", actor, facts, on=on, first=recipient.added_by)
        return tuple(self.show(state.number) for state, _ in waiting)

    def certificate(self, number: str, fingerprint: str) -> bytes:
        """The stored certificate of a recipient's key, as it was added.

        Raises:
            NothingToConfirm: no such key.
            DocumentChanged: the file is gone or was changed.
        """
        for entry in reversed(self.ledger.events(project=number, kind="recipient_added")):
            facts: Mapping[str, FactValue] = entry.facts
            if facts["fingerprint"] == fingerprint:
                return self.folder(number).get("recipient", str(facts["certificate"]))
        raise NothingToConfirm(what="recipient")

    def _in_force(self, number: str, on: date, step: str) -> ProjectState:
        state = self.show(number)
        now = state.state_on(on)
        if now not in IN_FORCE:
            raise MoveNotAllowed(step=step, state=str(now))
        return state


def _waiting(state: ProjectState, fingerprint: str) -> Recipient | None:
    found = state.recipient(fingerprint)
    return found if found and found.confirmed_by is None and not found.revoked else None

"""The steps of a project's life, each recorded by the person who takes it.

Every method that writes takes the acting person; who may do what stands in ``lifecycle``. A cohort and a
recipient's key are registered by one person and confirmed by another. What is personal (names,
addresses) stays in the application's file: the ledger gets ids and keyed digests.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

from approvals import errors
from approvals.application import (
    Application,
    StandardApplication,
    parse_application,
    read_application_file,
)
from approvals.ledger import DIGEST, KINDS, PROJECT, Event, FactValue, parse_facts
from approvals.people import Person, check_role, two_people_required
from approvals.project.evidence import check_correction
from approvals.project.lifecycle import IN_FORCE, State
from approvals.project.state import ProjectState, Recipient
from approvals.project.store import RECORDERS, ProjectStore
from errors import nearest
from systems import bounded

_BIGGEST_DOCUMENT = 256 << 20  # bytes: a scanned letter has some ten million

# Kinds with steps of their own: the general ``event`` would leave out their checks.
OWN_STEP = frozenset(
    {"project_submitted", "application_revised", "amendment_submitted", "project_approved",
     "project_amended", "notice_written", "relied_on_by", "aggregates_refreshed",
     "document_stored", "recall_sent", "cohort_destroyed",
     "cohort_registered", "cohort_confirmed", "recipient_added", "recipient_confirmed"}
)  # fmt: skip


def one_year_later(day: date) -> date:
    """The same day a year later; of 29 February, 28 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


class Projects(ProjectStore):
    """All projects of a home: applications, approval, cohorts, recipients, events.

    A step takes the project's number, the person who acts and the day on which it happened (Pacific
    time), and gives the project as it stands then.
    """

    def submit(self, path: Path, actor: Person, on: date) -> ProjectState:
        """Take an application: a new project, or an amendment of the one that it modifies.

        Raises:
            ApplicationUnreadable, ApplicationRefused: nothing was recorded.
            UnknownProject, MoveNotAllowed: the project to modify or rely on.
            RoleMissing: this person may not.
        """
        check_role(actor, RECORDERS)
        content = read_application_file(path)
        form = parse_application(content, terms=self._terms)
        if form.modifies is not None:
            self._submit_changed(form, content, actor, on)
            return self.show(form.modifies)
        return self.show(self._submit_new(form, content, actor, on))

    def approve(
        self, number: str, actor: Person, on: date, *, expires: date | None = None
    ) -> ProjectState:
        """Approve a submitted project, or the amendment that waits; never by its submitter.

        ``expires`` is the first day out of force; at most, and by default, a year later.

        Raises:
            MoveNotAllowed, SamePerson, RoleMissing: see their texts.
            ApplicationRefused: a rule or a switch has changed since it was submitted.
        """
        state = self.show(number)
        if state.recorded in IN_FORCE and state.pending_digest is not None:
            self.check_again(number, state.pending_digest)
            facts: dict[str, FactValue] = {"application": state.pending_digest}
            self.record(state, "project_amended", actor, facts, on=on)
            return self.show(number)
        longest = one_year_later(on)
        if expires is not None and not on < expires <= longest:
            raise errors.MoveNotAllowed(step="project_approved", what="valid for one year at most")
        self.check_again(number, state.application_digest)
        self._check_review(state, actor)
        self._check_requester(state)
        facts = {
            "application": state.application_digest,
            "expires": (expires or longest).isoformat(),
            "confirmed": criteria(state),
        }
        self.record(state, "project_approved", actor, facts, on=on)
        self._record_reliance(state, actor, on)
        return self.show(number)

    def renew(
        self, number: str, actor: Person, on: date, *, expires: date | None = None
    ) -> ProjectState:
        """Approve a renewal that another person recorded, before the expiration (§ 966(i)).

        ``expires`` is the first day out of force; at most, and by default, a year after the old one.
        """
        state = self.show(number)
        if state.recorded is not State.RENEWAL_DUE or state.expires is None:
            raise errors.MoveNotAllowed(step="project_renewed", state=str(state.state_on(on)))
        longest = one_year_later(state.expires)
        if expires is not None and not on < expires <= longest:
            raise errors.MoveNotAllowed(step="project_renewed", what="one more year at most")
        facts: dict[str, FactValue] = {"expires": (expires or longest).isoformat()}
        self.record(state, "project_renewed", actor, facts, on=on)
        return self.show(number)

    def event(
        self,
        number: str,
        kind: str,
        actor: Person,
        on: date,
        facts: Mapping[str, str] | None = None,
        files: Mapping[str, Path | bytes] | None = None,
    ) -> ProjectState:
        """Record any other event of a project's life; ``facts`` are text by name, without ``on``.

        ``files`` are facts that are documents, or their bytes: each is stored in the project's folder, and its keyed
        digest is recorded.

        Raises:
            EventRefused: unknown kind or facts, or a kind that has a command of its own.
            DocumentChanged: a file can't be read.
            MoveNotAllowed, RoleMissing, SamePerson: see their texts.
        """
        if kind in OWN_STEP:
            raise errors.EventRefused(kind=kind, what="this kind has a command of its own")
        if kind not in KINDS or KINDS[kind].about != PROJECT:
            raise errors.EventRefused(
                what="no kind of project event",
                kinds=len(project_event_kinds()),
                **nearest(kind, project_event_kinds()),
            )
        if kind == "project_renewed" and not facts:
            return self.renew(number, actor, on)
        state = self.show(number)
        given = parse_facts(kind, facts or {})
        folder = self.folder(number)
        content = {name: _read_document(kind, name, one) for name, one in (files or {}).items()}
        stored: dict[str, FactValue] = {n: folder.digest("document", c) for n, c in content.items()}

        def store() -> None:
            for one in content.values():
                folder.put("document", one)

        self._record_other(state, kind, actor, given | stored, on, store)
        for name, digest in stored.items():
            pinned: dict[str, FactValue] = {"document": f"{kind}.{name}", "digest": digest}
            self.record(self.show(number), "document_stored", actor, pinned, on=on)
        return self.show(number)

    def _record_other(
        self,
        state: ProjectState,
        kind: str,
        actor: Person,
        given: Mapping[str, FactValue],
        on: date,
        store: Callable[[], object],
    ) -> None:
        if kind == "project_renewed":
            until = date.fromisoformat(str(given["expires"]))
            self.renew(state.number, actor, on, expires=until)
            return
        if kind == "extension_granted":
            _check_extension(state, given)
        if kind == "person_confirmed":
            by = _unconfirmed(state, str(given["member"]), str(given["what"]))
            self.record(state, kind, actor, given, on=on, first=by, store=store)
        elif kind == "event_corrected":
            entries = self.ledger.project_events(state.number)
            wrong = check_correction(entries, int(str(given["event"])))
            self.record(state, kind, actor, given, on=on, first=wrong.actor, store=store)
        else:
            self.record(state, kind, actor, given, on=on, store=store)

    # ------------------------------------------------------- cohorts and recipients' keys

    def check_cohort(
        self, number: str, rows: int, actor: Person, on: date, source: str | None = None
    ) -> ProjectState:
        """Whatever may refuse a cohort, before it is stored; see ``register_cohort``."""
        check_role(actor, RECORDERS)
        state = self._in_force(number, on, "cohort_registered")
        form = state.application
        if not isinstance(form, StandardApplication) or not form.cohort.declared:
            raise errors.CohortRefused(what="no cohort declared")
        declared = form.cohort.source or ""
        if source is not None and source != declared:
            raise errors.CohortRefused(what="another source than declared")
        if form.cohort.max_rows is None or rows > form.cohort.max_rows:
            raise errors.CohortRefused(rows=rows, at_most=form.cohort.max_rows or 0)
        return state

    def register_cohort(
        self, number: str, *, digest: str, rows: int, actor: Person, on: date,
        source: str | None = None, file: str | None = None,
    ) -> ProjectState:  # fmt: skip
        """Bind a cohort to its project (§ 963(a)(3)).

        Args:
            number: project.
            digest: keyed digest of file and column map; name and content are never recorded.
            rows: data rows.
            actor: who registers it; another person confirms it.
            on: day.
            source: short name of the source; must be the one that the application declares.
            file: keyed digest of the file alone: registered again, it supersedes what was made of it before.

        Raises:
            MoveNotAllowed: the project is not in force.
            CohortRefused: the application declares none, another source, or fewer rows.
        """
        state = self.check_cohort(number, rows, actor, on, source)
        known, form = state.cohort(digest), state.application
        assert isinstance(form, StandardApplication)  # checked
        if known is None or known.destroyed or known.superseded:
            facts: dict[str, FactValue] = {
                "cohort": digest, "rows": rows, "source": form.cohort.source or "",
            }  # fmt: skip
            if file is not None:
                facts["file"] = file
            self.record(state, "cohort_registered", actor, facts, on=on)
        return self.show(number)

    def confirm_cohort(
        self, number: str, digest: str | None, actor: Person, on: date
    ) -> ProjectState:
        """Confirm a registered cohort as a second person; without a digest the only one that waits.

        Raises:
            NothingToConfirm: no such cohort waits, or several do and none was named.
            SamePerson: the one who registered it can't confirm it.
        """
        state = self._in_force(number, on, "cohort_confirmed")
        waiting = [c for c in state.cohorts if c.confirmed_by is None and c.usable]
        fitting = [c for c in waiting if digest in (None, c.digest)]
        if len(fitting) != 1:
            raise errors.NothingToConfirm(what="cohort", waiting=len(waiting))
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
            raise errors.NothingToConfirm(what="cohort")
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
            raise errors.UnknownMember
        folder = self.folder(number)
        facts: dict[str, FactValue] = {
            "fingerprint": fingerprint,
            "member": member,
            "certificate": folder.digest("recipient", certificate),
        }
        if key_kind:
            facts["key_kind"] = key_kind
        if certificate_expires is not None:
            facts["certificate_expires"] = certificate_expires.isoformat()
        store = partial(folder.put, "recipient", certificate)
        self.record(state, "recipient_added", actor, facts, on=on, store=store)
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
            raise errors.NothingToConfirm(what="recipient")
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
        raise errors.NothingToConfirm(what="recipient")

    def _in_force(self, number: str, on: date, step: str) -> ProjectState:
        state = self.show(number)
        now = state.state_on(on)
        if now not in IN_FORCE:
            raise errors.MoveNotAllowed(step=step, state=str(now))
        return state

    # -------------------------------------------------------------------------- inside

    def _submit_new(self, form: Application, content: bytes, actor: Person, on: date) -> str:
        facts: dict[str, FactValue] = {
            "form": form.form, "system": form.system, "kinds": form.kinds, "on": on.isoformat(),
        }  # fmt: skip
        if isinstance(form, StandardApplication) and form.relies_on is not None:
            facts["relies_on"] = self.show(form.relies_on).number
        facts["requester"] = self._digest("requester", requester_mark(form).encode())
        serial = len(
            {e.project for e in self.ledger.events(kind="project_submitted")
             if (e.project or "").startswith(f"{on.year}-")}
        )  # fmt: skip
        while True:  # ends: each failure means that somebody else took the number
            serial += 1
            number = f"{on.year}-{serial:03d}"
            folder = self.folder(number)
            facts["application"] = folder.digest("application", content)
            event = Event(
                "project_submitted", actor.id, number, facts=facts, key=f"project:{number}"
            )
            try:
                store = partial(folder.put, "application", content)
                self.ledger.append(event, last_of_project=0, store=store)
            except (errors.KeyReused, errors.StateMoved):
                continue
            return number

    def _submit_changed(self, form: Application, content: bytes, actor: Person, on: date) -> None:
        """A revised application before the decision, an amendment after it (§ 966(b)(1))."""
        number = form.modifies or ""
        state = self.show(number)
        now = state.state_on(on)
        undecided = now in (State.SUBMITTED, State.UNDER_REVIEW)
        kind = "application_revised" if undecided else "amendment_submitted"
        if (now not in IN_FORCE and not undecided) or form.form != state.form:
            raise errors.MoveNotAllowed(step=kind, state=str(now))
        if form.system != state.system:
            raise errors.MoveNotAllowed(step=kind, what="another system: a new project")
        folder = self.folder(number)
        facts: dict[str, FactValue] = {
            "application": folder.digest("application", content),
            "kinds": form.kinds,
        }
        store = partial(folder.put, "application", content)
        self.record(state, kind, actor, facts, on=on, store=store)

    def _check_review(self, state: ProjectState, actor: Person) -> None:
        """A review that found a fault stops the approval; by policy a review must be there."""
        review = state.review
        if review is not None and review.fails:
            raise errors.ReviewMissing(fails=list(review.fails))
        if self._review_required:
            missing = sorted(set(criteria(state)) - set(review.holds if review else ()))
            if missing:
                raise errors.ReviewMissing(missing=missing)
            two_people_required(review.by if review else "", actor.id, demo=self.demo)

    def _check_requester(self, state: ProjectState) -> None:
        """Nobody is approved to whom a sanction denies future requests (§ 968(c))."""
        if state.requester is None:
            return
        for other in self.list():
            denied = "denial_of_requests" in other.sanctions
            if denied and other.requester == state.requester and other.number != state.number:
                raise errors.RequesterSanctioned(project=other.number)

    def _record_reliance(self, state: ProjectState, actor: Person, on: date) -> None:
        form = state.application
        if isinstance(form, StandardApplication) and form.relies_on is not None:
            older = self.show(form.relies_on)
            self.record(
                older, "relied_on_by", actor, {"other": state.number}, on=on,
                key=f"relied-on:{older.number}:{state.number}",
            )  # fmt: skip


def _read_document(kind: str, name: str, path: Path | bytes) -> bytes:
    types = {**KINDS[kind].must, **KINDS[kind].may}
    if types.get(name) is not DIGEST:
        raise errors.EventRefused(kind=kind, what="a file is given for a fact that is no document")
    if isinstance(path, bytes):
        return path
    try:
        content = bounded.read_at_most(path, _BIGGEST_DOCUMENT)
    except OSError:
        raise errors.DocumentChanged(what="no file that can be read") from None
    if content is None:
        raise errors.DocumentChanged(what="too large", mebibytes_at_most=_BIGGEST_DOCUMENT >> 20)
    return content


def requester_mark(form: Application) -> str:
    """What makes two applications the same requester's: the address of mail, which is their own."""
    return form.applicant.email.strip().casefold()


def criteria(state: ProjectState) -> tuple[str, ...]:
    """The rules that a person judges of this application, and confirms by approving it."""
    if not isinstance(state.application, StandardApplication):
        return ()
    held = ("C-15",) if state.application.cohort.declared else ()
    return ("C-03", "C-04", "C-08", *held, "C-48")


def project_event_kinds() -> tuple[str, ...]:
    """The kinds that ``Projects.event`` records."""
    return tuple(
        sorted(k for k, spec in KINDS.items() if spec.about == PROJECT and k not in OWN_STEP)
    )


def _check_extension(state: ProjectState, facts: Mapping[str, FactValue]) -> None:
    """One more year each time, counted from the last end (§ 967(b))."""
    start = state.extension_until or state.completed_on
    if start is None or str(facts.get("until")) > one_year_later(start).isoformat():
        raise errors.MoveNotAllowed(
            step="extension_granted", section=state.cite("§ 967(b)"), what="one year at most"
        )


def _unconfirmed(state: ProjectState, member: str, what: str) -> str:
    """Who recorded the check, or the identity, that a second person is to confirm."""
    found = (state.checks if what == "background_check" else state.identities).get(member)
    if found is None or found.outcome != "passed" or found.confirmed_by is not None:
        raise errors.NothingToConfirm(what=what, member=member)
    return found.by


def _waiting(state: ProjectState, fingerprint: str) -> Recipient | None:
    found = state.recipient(fingerprint)
    return found if found and found.confirmed_by is None and not found.revoked else None

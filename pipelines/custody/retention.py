"""Retention: sealed packages leave the outbox, cohorts and retired snapshots are destroyed, each after its days.

The regulation names no number: the days are settings. What the ledger holds of a package (hashes,
recipients, hand-overs) stays for good.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from approvals.custody import OUT, ReleaseState, Status, snapshot_destroyed, snapshot_states
from approvals.project import IN_FORCE, Cohort, ProjectState
from pipelines.custody.escrow import confirmed_escrow
from pipelines.home import Home, locked
from pipelines.session import CALIFORNIA, Session, set_of, today

_ENDED = OUT | {Status.WITHDRAWN, Status.DESTROYED, Status.REFUSED, Status.FAILED}


@dataclass(frozen=True)
class RetentionItem:
    """Something that is kept, and until when."""

    what: str
    project: str
    about: str
    until: date

    def as_dict(self, on: date) -> dict[str, object]:
        """For ``retention --json``."""
        return {
            "what": self.what,
            "project_number": self.project,
            "about": self.about,
            "until": self.until.isoformat(),
            "over": self.until < on,
        }


def retention_items(session: Session) -> list[RetentionItem]:
    """What is kept and will end, by day."""
    found = [*_packages(session), *_cohorts(session), *_snapshots(session)]
    return sorted(found, key=lambda k: (k.until, k.project, k.about))


def enforce_retention(session: Session, on: date) -> list[RetentionItem]:
    """End what was kept long enough: recorded, then removed; safe to run daily and to run twice."""
    from pipelines.cohort import destroy_cohort, unregistered

    over = [item for item in retention_items(session) if item.until < on]
    for item in over:
        if item.what == "outbox":
            _clear_outbox(session, item, on)
            continue
        if item.what == "register snapshot":
            _destroy_snapshot(session, item.about, on)
            continue
        with locked(session.home.projects / item.project / "cohorts", wait=60):
            state = session.projects.show(item.project)
            if item.what == "cohort":
                session.projects.cohort_destroyed(item.project, item.about, session.person, on)
            elif item.about not in dict(unregistered(session, state)):
                continue  # registered since
            destroy_cohort(session, item.project, item.about)
    return over


def enforce_retention_today(home: Home) -> int:
    """The same for a flow: how many things were ended today."""
    with Session(home) as session:
        return len(enforce_retention(session, today()))


def _packages(session: Session) -> Iterator[RetentionItem]:
    days = timedelta(days=session.settings.retention.outbox_days)
    for release in session.releases.list():
        if release.status in OUT and release.in_outbox and release.recorded_on is not None:
            until = release.recorded_on + days
            yield RetentionItem("outbox", release.project, release.release, until)


def _snapshots(session: Session) -> Iterator[RetentionItem]:
    """Retired snapshots that no release was ordered from; one that was used proves what went out, and stays."""
    used = {release.snapshot for release in session.releases.list()}
    days = timedelta(days=session.settings.retention.register_days)
    for snapshot, state in snapshot_states(session.ledger).items():
        if state.retired_on is not None and not state.destroyed and snapshot not in used:
            yield RetentionItem("register snapshot", "", snapshot, state.retired_on + days)


def _destroy_snapshot(session: Session, snapshot: str, on: date) -> None:
    """Its key first: what is left of it then opens nowhere; then its files, here and in the bucket; safe to repeat."""
    system, store = snapshot.split("-", maxsplit=1)[0], session.object_store("register")
    with locked(session.home.register / system, wait=60):
        session.keyring.forget_snapshot_key(snapshot)
        if store is not None:
            store.forget(set_of(snapshot))
        shutil.rmtree(session.home.register / system / snapshot, ignore_errors=True)
        snapshot_destroyed(session.ledger, snapshot, session.person, on)


def _clear_outbox(session: Session, item: RetentionItem, on: date) -> None:
    """Out of the outbox; kept sealed in the run's folder where the escrow key could open it."""
    outbox = session.home.outbox / item.project / item.about
    with locked(session.home.runs / item.about):
        proof = confirmed_escrow(session) is not None
        session.releases.cleared(item.about, session.person, on)
        target = session.home.runs / item.about / "kept"
        if proof and outbox.is_dir() and not target.exists():
            outbox.rename(target)
        else:
            shutil.rmtree(outbox, ignore_errors=True)


def _cohorts(session: Session) -> Iterator[RetentionItem]:
    from pipelines.cohort import unregistered

    releases = session.releases.list()
    for state in session.projects.list():
        for digest, stored in unregistered(session, state):
            yield RetentionItem("unregistered cohort", state.number, digest, stored)
        for cohort in state.cohorts:
            until = None if cohort.destroyed else _until(session, state, cohort, releases)
            if until is not None:
                yield RetentionItem("cohort", state.number, cohort.digest, until)


def _until(
    session: Session, state: ProjectState, cohort: Cohort, releases: list[ReleaseState]
) -> date | None:
    """Days after its last use; after it was superseded or the project's end where it was never used; else open."""
    using = [r for r in releases if r.project == state.number and r.cohort == cohort.digest]
    if any(r.status not in _ENDED for r in using):
        return None
    if using:
        last = max(session.ledger.events(release=r.release)[-1].at for r in using)
        begin = last.astimezone(CALIFORNIA).date()
    elif cohort.superseded or state.state_on(today()) not in IN_FORCE:
        entries = session.projects.entries(state.number)
        if cohort.superseded:
            entries = [e for e in entries if e.facts.get("file") == cohort.file]
        begin = entries[-1].at.astimezone(CALIFORNIA).date()
    else:
        return None
    return begin + timedelta(days=session.settings.retention.intake_days)

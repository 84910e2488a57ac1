"""What is said of a snapshot: at its load, to the second person who decides, and of two beside each other."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from approvals import custody
from approvals.ledger import FactValue
from expectations.report import Chart
from pipelines.errors import OptionsDisagree
from pipelines.home import locked
from pipelines.registers.listing import as_row
from pipelines.registers.page import by_month, diff_page, snapshot_page
from pipelines.session import Session, today
from systems.errors import SnapshotUnknown, SnapshotWaits
from systems.register import (
    Expectations,
    Finding,
    Judgement,
    Snapshot,
    TableChanges,
    as_text,
    compare_profiles,
    few,
    judge,
    judgement_of,
    months_of,
    profile_of,
)


def expectations(session: Session) -> Expectations:
    """What the settings expect."""
    return Expectations(**session.settings.registers.model_dump())


def judgement_for(session: Session, snapshot: Snapshot) -> Judgement:
    """Judge a snapshot that is complete beside the newest of its system that is in use.

    Raises:
        RegisterUnreadable, SnapshotDamaged, StagingDoesNotHold: that one can't be read.
    """
    try:
        before = session.registers.newest(snapshot.info.system)
    except (SnapshotUnknown, SnapshotWaits):
        before = None
    return judge(snapshot, before, expectations(session), today())


def said_of(snapshot: Snapshot) -> dict[str, FactValue]:
    """What the ledger is told of the judgement: how many expectations failed, and beside which snapshot."""
    found = judgement_of(snapshot)
    facts: dict[str, FactValue] = {"held": snapshot.info.held} if snapshot.info.held else {}
    return facts | ({"against": found.against} if found and found.against else {})


def verdict_of(session: Session, snapshot: Snapshot) -> dict[str, object]:
    """What is there to say of a snapshot: tables that are missing, and what its rules found."""
    judgement, info = judgement_of(snapshot), snapshot.info
    missing = [t for t in snapshot.system.table_names if t not in info.tables]
    standing = session.registers.standing(info)
    return {
        "against": judgement.against if judgement else None,
        "missing_tables": missing,
        "may_accept": list(standing.by),
        "findings": findings_as_rows(judgement.findings if judgement else ()),
    }


def findings_as_rows(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Findings as a person may see them: no number that few rows stand behind."""
    return [
        {
            "rule": one.rule,
            "place": one.place,
            "failed": one.failed,
            "was": None if one.hidden else one.was,
            "now": None if one.hidden else one.now,
            "limit": one.limit,
            "text": as_text(one),
        }
        for one in findings
    ]


def show_snapshot(session: Session, snapshot_id: str) -> dict[str, object]:
    """A snapshot, and what was said of it when it was loaded.

    Raises:
        SnapshotUnknown, SnapshotDamaged: see ``RegisterStore.open``.
    """
    snapshot = session.registers.open(snapshot_id, waiting=True)
    state = custody.snapshot_states(session.ledger).get(snapshot_id)
    told: dict[str, object] = {
        "loaded_by": state.loaded.actor if state and state.loaded else None,
        "accepted_by": state.accepted_by if state else None,
        "retired_by": state.retired_by if state else None,
    }
    return as_row(session, snapshot.info) | told | verdict_of(session, snapshot)


def snapshot_page_of(session: Session, told: Mapping[str, object]) -> str:
    """The same as a page; ``told`` as `show_snapshot` told it."""
    snapshot = session.registers.open(str(told["snapshot"]), waiting=True)
    was = None
    if told["against"]:
        with contextlib.suppress(SnapshotUnknown):  # destroyed since
            was = profile_of(session.registers.open(str(told["against"]), waiting=True))
    return snapshot_page(told, snapshot.system, profile_of(snapshot), was, months_of(snapshot))


def months_chart(session: Session, snapshot_id: str) -> Chart | None:
    """Records of a snapshot by month, to be drawn; None where there is nothing to draw.

    Raises:
        SnapshotUnknown, SnapshotDamaged: see ``RegisterStore.open``.
    """
    snapshot = session.registers.open(snapshot_id, waiting=True)
    return by_month(snapshot.system, months_of(snapshot))


def diff_page_of(session: Session, told: Mapping[str, object]) -> str:
    """Two snapshots as a page; ``told`` as `diff_snapshots` told it."""
    was, now = (
        session.registers.open(str(told[which]), waiting=True) for which in ("before", "after")
    )
    return diff_page(told, now.system, profile_of(now), profile_of(was))


def accept_snapshot(session: Session, snapshot_id: str, reason: str) -> dict[str, object]:
    """Accept a snapshot that waits, as a second person: new orders use it from now on.

    Raises:
        SnapshotUnknown, SnapshotDamaged: see ``RegisterStore.open``.
        NothingToConfirm, RoleMissing, SamePerson: see their texts.
    """
    snapshot, who = session.registers.open(snapshot_id, waiting=True), session.person
    judgement_of(snapshot)  # what the second person looked at is what was said at the load
    with locked(session.home.register / snapshot.info.system):
        custody.accept_snapshot(
            session.ledger, snapshot_id, reason, who, today(), demo=session.demo
        )
    return {"snapshot": snapshot_id, "state": "accepted", "by": who.id, "reason": reason}


def retire_snapshot(session: Session, snapshot_id: str, reason: str) -> dict[str, object]:
    """Take a snapshot out of use: nothing new is ordered from it; what was ordered goes on.

    Raises:
        SnapshotUnknown, SnapshotDamaged: see ``RegisterStore.open``.
        NothingToConfirm, RoleMissing: see their texts.
    """
    snapshot, who = session.registers.open(snapshot_id, waiting=True), session.person
    with locked(session.home.register / snapshot.info.system):
        custody.retire_snapshot(session.ledger, snapshot_id, reason, who, today())
    using = [one for one in session.releases.list() if one.snapshot == snapshot_id]
    under_way = [one.release for one in using if one.status in custody.MAKING]
    return {
        "snapshot": snapshot_id,
        "state": "retired",
        "by": who.id,
        "reason": reason,
        "releases": len(using),
        "under_way": under_way,
    }


def diff_snapshots(session: Session, before: str, after: str) -> dict[str, Any]:
    """Two snapshots of a system beside each other: rows by table and key, columns that changed, people, findings.

    Raises:
        OptionsDisagree: they are of two systems.
        SnapshotUnknown, SnapshotDamaged: see ``RegisterStore.open``.
    """
    earlier, later = (session.registers.open(one, waiting=True) for one in (before, after))
    if earlier.info.system != later.info.system:
        raise OptionsDisagree(option="two snapshots of one system can be compared")
    tables, people, found = compare_profiles(earlier, later, expectations(session))
    return {
        "before": before,
        "after": after,
        "tables": [_as_row(one) for one in tables],
        "persons": asdict(people) | {"joined": few(people.joined), "split": few(people.split)},
        "findings": findings_as_rows(found),
    }


def _as_row(changes: TableChanges) -> dict[str, object]:
    """What became of a table, small numbers left out."""
    moved = [f"{name} {few(count)}" for name, count in changes.columns.items()]
    return {
        "table": changes.table,
        "before": changes.before,
        "after": changes.after,
        "added": few(changes.added),
        "changed": few(changes.changed),
        "deleted": few(changes.deleted),
        "columns": moved,
    }

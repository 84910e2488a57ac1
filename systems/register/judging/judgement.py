"""A judgement: made of a snapshot that is complete and has no name yet, kept encrypted beside it, read again."""

import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from crypto.resting import encrypt_document
from crypto.secret import StagingKey
from systems import database
from systems.errors import SnapshotDamaged
from systems.register import comparing
from systems.register import snapshot as snapshots
from systems.register.judging.expectations import Expectations, Finding, find
from systems.register.judging.profile import (
    Part,
    Profile,
    count_months,
    make_profile,
    record_table,
)
from systems.register.snapshot import Snapshot, SnapshotInfo


class Judgement(Part):
    """What is said of a snapshot.

    Attributes:
        against: the snapshot that it was compared with; None for the first.
        findings: what the rules found, what fails first.
        records: what became of that snapshot's records.
        profile: what the snapshot holds.
    """

    format: Literal[1] = 1
    against: str | None
    findings: tuple[Finding, ...]
    records: comparing.TableChanges | None
    profile: Profile

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What keeps the snapshot aside."""
        return tuple(one for one in self.findings if one.failed)


def judge(
    snapshot: Snapshot, before: Snapshot | None, limits: Expectations, on: dt.date
) -> Judgement:
    """Judge a snapshot beside the one before it.

    Args:
        snapshot: complete, with or without its name.
        before: the newest of its system that is in use; None where there is none.
        limits: what is expected.
        on: the day of loading.

    Raises:
        RegisterUnreadable, SnapshotDamaged, StagingDoesNotHold: one of them can't be read.
    """
    system, info = snapshot.system, snapshot.info
    with closing(snapshot.connect()) as con:
        profile = make_profile(con, system, info)
        past, records = None, None
        if before is not None:
            past = profile_of(before)
            before.open_in(con, comparing.BEFORE, system)
            named = system.table(record_table(system)[0])
            records = comparing.compare_table(con, named, comparing.BEFORE, "main")
    found = find(
        system, profile, past, records, limits, on, info.last_day, synthetic=info.synthetic
    )
    against = before.snapshot_id if before else None
    return Judgement(against=against, findings=found, records=records, profile=profile)


def compare_profiles(
    before: Snapshot, after: Snapshot, limits: Expectations
) -> tuple[tuple[comparing.TableChanges, ...], comparing.PersonChanges, tuple[Finding, ...]]:
    """Compare two snapshots of a system: every table's rows, the people, and what the rules find between them.

    Raises:
        RegisterUnreadable, SnapshotDamaged, StagingDoesNotHold: one of them can't be read.
    """
    system, info = after.system, after.info
    with closing(database.connect()) as con:
        before.open_in(con, comparing.BEFORE, system)
        after.open_in(con, comparing.AFTER, system)
        tables = comparing.compare_tables(con, system)
        people = comparing.compare_persons(con)
    records = next(one for one in tables if one.table == record_table(system)[0])
    profiles, on = (profile_of(after), profile_of(before)), info.created
    synthetic = info.synthetic
    found = find(system, *profiles, records, limits, on, info.last_day, synthetic=synthetic)
    return tables, people, found


def profile_of(snapshot: Snapshot) -> Profile:
    """What a snapshot holds: as it was counted when it was loaded, or counted now where nobody did."""
    kept = judgement_of(snapshot)
    if kept is not None:
        return kept.profile
    with closing(snapshot.connect()) as con:
        return make_profile(con, snapshot.system, snapshot.info)


def months_of(snapshot: Snapshot) -> dict[str, int]:
    """Records of each month of a snapshot, as they were counted when it was loaded, or now where nobody did.

    Raises:
        RegisterUnreadable, StagingDoesNotHold: it can't be read.
    """
    kept = judgement_of(snapshot)
    if kept is not None and kept.profile.months is not None:
        return kept.profile.months
    with closing(snapshot.connect()) as con:
        return count_months(con, snapshot.system)


def judgement_of(snapshot: Snapshot) -> Judgement | None:
    """What was said of a snapshot when it was loaded; None where nobody judged it.

    Raises:
        SnapshotDamaged: it is missing, changed, or not ours (exit 5).
    """
    content = snapshot.judgement()
    if content is None:
        return None
    try:
        return Judgement.model_validate_json(content)
    except ValidationError:
        raise SnapshotDamaged(part="judgement") from None


def keep_judgement(
    judgement: Judgement, info: SnapshotInfo, directory: Path, key: StagingKey
) -> SnapshotInfo:
    """Write a judgement, encrypted, into a snapshot's directory, and its digest and verdict into the manifest."""
    path = directory / snapshots.JUDGEMENT
    encrypt_document(judgement.model_dump_json().encode(), path, key)
    said = {"judgement": snapshots.digest(path), "held": len(judgement.failed)}
    info = info.model_copy(update=said)
    snapshots.write_manifest(info, directory)
    return info

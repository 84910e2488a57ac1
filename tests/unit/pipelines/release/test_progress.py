"""Where a run is: by its folder's records, its outcome and whether a process holds its lock; nothing is waited for."""

import fcntl
import json
import os
import threading
from datetime import date

import pytest

from approvals.errors import UnknownRelease
from approvals.ledger import Event
from pipelines.deployment.init import init_home
from pipelines.home import Home, write_private
from pipelines.release import follow, in_making, progress_of, under_way
from pipelines.release import progress as looking
from pipelines.release.orders import Order, make_run_folder, write_order
from pipelines.session import Session

RELEASE = "2026-001-R001"
DAY = date(2026, 11, 30)


def order(session, release=RELEASE, kind="aggregated", **more):
    facts = {"kind": kind, "system": "CARPOS", "on": f"{DAY}"}
    session.ledger.append(Event("release_ordered", "p-ada", "2026-001", release, facts))
    make_run_folder(session.home, release)
    write_order(session.home, Order(release=release, project="2026-001", system="CARPOS", kind=kind, snapshot="S",
                                    ordered_on=DAY, ordered_by="p-ada", **more))  # fmt: skip


def done(session, stage, seconds=2.0, release=RELEASE):
    body = {"stage": stage, "files": {}, "facts": {"rows": 3}, "seconds": seconds, "bytes": 0}
    write_private(session.home.runs / release / "stages" / f"{stage}.json", json.dumps(body))


@pytest.fixture
def session(tmp_path):
    home = Home(tmp_path / "home")
    init_home(home.root)
    with Session(home) as session:
        yield session


@pytest.fixture
def held(session):
    """Somebody works on it."""
    order(session)
    handle = os.open(session.home.runs / RELEASE / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield handle
    os.close(handle)


def test_a_run_that_somebody_works_on(session, held):
    done(session, "gate")
    now = progress_of(session, RELEASE)
    assert (now.working, now.stage, now.number, now.of, now.code) == (True, "extract", 2, 6, "")
    assert [one.at for one in now.stages] == ["done", "working", *["to do"] * 4]
    assert now.share == pytest.approx(1 / 6, abs=0.001)
    fcntl.flock(held, fcntl.LOCK_UN)
    now = progress_of(session, RELEASE)
    assert (now.working, now.stages[1].at) == (False, "stopped")


def test_a_cohorts_run_has_its_stages_and_a_dry_run_ends_earlier(session):
    order(session, kind="identified", dry_run=True)
    now = progress_of(session, RELEASE)
    assert [one.name for one in now.stages] == ["gate", "intake", "match", "review", "extract", "validate"]  # fmt: skip


def test_why_it_stopped_is_said_by_its_code_and_not_while_it_goes_on(session, held):
    error = {"code": "RUN-04", "release": RELEASE}
    write_private(session.home.runs / RELEASE / "outcome.json", json.dumps({"error": error}))
    assert progress_of(session, RELEASE).code == ""
    fcntl.flock(held, fcntl.LOCK_UN)
    assert progress_of(session, RELEASE).code == "RUN-04"


def test_the_share_goes_by_what_stages_took_the_last_time(session, held):
    facts = {"stages": ("extract", "validate"), "milliseconds": ("20000", "4000"), "rows": ("1", "1"), "bytes": ("1", "1")}  # fmt: skip
    order(session, "2026-001-R000")
    session.ledger.append(Event("run_measured", "p-ada", "2026-001", "2026-001-R000", facts))
    order(session, "2026-001-R009", kind="identified")
    other = facts | {"milliseconds": ("1", "1")}
    session.ledger.append(Event("run_measured", "p-ada", "2026-001", "2026-001-R009", other))
    done(session, "gate")
    done(session, "extract")
    now = progress_of(session, RELEASE)
    assert (now.stages[1].last_time, now.stages[2].last_time) == (20.0, 4.0)
    assert 21 / 28 <= now.share <= (21 + 0.95 * 4) / 28


def test_all_done(session):
    order(session)
    for stage in ("gate", "extract", "validate", "approve", "seal", "record"):
        done(session, stage)
    now = progress_of(session, RELEASE)
    assert (now.stage, now.share, now.number) == ("", 1.0, 6)
    assert [one.release for one in under_way(session, in_making(session))] == [
        RELEASE
    ]  # as the ledger has it


def test_a_record_that_is_torn_and_a_table_of_locks_that_is_closed_stop_nobody(
    session, monkeypatch
):
    order(session)
    write_private(session.home.runs / RELEASE / "stages" / "gate.json", "{")
    monkeypatch.setattr(looking, "LOCKS", session.home.root / "none")
    now = progress_of(session, RELEASE)
    assert (now.stage, now.working) == ("gate", False)


def test_following_says_each_change_once_and_ends_with_the_run(session, held):
    def work():
        done(session, "gate")
        said.wait(5)
        fcntl.flock(held, fcntl.LOCK_UN)

    said, seen = threading.Event(), []
    worker = threading.Timer(0.2, work)
    worker.start()
    for now in follow(session, RELEASE, every=0.02):
        seen.append((now.stage, now.working))
        if now.stage == "extract":
            said.set()
    worker.join()
    assert seen == [("gate", True), ("extract", True), ("extract", False)]


def test_an_unknown_release_is_refused(session):
    with pytest.raises(UnknownRelease):
        progress_of(session, "2026-009-R001")

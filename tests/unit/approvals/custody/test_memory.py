"""What is kept of the ledger gives what reading it again would give, wherever one asks in between."""

import shutil
from dataclasses import replace

import pytest
from approvals_home import APPROVER, ENGINEER, REVIEWER, SECURITY, TODAY, Clock, _rows
from databases import DATABASES
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from release_cases import ordered, sealed, waiting

from approvals.custody import Memory, Releases, release_state
from approvals.errors import ApplicationChanged
from approvals.ledger import Ledger
from approvals.ledger.database import EVENTS, writing
from approvals.project import Projects
from approvals.project.state import fold, standing_events
from tests.examples import examples

on_each_database = pytest.mark.parametrize("home", DATABASES, indirect=True)


def much_happens(home):
    """Two projects and four releases; events that are taken back, refused, returned, answered."""
    first = home.approved()
    home.projects.submit(home.application("aggregated"), ENGINEER, TODAY)
    back = waiting(home, first)
    home.releases.send_back(back, APPROVER, TODAY, b"Why?")
    out = sealed(home, first)
    home.releases.answer(back, ENGINEER, TODAY, b"So.")
    home.releases.record(ordered(home, first), "release_failed", {"code": "RUN-05"})
    home.projects.event(
        first.number, "acknowledgment_recorded", ENGINEER, TODAY, {"member": "lead"}
    )
    (wrong,) = home.ledger.events(kind="acknowledgment_recorded")
    taken = {"event": str(wrong.seq), "reason": "recorded_twice"}
    home.projects.event(first.number, "event_corrected", APPROVER, TODAY, taken)
    home.releases.hand_over(out, "lead", ENGINEER, TODAY)
    home.projects.event("2026-002", "review_started", REVIEWER, TODAY)
    home.projects.event(first.number, "project_suspended", SECURITY, TODAY, {"reason": "breach"})
    home.releases.withdraw(back, "other", ENGINEER, TODAY)


def opened(home, ledger, memory):
    """Projects and releases of a ledger with what was read of it before."""
    projects = Projects(
        ledger, home.path / "projects", digest=home.projects._digest, key=home.projects._key,
        memory=memory.projects,
    )  # fmt: skip
    return projects, Releases(projects, memory=memory)


def slowly(projects):
    """Every project and release from the ledger alone, each by itself."""
    ledger = projects.ledger
    numbers = {e.project for e in ledger.events(kind="project_submitted")}
    releases = [e.release for e in ledger.events(kind="release_ordered")]
    return (
        [(projects.show(n), standing_events(ledger.project_events(n))) for n in sorted(numbers)],
        [release_state(ledger.events(release=r)) for r in releases],
    )


def by_memory(projects, releases):
    return [(s, list(entries)) for s, entries in projects.lives()], releases.list()


@on_each_database
@examples(20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(asked=st.sets(st.integers(2, 60)))
def test_at_every_step_it_is_what_reading_again_gives(home, tmp_path_factory, asked):
    if home.ledger.size() == 1:
        much_happens(home)
    path = tmp_path_factory.mktemp("copy") / "ledger.sqlite3"
    ledger = Ledger.open(f"sqlite:///{path}", create=True, clock=Clock())
    kept = Memory()
    rows = _rows(home)
    for row in rows:
        with writing(ledger.engine) as connection:
            connection.execute(EVENTS.insert(), row)
        if row["seq"] in asked or row["seq"] == len(rows):
            projects, releases = opened(home, ledger, kept)
            assert by_memory(projects, releases) == slowly(projects)
            assert by_memory(*opened(home, ledger, Memory())) == slowly(projects)
            for number in {state.number for state in projects.list()}:
                of_one = [r for r in releases.list() if r.project == number]
                assert releases.list(number) == of_one


def test_a_ledger_that_was_put_back_is_read_anew(home):
    project = home.approved()
    waiting(home, project)
    place = home.path / "ledger.sqlite3"
    shutil.copy(place, home.path / "before")
    kept, release = Memory(), ordered(home, project)
    projects, releases = opened(home, home.ledger, kept)
    assert [r.release for r in releases.list()][-1] == release
    assert len(projects.list()) == 1
    for left in home.path.glob("ledger.sqlite3-*"):
        left.unlink()
    shutil.copy(home.path / "before", place)
    assert [r.release for r in releases.list()] == ["2026-001-R001"]
    home.releases.withdraw("2026-001-R001", "other", ENGINEER, TODAY)
    assert [str(r.status) for r in releases.list()] == ["withdrawn"]


@on_each_database
def test_an_application_is_read_when_it_is_asked_for_and_again_when_its_file_changed(home):
    state = home.approved()
    kept = Memory()
    projects, _ = opened(home, home.ledger, kept)
    (listed,) = projects.list()
    assert listed == state
    (again,) = opened(home, home.ledger, kept)[0].list()
    assert again.application is listed.application  # not read twice
    (stored,) = (home.path / "projects" / state.number / "applications").iterdir()
    content = stored.read_bytes()
    stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (changed,) = projects.list()
    assert changed.number == state.number
    for ask in (lambda: changed.application, lambda: replace(changed, number="x")):
        with pytest.raises(ApplicationChanged):
            ask()
    assert fold(home.ledger.project_events(state.number)).application is None
    with pytest.raises(AttributeError):
        _ = changed.aplication

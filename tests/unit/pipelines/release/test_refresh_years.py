"""A refresh across a new year: what was published is what the tables hold, and a year that is left out is said early."""

import shutil
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from approvals.application.reading import example_application
from approvals.deadlines.notices import write_notices, write_refresh_notices
from approvals.errors import MoveNotAllowed
from approvals.people.people import Person
from errors import Exit
from extracts import aggregated
from pipelines.deployment.init import init_home
from pipelines.home import ReleaseHeld, open_home
from pipelines.release import orders, refresh
from pipelines.release.orders import Request, order_release, read_order
from pipelines.release.run import Outcome
from pipelines.session import Session

ORDERED, JANUARY = date(2026, 11, 23), date(2027, 1, 15)
APPROVER = Person("p-two", "Avery Example", "avery", frozenset({"approver"}))


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    root = tmp_path_factory.mktemp("years") / "home"
    init_home(root, demo=True)
    return root


@pytest.fixture
def desk(founded, tmp_path, monkeypatch):
    shutil.copytree(founded, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    session = Session(open_home(tmp_path / "home"))
    newest = SimpleNamespace(
        info=SimpleNamespace(snapshot_id="CARPOS-20270114-001", last_year=2026, mapping="")
    )
    session.registers = SimpleNamespace(newest=lambda _system: newest)
    monkeypatch.setattr(refresh, "Session", lambda _home: session)
    monkeypatch.setattr(refresh, "recount_published_years", lambda *_: {})
    for module in (refresh, orders):
        monkeypatch.setattr(module, "today", lambda: JANUARY)
    monkeypatch.setattr(refresh, "_check_in_force", lambda *_: None)
    yield session
    session.close()


def project(desk, form="aggregated", change=lambda text: text):
    path = desk.home.root.parent / "application.toml"
    path.write_text(change(example_application(form, on=ORDERED)))
    number = desk.projects.submit(path, desk.person, ORDERED).number
    return desk.projects.approve(number, APPROVER, ORDERED).number


def amend(desk, number, last):
    def change(text):
        text = text.replace('request = "new"', f'request = "modified"\nmodifies = "{number}"', 1)
        return text.replace("last = 2025", f"last = {last}", 1)

    path = desk.home.root.parent / "amended.toml"
    path.write_text(change(example_application("aggregated", on=JANUARY)))
    desk.projects.submit(path, desk.person, JANUARY)
    desk.projects.approve(number, APPROVER, JANUARY)


def released(desk, number, **facts):
    """A release that reached the outbox, as a home of before may have it: nothing but its events."""
    release = desk.releases.order(number, "aggregated", desk.person, ORDERED, facts).release
    desk.releases.record(release, "gate_allowed", {"stage": "run", "on": ORDERED.isoformat()})
    desk.releases.record(release, "extract_made", {"rows": 10})
    desk.releases.attach_report(release, b"report")
    desk.releases._approve(desk.releases.show(release), APPROVER.id, ORDERED, None, "second_person")
    recorded = {"packages": 1, "on": ORDERED.isoformat()}
    desk.releases.record(release, "release_recorded", recorded)
    return release


def plan(desk, number):
    return refresh.order_refresh(desk, "CARPOS", number, dry_run=True)


def test_an_order_without_years_pins_those_of_its_day(desk):
    number = project(desk)
    release = order_release(desk, Request(number, "aggregated"))
    assert read_order(desk.home, release).years == (2016, 2025)
    assert desk.releases.show(release).years == "2016-2025"


def test_an_order_of_before_is_read_with_the_application_of_its_day(desk):
    number = project(desk)
    released(desk, number)
    before = plan(desk, number)
    assert (before.new_years, before.outside) == ((), (2026,))
    assert "2026: outside the application, amend it first" in before.reason
    assert before.facts()["outside"] == 1
    amend(desk, number, 2026)
    after = plan(desk, number)
    assert after.published_years == tuple(range(2016, 2026))
    assert (after.new_years, after.outside) == ((2026,), ())


def test_years_left_out_of_an_order_were_not_published(desk, monkeypatch):
    number = project(desk)
    released(desk, number, years="2016-2025")
    held = [{"year": [2016, 2025, 2025]}]
    tables = [{k: SimpleNamespace(to_pylist=lambda v=v: v) for k, v in t.items()} for t in held]
    monkeypatch.setattr(aggregated, "load_published", lambda *_: tables)
    assert plan(desk, number).published_years == (2016, 2025)


def test_a_schedule_serves_every_project_in_force(desk, monkeypatch):
    served, suspended = project(desk), project(desk)
    project(desk, "standard")  # no tables
    facts = {"reason": "inquiry"}
    desk.projects.event(suspended, "project_suspended", APPROVER, ORDERED, facts)
    other = project(desk)
    ran, order = [], refresh.order_release

    def some(session, request):
        if request.project == other:  # what stops one stops no other
            raise ReleaseHeld(what=other)
        return order(session, request)

    monkeypatch.setattr(refresh, "order_release", some)

    def run(release):
        ran.append(release)
        return Outcome(release, Exit.WAITING, "approve", {"code": "RUN-04"})

    done = refresh.refresh_projects(desk.home, "", run)
    assert [one.project for one in done] == [served, other]
    assert ran == [f"{served}-R001"]
    assert [one.state for one in done] == ["WaitingForApproval", "Refused"]
    assert refresh.worst(done) is done[1].exit
    body = done[0].as_json()
    assert (body["release"], body["outside_years"]) == (f"{served}-R001", [2026])


@pytest.mark.parametrize(
    ("on", "last", "told"),
    [
        (date(2026, 10, 31), 2025, False),
        (date(2026, 11, 1), 2025, True),
        (date(2026, 11, 1), 2024, False),  # chosen so: it was let pass a year ago
        (date(2027, 1, 10), 2025, True),  # the remind flow did not run: made up for
        (date(2027, 2, 1), 2025, False),
    ],
)
def test_who_needs_the_year_that_ends_hears_it_in_november(desk, on, last, told):
    early = date(2026, 6, 1)
    text = example_application("aggregated", on=early)
    path = desk.home.root.parent / "application.toml"
    path.write_text(text.replace("last = 2025", f"last = {last}", 1))
    number = desk.projects.submit(path, desk.person, early).number
    desk.projects.approve(number, APPROVER, early)
    letters = {n.name: n for n in write_notices(desk.projects, desk.person, on)}
    assert ("years_end" in letters) is told
    if told:
        text = letters["years_end"].path.read_text()
        assert "approved by 2027-01-14" in " ".join(text.split())


def test_desk_and_applicant_hear_of_a_scheduled_release(desk):
    number = project(desk)
    by_hand = released(desk, number, years="2016-2025")
    release = released(desk, number, years="2016-2025", scheduled=True)
    told = write_refresh_notices(desk.releases, desk.person, ORDERED)
    assert sorted(n.name for n in told) == ["refresh_note", "refreshed"]
    assert not any(by_hand in n.path.read_text() for n in told)
    note, letter = sorted((n.path.read_text() for n in told), key=lambda text: "Dear" in text)
    assert f"release handover {release}" in note + letter
    assert write_refresh_notices(desk.releases, desk.person, ORDERED) == []
    assert write_refresh_notices(desk.releases, desk.person, date(2027, 6, 1)) == []


def test_the_desk_hears_of_a_scheduled_release_that_stands_still(desk):
    number = project(desk)
    facts = {"scheduled": True, "years": "2016-2025"}
    desk.releases.order(number, "aggregated", desk.person, ORDERED, facts)
    assert write_refresh_notices(desk.releases, desk.person, ORDERED) == []  # it may be at work
    (note,) = write_refresh_notices(desk.releases, desk.person, ORDERED + timedelta(days=1))
    assert f"run {number} --resume {number}-R001" in note.path.read_text()


def test_a_refused_refresh_is_an_attempt_and_a_plan_is_called_one(desk, monkeypatch):
    number = project(desk)
    (planned,) = refresh.refresh_projects(desk.home, "CARPOS", lambda _: None, dry_run=True)
    assert planned.state == "Planned"

    def refused(*_):
        raise MoveNotAllowed(step="refresh", state="suspended")

    monkeypatch.setattr(refresh, "_check_in_force", refused)
    (one,) = refresh.refresh_projects(desk.home, "CARPOS", lambda _: None)
    assert one.state == "Refused"
    (attempt,) = desk.ledger.events(kind="attempt_refused")
    assert (attempt.project, attempt.facts["step"]) == (number, "refresh")

"""Pages about the state of things: what the commands tell, to whom the commands tell it, with no word of a person in an address."""

import json
import re
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from approvals.application.reading import example_application
from approvals.ledger import Event
from approvals.people.people import Person
from pipelines.desk.pages.background import begin, kept
from pipelines.desk.pages.deadlines import WRITERS
from pipelines.desk.pages.lists import EACH
from pipelines.home import Home, write_private
from pipelines.release.orders import Order, make_run_folder, write_order
from pipelines.session import Session, today
from tests.desk import Browser

RELEASE = "2026-001-R001"
PAGES = ("/projects", "/deadlines", "/runs", "/registers", "/registers/differences", "/ledger", "/doctor")  # fmt: skip
ENGINEER = Person("erin-1", "E", "u-erin-1", frozenset({"engineer"}))
APPROVER = Person("avery-1", "A", "u-avery-1", frozenset({"approver"}))


@pytest.fixture
def number(home, tmp_path):
    """A project in force, with a draft that waits and a release that was ordered."""
    path = tmp_path / "application.toml"
    path.write_text(example_application("standard", on=today()))
    with Session(Home(home)) as session:
        number = session.projects.submit(path, ENGINEER, today()).number
        session.projects.approve(number, APPROVER, today())
        session.projects.event(number, "draft_received", ENGINEER, today(), {"draft": "d" * 64})
        release = f"{number}-R001"
        facts = {"kind": "identified", "system": "CARPOS", "on": f"{today()}"}
        session.ledger.append(Event("release_ordered", "erin-1", number, release, facts))
        make_run_folder(session.home, release)
        order = Order(release=release, project=number, system="CARPOS", kind="identified", snapshot="S", ordered_on=date(2026, 1, 1), ordered_by="erin-1")  # fmt: skip
        write_order(session.home, order)
    return number


@pytest.fixture
def erin(desk):
    return Browser(desk, "erin-1")


@pytest.mark.parametrize("path", PAGES)
def test_strangers_see_none_of_them_and_everybody_known_does(desk, path):
    assert Browser(desk).get(path).status_code == 401
    for person in ("erin-1", "rory-1", "adi-1", "sam-1"):
        answer = Browser(desk, person).get(path)
        assert answer.status_code == 200, answer.text


def test_projects_are_filtered_on_the_server_and_say_their_next_clock(erin, number):
    page = erin.get("/projects?state=approved&kind=identified").text
    assert f'href="/projects/{number}"' in page
    assert "1 project." in page
    assert "§" in page
    assert number not in erin.get("/projects?state=denied").text.split("<main")[1]
    assert erin.get("/projects?page=99&number=zzz").status_code == 200


def test_a_project_shows_clocks_releases_and_events_and_no_name_of_its_people(erin, number, home):
    page = erin.get(f"/projects/{number}").text
    assert f"{number}-R001" in page
    assert "draft_received" in page
    assert "Robin Example" not in page
    assert erin.get("/projects/2026-999").status_code == 400


def test_a_long_list_has_pages(erin, home):
    with Session(Home(home)) as session:
        for n in range(EACH + 5):
            session.ledger.append(Event("settings_changed", "adi-1", facts={"settings": f"{n:064x}"}))  # fmt: skip
    first = erin.get("/ledger").text
    assert first.count("settings_changed</code>") == EACH
    [before] = re.findall(r'name="before" value="(\d+)"', first)
    older = erin.post("/ledger", {"before": before}).text
    assert older.count("settings_changed</code>") == 5
    assert "before" not in older.split("<form")[-1]


def test_deadlines_stand_on_the_calendar_and_in_the_list(erin, number):
    page = erin.get("/deadlines").text
    assert f"{today():%B %Y}" in page
    assert "review" in page
    assert erin.get("/deadlines?month=2027-02").status_code == 200
    for wrong in ("2027-13", "x", "2027-1", "0000-01"):
        assert erin.get(f"/deadlines?month={wrong}").status_code == 404
    answer = erin.get("/deadlines/calendar")
    assert answer.text.startswith("BEGIN:VCALENDAR")
    assert "attachment" in answer.headers["content-disposition"]


def test_a_letter_is_read_before_it_goes_by_who_may_write_it(desk, erin, number, home):
    day = f"{today() + timedelta(days=300)}"
    page = erin.get(f"/deadlines/letters?on={day}").text
    [address] = set(re.findall(r'href="(/deadlines/letters/[^"?]*renewal_notice[^"?]*)\?', page))
    letter = erin.get(f"{address}?on={day}")
    assert "Robin Example" in letter.text
    framed = erin.get(f"{address}/page?on={day}")
    assert "sandbox" in framed.headers["content-security-policy"]
    assert erin.get(f"{address}?on={today()}").status_code == 400  # not due yet
    assert erin.get("/deadlines/letters?on=x").status_code == 404
    adi = Browser(desk, "adi-1")
    assert "administrator" not in WRITERS
    for path in ("/deadlines/letters", address, f"{address}/page"):
        assert adi.get(f"{path}?on={day}").status_code == 403
    with Session(Home(home)) as session:
        assert len(session.ledger.events(kind="attempt_refused")) >= 1
        assert not session.ledger.events(kind="notice_written")


def test_a_run_shows_its_stages_and_its_events_end_with_it(erin, number, home):
    release = f"{number}-R001"
    page = erin.get(f"/runs/{release}").text
    assert "Asking the gate" in page
    assert "run.js" not in page  # nobody works on it
    assert release in erin.get("/runs").text
    body = {"stage": "gate", "files": {}, "facts": {}, "seconds": 1.5, "bytes": 0}
    write_private(home / "runs" / release / "stages" / "gate.json", json.dumps(body))
    answer = erin.get(f"/runs/{release}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, end = answer.text.strip().split("\n\n")
    said = json.loads(first.removeprefix("data: "))
    assert said["stages"][0] == {"name": "gate", "title": "Asking the gate", "at": "done", "seconds": 1.5, "last_time": None}  # fmt: skip
    assert end.startswith("event: end")
    assert erin.get("/runs/2026-999-R001").status_code == 400
    assert erin.get("/runs/2026-999-R001/events").status_code == 400


def test_watching_a_run_keeps_nobody_signed_in(desk, erin, number):
    [visitor] = desk.visitors._visitors.values()
    before = visitor.last
    erin.get(f"/runs/{number}-R001/events")
    assert visitor.last == before
    erin.get(f"/runs/{number}-R001")
    assert visitor.last > before


def test_charts_are_for_who_reads_reports(desk, erin, number):
    path = f"/runs/{number}-R001/plots"
    assert erin.get(path).status_code == 200
    assert "nothing to draw" in erin.get(path).text
    assert Browser(desk, "rory-1").get(path).status_code == 403
    assert "/plots" not in Browser(desk, "rory-1").get(f"/runs/{number}-R001").text


def test_events_are_found_by_a_form_and_no_word_of_it_stands_in_an_address(erin, number):
    found = erin.post("/ledger", {"text": "d" * 20, "project": number}).text
    assert "draft_received</code>" in found
    assert "project_approved</code>" not in found
    nothing = erin.post("/ledger", {"text": "Smith", "actor": "erin-1"})
    assert "Nothing was found" in nothing.text
    assert not re.search(r'(href|action)="[^"]*Smith', nothing.text)
    assert "get" not in re.findall(r'<form method="(\w+)" action="/ledger"', nothing.text)
    assert erin.post("/ledger", {"kind": "release_ordered"}).text.count("release_ordered</code>") == 1  # fmt: skip
    for wrong in (
        {"since": "x"},
        {"kind": "no-kind"},
        {"before": "-1"},
        {"before": "9" * 30},
        {"text": "x" * 101},
    ):
        assert erin.post("/ledger", wrong).status_code == 400
    assert Browser(erin.desk).post("/ledger", {"token": "0" * 64}).status_code == 401
    assert erin.post("/ledger", {"token": "0" * 64}).status_code == 403


def settled(desk, name):
    until = time.monotonic() + 30
    while kept(desk, name).since is not None:
        assert time.monotonic() < until
        time.sleep(0.02)
    return kept(desk, name)


def test_the_ledger_is_verified_from_the_page_by_who_asked(desk, erin, home):
    assert "never" in erin.get("/ledger").text
    answer = erin.post("/ledger/verify")
    assert answer.headers["location"] == "/ledger"
    assert settled(desk, "ledger.verify").error is None
    assert "by erin-1" in erin.get("/ledger").text
    (home / "ledger.head").write_text("{}")
    erin.post("/ledger/verify")
    assert settled(desk, "ledger.verify").error is not None
    page = erin.get("/ledger").text
    assert "did not hold" in page
    assert "not known to hold" in page


def test_the_doctor_looks_in_the_background_and_says_when(desk, erin):
    assert "Nobody has looked" in erin.get("/doctor").text
    assert erin.post("/doctor").status_code == 303
    assert settled(desk, "doctor").error is None
    page = erin.get("/doctor").text
    assert f"{datetime.now(UTC):%Y-%m-%d}" in page
    assert page.index("wrong</span>") < page.index("in order</span>") if "wrong</span>" in page else True  # fmt: skip
    assert "who acts" in page


def test_what_is_under_way_is_not_begun_twice_and_an_unexpected_end_is_told_without_its_text(desk):
    import threading

    go = threading.Event()

    def work():
        go.wait(10)
        raise ValueError("Jane Doe")

    assert begin(desk, "x", work)
    assert not begin(desk, "x", work)
    go.set()
    error = settled(desk, "x").error
    assert error is not None
    assert "Jane" not in error.text()


def test_registers_are_compared_only_where_they_are_there(erin):
    assert "None was loaded" in erin.get("/registers").text
    answer = erin.post("/registers/differences", {"before": "CARPOS-20260101-001", "after": "x"})
    assert answer.status_code in (400, 422)
    assert erin.get("/registers/differences/page").status_code == 404
    assert erin.get("/registers/CARPOS-20260101-001").status_code in (400, 422)


def test_words_of_an_address_do_nothing_to_a_page(erin):
    poison = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE"
    for path in (
        "/projects?number=",
        "/projects?state=",
        "/deadlines?month=",
        "/ledger?project=",
        "/ledger?kind=",
        "/runs/",
        "/registers/",
        "/deadlines/letters/",
    ):
        answer = erin.get(path + poison)
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text
        assert answer.status_code in (200, 400, 404, 422), (path, answer.status_code)

"""The daily reminders on a real home: letters and calendar, mail sent once, nothing lost by a dead server."""

import socket
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from approvals.application.reading import example_application
from approvals.errors import RoleMissing
from approvals.people.people import Person
from pipelines.custody import record_event
from pipelines.deployment.init import init_home
from pipelines.errors import MailRefused, MailUnavailable, OptionsDisagree
from pipelines.home.home import open_home
from pipelines.operations import LetterNotDue, reminders
from pipelines.operations.reminders import letters_due
from pipelines.session import Session, today

ENGINEER = Person("p-one", "Erin Example", "erin", frozenset({"engineer"}))
APPROVER = Person("p-two", "Avery Example", "avery", frozenset({"approver"}))
DRAFT = "d" * 64


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    root = tmp_path_factory.mktemp("remind") / "home"
    init_home(root)
    return root


@pytest.fixture
def home(founded):
    """A home with one approved project whose draft waits for review; a new project each time."""
    place = open_home(founded)
    session = Session(place)
    path = founded / "application.toml"
    path.write_text(example_application("standard", on=today()))
    number = session.projects.submit(path, ENGINEER, today()).number
    session.projects.approve(number, APPROVER, today())
    session.projects.event(number, "draft_received", ENGINEER, today(), {"draft": DRAFT})
    session.close()
    return place, number


@contextmanager
def mail(home, *, refuse="", listening=True):
    """Settings with a server on this machine, and what it takes."""
    taken = []

    class Box:
        async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
            if refuse and refuse in address:
                return "550 no such mailbox"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
            taken.append(message_from_bytes(envelope.content, policy=policy.default))
            return "250 taken"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = home.root / "settings.toml"
    before = settings.read_text()
    lines = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nto_applicants = true\n'
    settings.write_text(before.partition("[mail]")[0] + lines)
    server = Controller(Box(), hostname="127.0.0.1", port=port)
    if listening:
        server.start()
    try:
        yield taken
    finally:
        if listening:
            server.stop()
        settings.write_text(before)


@pytest.fixture
def remind(monkeypatch):
    """The reminders of a day, on that day."""

    def on_the_day(place, day):
        monkeypatch.setattr(reminders, "today", lambda: day)
        return reminders.remind(place)

    return on_the_day


def of(number, taken):
    return [m for m in taken if number in m["Subject"]]


@pytest.mark.machine
def test_letters_are_written_sent_once_and_put_in_a_calendar(home, remind):
    place, number = home
    due = today() + timedelta(days=20)  # the review of the draft is overdue by then
    with mail(place) as taken:
        first = remind(place, due)
        assert first.written >= 1
        assert first.unsent == 0
        again = remind(place, due)
    assert (again.written, again.sent, again.unsent) == (0, 0, 0)
    (note,) = of(number, taken)
    assert note["To"] == "datarequests@doj.ca.gov"
    assert "§ 964(g)" in note.get_content()
    assert "business days" in note.get_content()
    assert "Robin" not in note.get_content()
    calendar = place.root / "deadlines.ics"
    assert calendar.stat().st_mode & 0o077 == 0
    assert number in calendar.read_text()


@pytest.mark.machine
def test_the_researcher_is_written_to_where_the_setting_says_so(home, remind):
    place, number = home
    session = Session(place)
    expires = session.projects.show(number).expires
    session.close()
    with mail(place) as taken:
        remind(place, expires - timedelta(days=90))
    letters = {m["Subject"]: m for m in of(number, taken)}
    renewal = letters[f"Project {number}: submit a renewal request"]
    assert renewal["To"] == "robin@university.example"
    assert f"expires on {expires}" in renewal.get_content()
    assert renewal["Message-ID"].startswith(f"<doj-release.{number}.renewal_notice.")


@pytest.mark.machine
def test_a_server_that_is_down_loses_no_letter(home, remind):
    place, number = home
    due = today() + timedelta(days=20)
    with mail(place, listening=False), pytest.raises(MailUnavailable):
        remind(place, due)
    assert (place.projects / number / "letters").is_dir()
    with mail(place) as taken:
        assert remind(place, due).sent >= 1
    assert len(of(number, taken)) == 1


@pytest.mark.machine
def test_a_refused_address_stops_no_other_and_is_tried_again(home, remind):
    place, number = home
    due = today() + timedelta(days=400 - 90)
    with mail(place, refuse="university.example") as taken, pytest.raises(MailRefused) as caught:
        remind(place, due)
    assert "robin" not in str(caught.value)
    assert {m["To"] for m in of(number, taken)} == {"datarequests@doj.ca.gov"}
    with mail(place) as taken:
        assert remind(place, due).unsent == 0
    assert {m["To"] for m in of(number, taken)} == {"robin@university.example"}


def test_without_a_server_letters_wait(home, remind):
    place, _ = home
    done = remind(place, today() + timedelta(days=20))
    assert done.sent == 0
    assert done.unsent >= 1


def contents(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file() and "ledger" not in p.name}


def due_letters(place, day):
    with Session(place) as session:
        return letters_due(session, day)


def test_looking_ahead_shows_the_letters_and_changes_nothing(home):
    place, number = home
    day = today() + timedelta(days=400 - 90)
    with Session(place) as session:
        events, files = len(session.ledger.events()), contents(place.root)
    rows = [row for row in due_letters(place, day) if row["project_number"] == number]
    assert {"renewal_notice", "draft_review"} <= {row["letter"] for row in rows}
    by_letter = {row["letter"]: row["for_whom"] for row in rows}
    assert by_letter["renewal_notice"] == "applicant"
    assert by_letter["draft_review"] == "Department"
    with pytest.raises(OptionsDisagree):
        reminders.remind(place, day)
    with Session(place) as session:
        assert len(session.ledger.events()) == events
    assert contents(place.root) == files


def test_a_letter_is_read_before_it_goes_by_those_who_may_write_it(home):
    place, number = home
    day = today() + timedelta(days=400 - 90)
    known = f"{number}:renewal_notice"
    [known] = [
        str(row["id"]) for row in due_letters(place, day) if str(row["id"]).startswith(known)
    ]
    with Session(place) as session:
        session.person, events = ENGINEER, len(session.ledger.events())
        owed = reminders.letter_to_read(session, day, known)
        assert number in owed.letter.text
        assert owed.to_applicant
        with pytest.raises(LetterNotDue):
            reminders.letter_to_read(session, today(), known)
        session.person = Person("p-three", "N", "rev", frozenset({"administrator"}))
        with pytest.raises(RoleMissing):
            reminders.letter_to_read(session, day, known)
        assert len(session.ledger.events()) == events
        session.person = ENGINEER
        written = reminders.write_letters(session, day)
        assert written
        assert session.projects.folder(number).letter(f"{owed.notice}.txt").read_text() == owed.letter.text  # fmt: skip


def test_what_was_written_is_due_no_more(home, remind):
    place, number = home
    day = today() + timedelta(days=20)
    ahead = [row for row in due_letters(place, day) if row["project_number"] == number]
    assert ahead
    remind(place, day)
    assert not [row for row in due_letters(place, day) if row["project_number"] == number]


def test_what_is_to_come_is_not_recorded(home):
    place, number = home
    tomorrow = today() + timedelta(days=1)
    with Session(place) as session:
        before = len(session.ledger.events())
        with pytest.raises(OptionsDisagree):
            record_event(
                session, number, "acknowledgment_recorded", tomorrow, {"member": "lead"}, {}
            )
        assert len(session.ledger.events()) == before

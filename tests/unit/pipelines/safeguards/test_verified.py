"""When the ledger was last verified: kept under the home's key, said with what came since, never later than it was."""

import json
import sqlite3

import pytest

from approvals.errors import LedgerBroken
from pipelines.deployment.doctor.folder import check_ledger
from pipelines.deployment.init import init_home
from pipelines.home import Home
from pipelines.safeguards import last_verified, verified_in_words, verify_and_note
from pipelines.safeguards.verified import FILE
from pipelines.session import Session
from tests.in_process import run_here
from tests.unit.pipelines.safeguards.test_in_force import named


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    init_home(home.root)
    named(home)
    return home


@pytest.fixture
def session(home):
    with Session(home) as session:
        session.person = session.people.by_user("u-sam-1")
        yield session


def test_nothing_is_said_before_the_first(session):
    assert last_verified(session) is None
    assert verified_in_words(session).startswith("never")


def test_it_says_who_when_up_to_which_event_and_what_came_since(session):
    facts = verify_and_note(session)
    found = last_verified(session)
    assert (found.by, found.size, found.holds) == ("sam-1", facts["size"], True)
    session.note("settings_changed", settings="0" * 64)
    assert verified_in_words(session).endswith(f"by sam-1: {found.size} events, whole; 1 since then")  # fmt: skip
    assert (session.home.root / FILE).stat().st_mode & 0o077 == 0
    assert session.ledger.size() == found.size + 1  # verifying adds none


def test_what_did_not_hold_is_kept_with_when_it_last_held(session, home):
    verify_and_note(session)
    held = last_verified(session)
    with sqlite3.connect(home.root / "ledger.sqlite3") as database:
        database.execute("DROP TRIGGER events_no_update")
        database.execute("UPDATE events SET actor = 'p-else' WHERE seq = 1")
    with pytest.raises(LedgerBroken):
        verify_and_note(session)
    found = last_verified(session)
    assert (found.holds, found.code, found.held_at) == (False, LedgerBroken.code, held.at)
    assert "did not hold" in verified_in_words(session)


@pytest.mark.parametrize(
    "change", [{"size": 10_000}, {"at": "2030-01-01T00:00:00+00:00"}, {"code": ""}, {"more": 1}]
)
def test_what_this_home_did_not_write_is_none(session, home, change):
    verify_and_note(session)
    path = home.root / FILE
    body = json.loads(path.read_text()) | change
    if change == {"code": ""}:
        body["code"] = "LEDGER-02"
    path.write_text(json.dumps(body))
    assert last_verified(session) is None
    for text in ("[]", "3", "{", ""):
        path.write_text(text)
        assert last_verified(session) is None


def test_the_doctor_says_it(session, home):
    rows = {f.what: f for f in check_ledger(home)}
    assert rows["last verified"].state == "note"
    verify_and_note(session)
    rows = {f.what: f for f in check_ledger(home)}
    assert rows["last verified"].state == "good"


def test_events_are_found_by_the_same_words_as_at_the_desk(home, session, monkeypatch):
    for place in ("pipelines.session", "approvals.people"):
        monkeypatch.setattr(f"{place}.acting_person", lambda people: people.by_user("u-sam-1"))
    for digit in "123":
        session.note("settings_changed", settings=digit * 64)

    def found(*words):
        return [e["seq"] for e in run_here("ledger", "show", *words, "--json", home=home.root).json]  # fmt: skip

    every = found()
    assert found("--actor", "sam-1") == every[-3:]
    assert found("--text", "2" * 12) == [every[-2]]
    assert found("--before", every[-1], "--last", 1) == [every[-2]]
    assert found("--until", "2020-01-01") == []
    assert found("--since", "2020-01-01", "--kind", "settings_changed") == every[-3:]
    assert "Last verified: never" in run_here("ledger", "show", home=home.root).err

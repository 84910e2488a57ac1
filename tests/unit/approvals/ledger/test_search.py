"""Finding events: what a plain loop over all finds, newest first, by pages that read no more than they say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.ledger import Ledger, Sought, find_events, find_page
from approvals.ledger import search as searching
from approvals.ledger.events import Event

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
PEOPLE, PROJECTS = ("p-ada", "p-bea"), (None, "2026-001", "2026-002")


def an_event(number):
    project = PROJECTS[number % 3]
    actor = PEOPLE[number % 5 // 4]
    if project is None:
        return Event("settings_changed", actor, facts={"settings": f"{number:064x}"})
    if number % 2:
        facts = {"pair": f"{number:064x}", "decision": "link"}
        return Event("pair_decided", actor, project, f"{project}-R00{number % 4}", facts)
    facts = {"draft": f"{number:064x}", "on": "2026-01-31"}
    return Event("draft_received", actor, project, facts=facts)


def fill(url, count=60):
    hours = iter(range(count))
    ledger = Ledger.open(url, create=True, clock=lambda: START + timedelta(hours=next(hours)))
    return ledger, [ledger.append(an_event(n)) for n in range(count)]


@pytest.fixture
def filled(url):
    return fill(url)


@pytest.mark.parametrize(
    ("sought", "holds"),
    [
        (Sought(), lambda e: True),
        (Sought(project="2026-001"), lambda e: e.project == "2026-001"),
        (Sought(release="2026-001-R003"), lambda e: e.release == "2026-001-R003"),
        (Sought(kind="pair_decided", actor="p-bea"), lambda e: (e.kind, e.actor) == ("pair_decided", "p-bea")),
        (Sought(project="2026-002", kind="draft_received"), lambda e: (e.project, e.kind) == ("2026-002", "draft_received")),
        (Sought(since=START + timedelta(hours=10), until=START + timedelta(hours=20)), lambda e: 11 <= e.seq <= 20),
        (Sought(until=START), lambda e: False),
        (Sought(since=START + timedelta(days=9)), lambda e: False),
        (Sought(text="r003"), lambda e: e.release is not None and e.release.endswith("R003")),
        (Sought(text="p-bea"), lambda e: e.actor == "p-bea"),
        (Sought(text="%"), lambda e: False),
        (Sought(text="000000000000000000000000000000000000000000000000000000000000001f"), lambda e: e.seq == 32),
        (Sought(text="previous"), lambda e: False),  # a word of the stored form is no id
    ],
)  # fmt: skip
def test_what_is_found_is_what_a_loop_over_all_finds(filled, sought, holds):
    ledger, entries = filled
    expected = [e for e in reversed(entries) if holds(e)]
    assert find_events(ledger, sought, most=1000) == expected
    assert find_events(ledger, sought, most=3) == expected[:3]
    if len(expected) > 3:
        assert find_events(ledger, sought, before=expected[2].seq, most=1000) == expected[3:]


def test_the_hash_of_an_event_finds_it_and_not_the_one_after_it(filled):
    ledger, entries = filled
    found = find_events(ledger, Sought(text=entries[7].hash[:20]))
    assert [e.seq for e in found] == [8]


def test_a_page_says_where_the_next_begins_and_how_far_it_looked(filled, monkeypatch):
    monkeypatch.setattr(searching, "LOOK", 10)
    ledger, _ = filled
    page = find_page(ledger, Sought(actor="p-nobody"))
    assert (page.entries, page.before, page.looked_to) == ((), 51, 51)
    page = find_page(ledger, Sought(actor="p-nobody"), before=11)
    assert (page.entries, page.before, page.looked_to) == ((), None, 0)
    page = find_page(ledger, Sought(), most=4)
    assert [e.seq for e in page.entries] == [60, 59, 58, 57]
    assert page.before == 57
    last = find_page(ledger, Sought(project="2026-001"), before=8)
    assert (last.before, last.looked_to) == (None, 0)


@given(st.sampled_from(PROJECTS), st.sampled_from((None, *PEOPLE)), st.integers(1, 7), st.integers(1, 9))  # fmt: skip
def test_pages_one_after_another_are_all_of_it(tmp_path_factory, project, actor, most, look):
    folder = tmp_path_factory.getbasetemp() / "pages"
    url = f"sqlite:///{folder / 'l.sqlite3'}"
    if not folder.exists():
        folder.mkdir()
        fill(url)
    ledger = Ledger.open(url)
    sought, before, found = Sought(project=project, actor=actor), None, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "LOOK", look)
        while True:
            page = find_page(ledger, sought, before=before, most=most)
            assert len(page.entries) <= most
            found += page.entries
            if (before := page.before) is None:
                break
    expected = [e for e in reversed(ledger.events()) if project in (None, e.project) and actor in (None, e.actor)]  # fmt: skip
    assert found == expected

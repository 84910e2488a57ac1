"""Projects: numbers, stored applications, cohorts and recipients, each by two persons."""

import json
import sqlite3
from dataclasses import replace

import pytest
from approvals_home import (
    APPROVER,
    COHORT,
    ENGINEER,
    EVERYTHING,
    KEY_LEAD,
    OTHER_ENGINEER,
    SECURITY,
    TODAY,
)

from approvals.application.comparison import changes_between
from approvals.application.example import example_for
from approvals.application.system_terms import terms_of
from approvals.errors import (
    ApplicationChanged,
    ApplicationRefused,
    CohortRefused,
    DocumentChanged,
    EventRefused,
    EvidenceMissing,
    MoveNotAllowed,
    NothingToConfirm,
    RoleMissing,
    SamePerson,
    UnknownMember,
    UnknownProject,
)
from approvals.gate.gate import check
from approvals.gate.model import ReleaseRequest


@pytest.fixture
def bare(home):
    """Approved, without cohort or recipients."""
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    return home.projects.approve(number, APPROVER, TODAY)


def test_numbers_run_within_the_year(home):
    numbers = [home.projects.submit(home.application(), ENGINEER, TODAY).number for _ in range(3)]
    later = home.projects.submit(home.application(), ENGINEER, TODAY.replace(year=2027)).number
    assert [*numbers, later] == ["2026-001", "2026-002", "2026-003", "2027-001"]
    assert [s.number for s in home.projects.list()] == [*numbers, later]


def test_the_list_for_machines(home, bare):
    record = bare.as_dict(TODAY)
    assert json.loads(json.dumps(record)) == record
    assert record["project_number"] == "2026-001"
    assert record["kinds"] == ["identified", "deidentified"]
    assert record["state"] == "approved"
    assert record["expires"] == "2027-11-23"


def test_nothing_personal_reaches_the_ledger(home):
    home.approved()
    for file in home.path.glob("ledger.sqlite3*"):
        content = file.read_bytes()
        for word in (b"Robin", b"Alex", b"university.example", b"Campus", b"555"):
            assert word not in content


def test_files_are_closed_to_others(home):
    home.approved()
    for path in (home.path / "projects").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_rule_that_changes_changes_no_application_that_was_taken(home):
    """A switch is closed: the project is still there, is not approved any more, and releases nothing."""

    def opened(code):
        return replace(terms_of(code), withheld={})

    def of_cures(_):
        return example_for("CURES", "standard", on=TODAY, kind="identified")

    home.projects._terms = opened  # the switch stands open
    taken = home.approved("standard", of_cures)
    waiting = home.projects.submit(home.application("standard", of_cures), ENGINEER, TODAY)
    asked = ReleaseRequest("identified", TODAY, "CURES", cohort_digest=COHORT, cohort_rows=5000)
    assert check(home.projects.show(taken.number), asked).allowed
    home.projects._terms = terms_of
    assert home.projects.show(taken.number).application == taken.application
    assert check(home.projects.show(taken.number), asked).rules == ("C-11",)
    with pytest.raises(ApplicationRefused, match="Counsel must say"):
        home.projects.approve(waiting.number, APPROVER, TODAY)
    assert [s.number for s in home.projects.list()] == [taken.number, waiting.number]


def test_a_changed_application_is_found(home, bare):
    (stored,) = (home.path / "projects" / bare.number / "applications").iterdir()
    kept = stored.read_bytes()
    stored.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(ApplicationChanged) as caught:
        home.projects.show(bare.number)
    assert caught.value.exit == 5
    stored.unlink()
    with pytest.raises(ApplicationChanged):
        home.projects.show(bare.number)


def test_a_refused_application_leaves_nothing(home):
    with pytest.raises(ApplicationRefused):
        home.projects.submit(
            home.application(change=lambda t: t.replace('"GV"', '"XX"')), ENGINEER, TODAY
        )
    assert home.ledger.size() == 1
    assert not (home.path / "projects").exists()


def test_unknown_projects(home):
    with pytest.raises(UnknownProject):
        home.projects.show("2026-777")


# ------------------------------------------------------------------ amendments


def modified(number):
    return lambda t: (
        t.replace('request = "new" ', 'request = "modified" ')
        .replace('# modifies = "2026-001"', f'modifies = "{number}"')
        .replace("max_rows = 80000", "max_rows = 90000")
    )


def test_an_amendment_counts_only_when_a_second_person_approved_it(home, bare):
    path = home.application(change=modified(bare.number))
    waiting = home.projects.submit(path, ENGINEER, TODAY)
    assert waiting.application.cohort.max_rows == 80_000
    amended = home.projects.approve(bare.number, APPROVER, TODAY)
    assert amended.application.cohort.max_rows == 90_000
    assert amended.expires == bare.expires  # an amendment is no renewal
    with pytest.raises(MoveNotAllowed):  # it was approved: nothing waits
        home.projects.approve(bare.number, APPROVER, TODAY)


@pytest.mark.parametrize(
    ("kind", "actor", "facts"),
    [
        ("amendment_refused", APPROVER, {"statement": "d" * 64}),
        ("amendment_withdrawn", ENGINEER, {"letter": "d" * 64}),
    ],
)
def test_an_amendment_that_is_refused_or_withdrawn_no_longer_waits(home, bare, kind, actor, facts):
    number, before = bare.number, bare.application
    with pytest.raises(EvidenceMissing):  # none waits
        home.projects.event(number, kind, actor, TODAY, facts)
    home.projects.submit(home.application(change=modified(number)), ENGINEER, TODAY)
    if kind == "amendment_refused":
        with pytest.raises(RoleMissing):
            home.projects.event(number, kind, ENGINEER, TODAY, facts)
    after = home.projects.event(number, kind, actor, TODAY, facts)
    assert after.pending_digest is None
    assert (after.application, after.in_force(TODAY)) == (before, True)
    with pytest.raises(MoveNotAllowed):
        home.projects.approve(number, APPROVER, TODAY)
    with pytest.raises(EvidenceMissing):
        home.projects.event(number, kind, actor, TODAY, facts)
    home.projects.submit(home.application(change=modified(number)), ENGINEER, TODAY)
    amended = home.projects.approve(number, APPROVER, TODAY)
    assert amended.application.cohort.max_rows == 90_000


def test_the_versions_of_an_application_and_what_they_say_otherwise(home, bare):
    def other(text):
        text = text.replace('[[team]]\nid = "analyst"', '[[team]]\nid = "second"')
        return modified(bare.number)(text).replace("echo_supplied = true", "echo_supplied = false")

    home.projects.submit(home.application(change=other), ENGINEER, TODAY)
    versions = home.projects.versions(bare.number)
    assert [(v["kind"], v["in_force"]) for v in versions] == [
        ("project_submitted", True), ("amendment_submitted", False),
    ]  # fmt: skip
    forms = [home.projects.application(bare.number, v["digest"]) for v in versions]
    changed = {c["field"]: (c["before"], c["after"]) for c in changes_between(*forms)}
    assert changed["cohort.max_rows"] == ("80000", "90000")
    assert changed["echo_supplied"] == ("true", "false")
    assert changed["request"] == ("new", "modified")
    assert changed["team[analyst].name"][1] == changed["team[second].name"][0] == ""
    assert not any(field.startswith(("team[lead]", "documents", "variables")) for field in changed)
    assert changes_between(forms[0], forms[0]) == []


def test_what_is_refused_uses_up_no_projects_number(home):
    with pytest.raises(ApplicationRefused):
        home.projects.submit(
            home.application(change=lambda t: t.replace('"CARPOS"', '"NONE"')), ENGINEER, TODAY
        )
    with pytest.raises(RoleMissing):
        home.projects.submit(home.application(), SECURITY, TODAY)
    assert home.projects.submit(home.application(), ENGINEER, TODAY).number == "2026-001"


def test_who_submitted_the_amendment_does_not_approve_it(home, bare):
    home.projects.submit(home.application(change=modified(bare.number)), EVERYTHING, TODAY)
    with pytest.raises(SamePerson):
        home.projects.approve(bare.number, EVERYTHING, TODAY)


def test_a_project_that_is_not_in_force_takes_no_amendment(home):
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    home.projects.event(number, "project_denied", APPROVER, TODAY, {"statement": "d" * 64})
    with pytest.raises(MoveNotAllowed):
        home.projects.submit(home.application(change=modified(number)), ENGINEER, TODAY)


def test_a_new_project_on_data_that_is_held_already(home, bare):
    path = home.application(
        change=lambda t: t.replace('# relies_on = "2025-007"', f'relies_on = "{bare.number}"')
    )
    second = home.projects.submit(path, ENGINEER, TODAY)
    assert home.projects.show(bare.number).relied_on_by == ()
    home.projects.approve(second.number, APPROVER, TODAY)
    assert home.projects.show(bare.number).relied_on_by == (second.number,)


# ------------------------------------------------------------------ cohorts


def test_a_cohort_is_registered_by_one_and_confirmed_by_another(home, bare):
    add = {"digest": COHORT, "rows": 10, "source": "dealer_records", "on": TODAY}
    home.projects.register_cohort(bare.number, actor=ENGINEER, **add)
    again = home.projects.register_cohort(bare.number, actor=ENGINEER, **add)
    assert len(again.cohorts) == 1
    with pytest.raises(SamePerson):
        home.projects.confirm_cohort(bare.number, COHORT, ENGINEER, TODAY)
    with pytest.raises(NothingToConfirm):
        home.projects.confirm_cohort(bare.number, "e" * 64, OTHER_ENGINEER, TODAY)
    done = home.projects.confirm_cohort(bare.number, None, OTHER_ENGINEER, TODAY)
    assert done.cohort(COHORT).confirmed_by == OTHER_ENGINEER.id
    with pytest.raises(NothingToConfirm):
        home.projects.confirm_cohort(bare.number, COHORT, OTHER_ENGINEER, TODAY)


@pytest.mark.parametrize("change", [{"rows": 80_001}, {"source": "elsewhere"}])
def test_another_cohort_than_declared_is_refused(home, bare, change):
    given = {"digest": COHORT, "rows": 10, "source": "dealer_records"} | change
    with pytest.raises(CohortRefused):
        home.projects.register_cohort(bare.number, actor=ENGINEER, on=TODAY, **given)


def test_tables_take_no_cohort(home):
    state = home.approved("aggregated")
    with pytest.raises(CohortRefused):
        home.projects.register_cohort(state.number, digest=COHORT, rows=1, actor=ENGINEER, on=TODAY)


# ------------------------------------------------------------------ recipients


def test_a_key_is_added_by_one_and_confirmed_by_another(home, bare):
    pem = b"certificate"
    home.projects.add_recipient(bare.number, KEY_LEAD, "lead", ENGINEER, TODAY, certificate=pem)
    with pytest.raises(SamePerson):
        home.projects.confirm_recipient(KEY_LEAD, ENGINEER, TODAY)
    (state,) = home.projects.confirm_recipient(KEY_LEAD, APPROVER, TODAY)
    assert [r.member for r in state.usable_recipients(TODAY)] == ["lead"]
    assert home.projects.certificate(bare.number, KEY_LEAD) == pem
    with pytest.raises(NothingToConfirm):
        home.projects.confirm_recipient(KEY_LEAD, APPROVER, TODAY)


def test_a_changed_certificate_is_found(home, bare):
    home.projects.add_recipient(bare.number, KEY_LEAD, "lead", ENGINEER, TODAY, certificate=b"x")
    (stored,) = (home.path / "projects" / bare.number / "recipients").iterdir()
    stored.write_bytes(b"another key")
    with pytest.raises(DocumentChanged):
        home.projects.certificate(bare.number, KEY_LEAD)


def test_only_named_recipients_get_a_key(home, bare):
    with pytest.raises(UnknownMember):
        home.projects.add_recipient(
            bare.number, KEY_LEAD, "stranger", ENGINEER, TODAY, certificate=b"x"
        )


def test_a_key_that_is_added_again_waits_again(home):
    state = home.approved()
    home.projects.add_recipient(
        state.number, KEY_LEAD, "analyst", ENGINEER, TODAY, certificate=b"pem"
    )
    state = home.projects.show(state.number)
    assert KEY_LEAD not in {r.fingerprint for r in state.usable_recipients(TODAY)}


# ------------------------------------------------------------------ other events


def test_other_events_are_recorded_with_their_documents(home, bare, tmp_path):
    draft = tmp_path / "draft.pdf"
    draft.write_bytes(b"%PDF draft")
    home.projects.event(bare.number, "draft_received", ENGINEER, TODAY, files={"draft": draft})
    (entry,) = home.ledger.events(kind="draft_received")
    assert home.projects.folder(bare.number).get("document", entry.facts["draft"]) == b"%PDF draft"


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("project_approved", {}),
        ("cohort_confirmed", {"cohort": COHORT}),
        ("release_approved", {}),
        ("home_created", {}),
        ("no_such_event", {}),
        ("subpoena_notice", {"unknown": "1"}),
        ("breach_reported", {"breach": "b1", "individuals": "many", "discovered_on": "2026-01-01"}),
    ],
)
def test_the_general_event_is_no_way_round_a_check(home, bare, kind, facts):
    before = home.ledger.size()
    with pytest.raises(EventRefused):
        home.projects.event(bare.number, kind, EVERYTHING, TODAY, facts)
    assert home.ledger.size() == before


def test_a_demo_home_may_confirm_itself(demo_home):
    number = demo_home.projects.submit(demo_home.application(), EVERYTHING, TODAY).number
    assert demo_home.projects.approve(number, EVERYTHING, TODAY).approved_by == EVERYTHING.id


def test_a_home_can_not_become_a_demo_home(home):
    with sqlite3.connect(home.path / "ledger.sqlite3") as raw, pytest.raises(sqlite3.Error):
        raw.execute("UPDATE events SET body = replace(body, 'false', 'true') WHERE seq = 1")
    from approvals.ledger.events import Event

    home.ledger.append(Event("home_created", "p-a", facts={"demo": True}))
    assert not home.ledger.is_demo()  # only the first event says it

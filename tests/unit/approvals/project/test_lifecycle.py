"""The table of a project's life is complete, and the code does what the table says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, EVERYTHING, SECURITY, TODAY
from approvals_home import REVIEWER as OTHER

from approvals.clocks.clocks import CLOCKS
from approvals.deadlines.deadlines import open_deadlines
from approvals.errors import (
    CorrectionRefused,
    EvidenceMissing,
    MoveNotAllowed,
    RequesterSanctioned,
    ReviewMissing,
    RoleMissing,
    SamePerson,
)
from approvals.ledger.events import KINDS, PROJECT
from approvals.people.people import ROLES
from approvals.project.evidence import CONDITIONS, FOLLOWS, words_of
from approvals.project.lifecycle import (
    EXTENSIONS_AT_MOST,
    IN_FORCE,
    MOVES,
    State,
    is_move,
    moves_for,
)
from approvals.project.projects import OWN_STEP
from approvals.project.store import _ONLY


def test_every_state_can_be_reached_and_left():
    targets = {m.target for m in MOVES}
    sources = {s for m in MOVES for s in m.sources}
    assert targets == set(State)
    assert sources == set(State) - {State.CLOSED}


def test_every_move_has_an_event_roles_and_a_section():
    for move in MOVES:
        assert "§" in move.section or "page" in move.section
        if move.event is None:
            continue
        assert KINDS[move.event].about == PROJECT
        assert move.roles
        assert move.roles <= set(ROLES)
        assert move.second is None or move.second in KINDS
        assert ("outcome" in KINDS[move.event].must) == (move.outcome is not None)
    assert {m.only for m in MOVES} - {None} == set(_ONLY)


def test_rows_of_one_event_and_outcome_share_their_target():
    """The fold takes the first row: it may not matter which."""
    for event in {m.event for m in MOVES if m.event}:
        for outcome in {m.outcome for m in MOVES if m.event == event}:
            assert len({m.target for m in moves_for(event, outcome)}) == 1


BY_DATE = {
    "project_approved": {"renewal_notice", "renewal", "completion_notice"},
    "project_renewed": {"renewal_notice", "renewal"},
    "extension_granted": {"extension_notice", "extension_end"},
}


@pytest.mark.parametrize("move", [m for m in MOVES if m.event], ids=lambda m: m.event)
def test_the_table_names_exactly_the_clocks_that_a_move_starts(move):
    by_event = {c.name for c in CLOCKS if c.starts == move.event}
    assert set(move.clocks) == by_event | BY_DATE.get(move.event, set())


def test_what_starts_and_stops_a_clock_is_an_event():
    assert {c.starts for c in CLOCKS} | {s for c in CLOCKS for s in c.stops} <= set(KINDS)


def test_evidence_names_events_and_facts_that_there_are():
    for kind, follows in FOLLOWS.items():
        assert {kind, *follows.after, *follows.answers} <= set(KINDS)
        if follows.same:
            assert all(follows.same in KINDS[k].must for k in (kind, *follows.after))
    assert set(CONDITIONS) <= set(KINDS)
    assert all(words_of(kind) for kind in {*FOLLOWS, *CONDITIONS})


DIGEST = "d" * 64
FACTS = {
    "review_started": {},
    "project_denied": {"statement": DIGEST},
    "application_withdrawn": {"letter": DIGEST},
    "appeal_received": {},
    "appeal_decided": {"outcome": "granted", "decision": DIGEST},
    "renewal_requested": {"changes": "personnel", "letter": DIGEST},
    "project_renewed": {},
    "project_suspended": {"reason": "breach"},
    "suspension_lifted": {},
    "project_completed": {"completed_on": "2026-11-23"},
    "closure_ordered": {"order": DIGEST},
    "extension_requested": {"letter": DIGEST},
    "extension_granted": {"until": "2027-11-22", "authorisation": DIGEST},
    "destruction_certified": {
        "certificate": DIGEST, "destroyed_on": "2026-11-23", "method": "purge", "witnesses": "1",
        "items": "2"},
    "project_closed": {},
}  # fmt: skip


def in_state(home, state: State):
    """A project brought to a state by the shortest way."""
    ways = {
        State.SUBMITTED: (),
        State.UNDER_REVIEW: ("review_started",),
        State.APPROVED: ("approve",),
        State.DENIED: ("project_denied",),
        State.APPEALED: ("project_denied", "appeal_received"),
        State.RENEWAL_DUE: ("approve", "renewal_requested"),
        State.RENEWED: ("approve", "renewal_requested", "project_renewed"),
        State.AMENDED: ("approve", "amend"),
        State.SUSPENDED: ("approve", "project_suspended"),
        State.COMPLETED: ("approve", "project_completed"),
        State.EXTENSION: (
            "approve", "project_completed", "extension_requested", "extension_granted"),
        State.DESTRUCTION_CERTIFIED: ("approve", "project_completed", "destruction_certified"),
        State.CLOSED: ("project_denied", "project_closed"),
    }  # fmt: skip
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    for step in ways[state]:
        if step == "approve":
            home.projects.approve(number, APPROVER, TODAY)
        elif step == "amend":
            amend(home, number)
        else:
            moves = moves_for(step, "granted")
            actor = APPROVER if moves and "engineer" not in moves[0].roles else ENGINEER
            home.projects.event(number, step, actor, TODAY, FACTS[step])
    return home.projects.show(number)


def modified(home, number):
    return home.application(
        change=lambda t: t.replace('request = "new" ', 'request = "modified" ').replace(
            '# modifies = "2026-001"', f'modifies = "{number}"'
        )
    )


def amend(home, number):
    home.projects.submit(modified(home, number), ENGINEER, TODAY)
    home.projects.approve(number, APPROVER, TODAY)


@pytest.mark.parametrize("state", [s for s in State if s is not State.EXPIRED])
def test_from_each_state_exactly_the_moves_of_the_table(demo_home, state):
    """Every move is tried from every state; a demo home, so that one person may do it all."""
    project = in_state(demo_home, state)
    assert project.recorded is state
    before = demo_home.ledger.size()
    for kind, facts in FACTS.items():
        if not is_move(kind):
            continue
        moves = moves_for(kind, "granted")
        allowed = any(state in m.sources and m.only in (None, "rows") for m in moves)
        if allowed:
            continue
        with pytest.raises(MoveNotAllowed):
            demo_home.projects.event(project.number, kind, EVERYTHING, TODAY, facts)
    assert demo_home.ledger.size() == before  # a refused move leaves no trace in the state


def test_roles_are_asked(home):
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    for actor in (ENGINEER, SECURITY):
        with pytest.raises(RoleMissing):
            home.projects.approve(number, actor, TODAY)
    with pytest.raises(RoleMissing):
        home.projects.submit(home.application(), SECURITY, TODAY)


def test_the_second_person_is_not_the_first(home):
    number = home.projects.submit(home.application(), EVERYTHING, TODAY).number
    with pytest.raises(SamePerson):
        home.projects.approve(number, EVERYTHING, TODAY)
    home.projects.approve(number, APPROVER, TODAY)
    facts = FACTS["renewal_requested"]
    home.projects.event(number, "renewal_requested", EVERYTHING, TODAY, facts)
    with pytest.raises(SamePerson):
        home.projects.renew(number, EVERYTHING, TODAY)
    home.projects.renew(number, APPROVER, TODAY)


def test_time_alone_makes_a_renewal_due_and_lets_the_approval_expire(home):
    state = home.approved()
    assert state.expires == date(2027, 11, 23)
    due = state.expires - timedelta(days=90)
    assert state.state_on(due - timedelta(days=1)) is State.APPROVED
    assert state.state_on(due) is State.RENEWAL_DUE
    assert state.state_on(state.expires - timedelta(days=1)) is State.RENEWAL_DUE
    assert state.state_on(state.expires) is State.EXPIRED
    with pytest.raises(MoveNotAllowed):  # the renewal had to be complete before
        home.projects.event(
            state.number, "renewal_requested", ENGINEER, state.expires, FACTS["renewal_requested"]
        )


def test_a_renewal_gives_one_more_year(home):
    state = home.approved()
    on = state.expires - timedelta(days=30)
    facts = FACTS["renewal_requested"]
    home.projects.event(state.number, "renewal_requested", ENGINEER, on, facts)
    with pytest.raises(MoveNotAllowed):
        home.projects.renew(state.number, APPROVER, on, expires=date(2028, 11, 24))
    renewed = home.projects.renew(state.number, APPROVER, on)
    assert renewed.expires == date(2028, 11, 23)
    assert renewed.state_on(date(2027, 12, 1)) is State.RENEWED


def test_an_approval_lasts_a_year_at_most(home):
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    with pytest.raises(MoveNotAllowed):
        home.projects.approve(number, APPROVER, TODAY, expires=date(2027, 11, 24))
    short = home.projects.approve(number, APPROVER, TODAY, expires=date(2027, 1, 1))
    assert short.expires == date(2027, 1, 1)


def test_seven_extensions_and_no_eighth(home):
    number = in_state(home, State.COMPLETED).number
    on, until = TODAY, TODAY
    for _ in range(EXTENSIONS_AT_MOST):
        until = until.replace(year=until.year + 1)
        home.projects.event(number, "extension_requested", ENGINEER, on, {"letter": DIGEST})
        facts = {"until": until.isoformat(), "authorisation": DIGEST}
        state = home.projects.event(number, "extension_granted", APPROVER, on, facts)
        on = until
    assert (state.extensions, state.extension_until) == (7, date(2033, 11, 23))
    with pytest.raises(EvidenceMissing, match="seven requests"):
        home.projects.event(number, "extension_requested", ENGINEER, on, {"letter": DIGEST})
    facts = {"until": "2034-11-23", "authorisation": DIGEST}
    with pytest.raises(EvidenceMissing):
        home.projects.event(number, "extension_granted", APPROVER, TODAY, facts)


def test_an_extension_is_one_year_at_most(home):
    number = in_state(home, State.COMPLETED).number
    home.projects.event(number, "extension_requested", ENGINEER, TODAY, {"letter": DIGEST})
    facts = {"until": "2027-11-24", "authorisation": DIGEST}
    with pytest.raises(MoveNotAllowed):
        home.projects.event(number, "extension_granted", APPROVER, TODAY, facts)


def test_an_extension_is_asked_for_with_the_completion_or_before_the_last_one_ends(home):
    """§ 967(b): simultaneously with the notice of completion, later before the extension expires."""
    letter = {"letter": DIGEST}
    number = in_state(home, State.COMPLETED).number
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(EvidenceMissing, match="came with the notice"):
        home.projects.event(number, "extension_requested", ENGINEER, tomorrow, letter)
    home.projects.event(number, "extension_requested", ENGINEER, TODAY, letter)
    facts = {"until": "2027-11-23", "authorisation": DIGEST}
    home.projects.event(number, "extension_granted", APPROVER, tomorrow, facts)
    with pytest.raises(EvidenceMissing):  # one grant for each request
        home.projects.event(number, "extension_granted", APPROVER, tomorrow, facts)
    with pytest.raises(EvidenceMissing, match="before the extension ended"):
        home.projects.event(number, "extension_requested", ENGINEER, date(2027, 11, 24), letter)
    home.projects.event(number, "extension_requested", ENGINEER, date(2027, 11, 23), letter)
    refused = home.projects.event(
        number, "extension_refused", APPROVER, date(2027, 11, 24), {"statement": DIGEST}
    )
    assert refused.recorded is State.EXTENSION
    for due_ in open_deadlines(home.projects, date(2027, 11, 25)):
        assert due_.name in {"destruction_refused", "extension_end", "extension_notice"}


def test_an_appeal_comes_within_ten_days_of_the_notice_or_is_late(home):
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    home.projects.event(number, "project_denied", APPROVER, TODAY, {"statement": DIGEST})
    home.projects.event(number, "denial_statement_sent", ENGINEER, date(2026, 12, 1))
    with pytest.raises(EvidenceMissing, match="2026-12-11"):
        home.projects.event(number, "appeal_received", ENGINEER, date(2026, 12, 12))
    late = home.projects.event(number, "appeal_late", ENGINEER, date(2026, 12, 12))
    assert late.recorded is State.DENIED
    appealed = home.projects.event(number, "appeal_received", ENGINEER, date(2026, 12, 11))
    assert appealed.recorded is State.APPEALED


def test_the_department_can_close_a_project_by_a_sanction(home):
    state = home.approved()
    sanction = {
        "sanction": "closure", "severity": "high", "pii_involved": "yes",
        "previous_violations": "1", "culpability": "negligence",
    }  # fmt: skip
    with pytest.raises(EvidenceMissing):
        home.projects.event(state.number, "closure_ordered", APPROVER, TODAY, {"order": DIGEST})
    home.projects.event(state.number, "sanction_imposed", SECURITY, TODAY, sanction)
    closed = home.projects.event(
        state.number, "closure_ordered", APPROVER, TODAY, {"order": DIGEST}
    )
    assert closed.recorded is State.COMPLETED
    assert "destruction_ordered" in {d.name for d in open_deadlines(home.projects, TODAY)}


# ------------------------------------------------------------------ before the decision


def test_a_revised_application_takes_the_place_of_the_first(home):
    number = in_state(home, State.UNDER_REVIEW).number
    home.projects.event(
        number, "review_completed", OTHER, TODAY, {"holds": "C-03,C-04,C-15,C-48", "fails": "C-08"}
    )
    with pytest.raises(ReviewMissing):
        home.projects.approve(number, APPROVER, TODAY)
    revised = home.projects.submit(modified(home, number), EVERYTHING, TODAY)
    assert revised.review is None
    with pytest.raises(SamePerson):  # whoever submitted what is approved
        home.projects.approve(number, EVERYTHING, TODAY)
    approved = home.projects.approve(number, APPROVER, TODAY)
    assert approved.approved_digest == revised.application_digest
    (entry,) = home.ledger.events(project=number, kind="project_approved")
    assert entry.facts["confirmed"] == ("C-03", "C-04", "C-08", "C-15", "C-48")


def test_by_policy_an_approval_rests_on_a_review_by_another_person(home):
    number = in_state(home, State.SUBMITTED).number
    home.projects._review_required = True
    with pytest.raises(ReviewMissing):
        home.projects.approve(number, APPROVER, TODAY)
    found = {"holds": "C-03,C-04,C-08,C-15,C-48"}
    home.projects.event(number, "review_completed", APPROVER, TODAY, found)
    with pytest.raises(SamePerson):
        home.projects.approve(number, APPROVER, TODAY)
    home.projects.event(number, "review_completed", OTHER, TODAY, found)
    assert home.projects.approve(number, APPROVER, TODAY).recorded is State.APPROVED


def test_who_is_denied_future_requests_is_not_approved(home):
    first = home.approved()
    sanction = {
        "sanction": "denial_of_requests", "severity": "high", "pii_involved": "yes",
        "previous_violations": "0", "culpability": "intent",
    }  # fmt: skip
    home.projects.event(first.number, "sanction_imposed", SECURITY, TODAY, sanction)
    again = home.projects.submit(home.application(), ENGINEER, TODAY).number
    other = home.projects.submit(
        home.application(change=lambda t: t.replace("robin@university", "kim@university")),
        ENGINEER, TODAY,
    ).number  # fmt: skip
    with pytest.raises(RequesterSanctioned, match=first.number):
        home.projects.approve(again, APPROVER, TODAY)
    assert home.projects.approve(other, APPROVER, TODAY).recorded is State.APPROVED


# ------------------------------------------------------------------ corrections are events


def correct(home, number, seq, actor=EVERYTHING, reason="wrong_facts"):
    facts = {"event": str(seq), "reason": reason}
    return home.projects.event(number, "event_corrected", actor, TODAY, facts)


def test_a_correction_takes_an_event_back_and_edits_nothing(home):
    state = home.approved()
    wrong = home.projects.event(
        state.number, "background_check", ENGINEER, TODAY, {"member": "lead", "outcome": "failed"}
    )
    assert wrong.check_of("lead").outcome == "failed"
    assert "check_appeal" in {d.name for d in open_deadlines(home.projects, TODAY)}
    right = correct(home, state.number, wrong.last_event)
    assert right.check_of("lead").outcome == "passed"
    assert "check_appeal" not in {d.name for d in open_deadlines(home.projects, TODAY)}
    assert (
        home.ledger.events(kind="background_check")[-1].facts["outcome"] == "failed"
    )  # to be read


def test_a_correction_takes_a_second_person_and_an_approver(home):
    state = home.approved()
    sent = home.projects.event(state.number, "letter_requested", EVERYTHING, TODAY)
    with pytest.raises(SamePerson):
        correct(home, state.number, sent.last_event)
    with pytest.raises(RoleMissing):
        correct(home, state.number, sent.last_event, ENGINEER)


def test_a_correction_of_what_others_rest_on_is_refused(home):
    state = home.approved()
    approval = home.ledger.events(project=state.number, kind="project_approved")[0].seq
    with pytest.raises(CorrectionRefused):  # keys and cohorts were taken in under it
        correct(home, state.number, approval)
    bare = in_state(home, State.APPROVED)
    undone = correct(home, bare.number, bare.last_event)
    assert undone.recorded is State.SUBMITTED
    with pytest.raises(CorrectionRefused):  # once
        correct(home, bare.number, bare.last_event)


def test_what_lasts_can_not_be_taken_back(home):
    state = in_state(home, State.SUBMITTED)
    for number in (state.last_event, 1, 10_000):
        with pytest.raises(CorrectionRefused):
            correct(home, state.number, number)


def test_individual_level_data_needs_a_certificate_to_close_and_tables_do_not(home):
    number = in_state(home, State.COMPLETED).number
    with pytest.raises(MoveNotAllowed):
        home.projects.event(number, "project_closed", APPROVER, TODAY)
    tables = home.approved("aggregated")
    closed = home.projects.event(tables.number, "project_closed", APPROVER, TODAY)
    assert closed.recorded is State.CLOSED


def test_a_state_in_force_is_one_from_which_a_release_may_go():
    assert {State.APPROVED, State.RENEWAL_DUE, State.RENEWED, State.AMENDED} == IN_FORCE


def test_expired_is_no_recorded_state(home):
    state = replace(home.approved(), recorded=State.EXPIRED)
    assert state.state_on(TODAY) is State.EXPIRED


# ------------------------------------------------------------------ every answer follows its question


def sample(fact_type, name):
    """Some text of a type, the same for the same name, so that what belongs together fits."""
    words = fact_type.name
    if words.startswith(("one of ", "any of ")):
        return words.partition("of ")[2].split(", ")[-1 if name == "outcome" else 0]
    by_type = {"SHA-256 in hex": DIGEST, "date (2026-01-31)": "2026-11-23", "whole number": "1",
               "true or false": "no", "list of short ids": "x"}  # fmt: skip
    return by_type.get(words, f"{name}-1")


def facts_of(kind):
    return {n: sample(t, n) for n, t in KINDS[kind].must.items() if n != "on"}


# the home has what comes before the last two: test_gate_people
NOT_HERE = {"notice_sent", "extension_refused", "person_confirmed", "checks_verified"}
ANSWERS = [k for k in FOLLOWS if not is_move(k) and k not in NOT_HERE]


@pytest.mark.long
@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_needs_what_it_answers(demo_home, kind):
    """A breach's cost needs the breach, an inspection its notice, findings their inspection, …"""
    number = demo_home.approved().number
    with pytest.raises((EvidenceMissing, MoveNotAllowed)):
        demo_home.projects.event(number, kind, EVERYTHING, TODAY, facts_of(kind))
    chain = [kind]
    while chain[0] in FOLLOWS:
        chain.insert(0, FOLLOWS[chain[0]].after[0])
    if chain[0] == "project_denied" or chain[0] in OWN_STEP:
        return  # another life: test_deadlines; a command of its own: test_custody
    for step in chain:
        demo_home.projects.event(number, step, EVERYTHING, TODAY, facts_of(step))
    if FOLLOWS[kind].once:
        with pytest.raises(EvidenceMissing):
            demo_home.projects.event(number, kind, EVERYTHING, TODAY, facts_of(kind))

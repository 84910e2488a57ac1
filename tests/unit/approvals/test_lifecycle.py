"""The table of a project's life is complete, and the code does what the table says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, EVERYTHING, SECURITY, TODAY

from approvals import KINDS, State
from approvals.clocks import CLOCKS
from approvals.errors import MoveNotAllowed, RoleMissing, SamePerson
from approvals.events import PROJECT
from approvals.lifecycle import EXTENSIONS_AT_MOST, IN_FORCE, MOVES, ONLY, diagram, moves_for
from approvals.people import ROLES
from approvals.project_store import _ONLY


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
    assert {m.only for m in MOVES} - {None} == set(ONLY) == set(_ONLY)


def test_rows_of_one_event_and_outcome_share_their_target():
    """The fold takes the first row: it may not matter which."""
    for event in {m.event for m in MOVES if m.event}:
        for outcome in {m.outcome for m in MOVES if m.event == event}:
            assert len({m.target for m in moves_for(event, outcome)}) == 1


def test_the_clocks_of_the_table_exist():
    by_date = {"renewal_notice", "expiry", "extension_notice", "extension_end"}
    known = {c.name for c in CLOCKS} | by_date
    assert {name for m in MOVES for name in m.clocks} <= known
    starts = {c.starts for c in CLOCKS} | {s for c in CLOCKS for s in c.stops}
    assert starts <= set(KINDS)


def test_the_diagram_shows_every_move():
    text = diagram()
    assert text.startswith("stateDiagram-v2\n")
    assert text.count("-->") == sum(max(len(m.sources), 1) for m in MOVES) + 1


DIGEST = "d" * 64
FACTS = {
    "review_started": {},
    "project_denied": {"statement": DIGEST},
    "appeal_received": {},
    "appeal_decided": {"outcome": "granted", "decision": DIGEST},
    "renewal_requested": {"changes": "personnel", "letter": DIGEST},
    "project_renewed": {},
    "project_suspended": {"reason": "breach"},
    "suspension_lifted": {},
    "project_completed": {"completed_on": "2026-11-23"},
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
        State.EXTENSION: ("approve", "project_completed", "extension_granted"),
        State.DESTRUCTION_CERTIFIED: ("approve", "project_completed", "destruction_certified"),
        State.CLOSED: ("project_denied", "project_closed"),
    }
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    for step in ways[state]:
        if step == "approve":
            home.projects.approve(number, APPROVER, TODAY)
        elif step == "amend":
            amend(home, number)
        else:
            actor = ENGINEER if "engineer" in moves_for(step, "granted")[0].roles else APPROVER
            home.projects.event(number, step, actor, TODAY, FACTS[step])
    return home.projects.show(number)


def amend(home, number):
    path = home.application(
        change=lambda t: t.replace('request = "new" ', 'request = "modified" ').replace(
            '# modifies = "2026-001"', f'modifies = "{number}"'
        )
    )
    home.projects.submit(path, ENGINEER, TODAY)
    home.projects.approve(number, APPROVER, TODAY)


@pytest.mark.parametrize("state", [s for s in State if s is not State.EXPIRED])
def test_from_each_state_exactly_the_moves_of_the_table(demo_home, state):
    """Every move is tried from every state; a demo home, so that one person may do it all."""
    project = in_state(demo_home, state)
    assert project.recorded is state
    before = demo_home.ledger.size()
    for kind, facts in FACTS.items():
        allowed = any(state in m.sources and m.only is None for m in moves_for(kind, "granted"))
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
    facts = {"until": "2034-11-23", "authorisation": DIGEST}
    with pytest.raises(MoveNotAllowed):
        home.projects.event(number, "extension_granted", APPROVER, on, facts)


def test_an_extension_is_one_year_at_most(home):
    number = in_state(home, State.COMPLETED).number
    facts = {"until": "2027-11-24", "authorisation": DIGEST}
    with pytest.raises(MoveNotAllowed):
        home.projects.event(number, "extension_granted", APPROVER, TODAY, facts)


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

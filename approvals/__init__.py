"""Who may receive what, until when: applications, projects, the gate, deadlines, the ledger, custody.

    people = People.read(home / "people.toml")
    actor = acting_person(people)
    ledger = Ledger.at(home / "ledger.sqlite3")
    projects = Projects(ledger, home / "projects", digest=keyring.digest)
    state = projects.submit(path, actor, on=today)
    check(projects.show("2026-001"), Ask("identified", today, "CARPOS", ...)).check()

Nothing here touches a record of a register or of a cohort.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from approvals.application import example_application, parse_application, read_application
    from approvals.application_forms import (
        AggregatedApplication,
        Application,
        StandardApplication,
    )
    from approvals.events import KINDS, Event
    from approvals.gate import Ask, GatePolicy, Reason, Verdict, check
    from approvals.ledger import Entry, Ledger
    from approvals.ledger_verify import (
        Checkpoint,
        LedgerVerdict,
        make_checkpoint,
        merkle_root,
        verify,
    )
    from approvals.lifecycle import MOVES, State
    from approvals.people import (
        People,
        Person,
        acting_person,
        check_role,
        two_people_required,
    )
    from approvals.project_state import ProjectState
    from approvals.projects import Projects, project_event_kinds

_PLACES = {
    "AggregatedApplication": "application_forms",
    "Application": "application_forms",
    "Ask": "gate",
    "Checkpoint": "ledger_verify",
    "Entry": "ledger",
    "Event": "events",
    "GatePolicy": "gate",
    "KINDS": "events",
    "Ledger": "ledger",
    "LedgerVerdict": "ledger_verify",
    "MOVES": "lifecycle",
    "People": "people",
    "Person": "people",
    "ProjectState": "project_state",
    "Projects": "projects",
    "Reason": "gate",
    "StandardApplication": "application_forms",
    "State": "lifecycle",
    "Verdict": "gate",
    "acting_person": "people",
    "check": "gate",
    "check_role": "people",
    "example_application": "application",
    "make_checkpoint": "ledger_verify",
    "merkle_root": "ledger_verify",
    "parse_application": "application",
    "project_event_kinds": "projects",
    "read_application": "application",
    "two_people_required": "people",
    "verify": "ledger_verify",
}

__all__ = [*_PLACES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for, so that the command line starts quickly."""
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(f"approvals.{_PLACES[name]}"), name)

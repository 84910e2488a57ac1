"""Who may receive what, until when: applications, projects, the gate, deadlines, the ledger, custody.

    people = People.read(home / "people.toml")
    actor = acting_person(people)
    ledger = Ledger.at(home / "ledger.sqlite3")
    projects = Projects(ledger, home / "projects", digest=keyring.digest,
                        key=lambda number, create: keyring.document_key(number, create=create))
    releases = Releases(projects)
    state = projects.submit(path, actor, on=today)
    projects.check("2026-001", Ask("aggregated", today, "CARPOS")).check()

Nothing here touches a record of a register or of a cohort.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from approvals.application import example_application, parse_application, read_application
    from approvals.application_forms import AggregatedApplication, Application, StandardApplication
    from approvals.calendar_file import as_ics
    from approvals.custody import Releases
    from approvals.deadlines import Deadline, due
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
    from approvals.lifecycle import State
    from approvals.notices import write_notices
    from approvals.people import People, Person, acting_person, check_role, two_people_required
    from approvals.project_state import ProjectState
    from approvals.projects import Projects, project_event_kinds
    from approvals.release_state import ReleaseState, Status
    from approvals.rules import rules_json

_PLACES = {
    "AggregatedApplication": "application_forms",
    "Application": "application_forms",
    "Ask": "gate",
    "Checkpoint": "ledger_verify",
    "Deadline": "deadlines",
    "Entry": "ledger",
    "Event": "events",
    "GatePolicy": "gate",
    "KINDS": "events",
    "Ledger": "ledger",
    "LedgerVerdict": "ledger_verify",
    "People": "people",
    "Person": "people",
    "ProjectState": "project_state",
    "Projects": "projects",
    "Reason": "gate",
    "ReleaseState": "release_state",
    "Releases": "custody",
    "StandardApplication": "application_forms",
    "State": "lifecycle",
    "Status": "release_state",
    "Verdict": "gate",
    "acting_person": "people",
    "as_ics": "calendar_file",
    "check": "gate",
    "check_role": "people",
    "due": "deadlines",
    "example_application": "application",
    "make_checkpoint": "ledger_verify",
    "merkle_root": "ledger_verify",
    "parse_application": "application",
    "project_event_kinds": "projects",
    "read_application": "application",
    "rules_json": "rules",
    "two_people_required": "people",
    "verify": "ledger_verify",
    "write_notices": "notices",
}

__all__ = [
    "KINDS",
    "AggregatedApplication",
    "Application",
    "Ask",
    "Checkpoint",
    "Deadline",
    "Entry",
    "Event",
    "GatePolicy",
    "Ledger",
    "LedgerVerdict",
    "People",
    "Person",
    "ProjectState",
    "Projects",
    "Reason",
    "ReleaseState",
    "Releases",
    "StandardApplication",
    "State",
    "Status",
    "Verdict",
    "acting_person",
    "as_ics",
    "check",
    "check_role",
    "due",
    "example_application",
    "make_checkpoint",
    "merkle_root",
    "parse_application",
    "project_event_kinds",
    "read_application",
    "rules_json",
    "two_people_required",
    "verify",
    "write_notices",
]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for, so that the command line starts quickly."""
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(f"approvals.{_PLACES[name]}"), name)

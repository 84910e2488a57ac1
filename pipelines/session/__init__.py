"""One command's or one stage's opened home: keyring, ledger, people, projects and registers."""

from pipelines.session import location
from pipelines.session.session import CALIFORNIA, Office, open_office, today
from pipelines.session.switches import check_switches, confirm, override, overview

__all__ = [
    "CALIFORNIA",
    "Office",
    "check_switches",
    "confirm",
    "location",
    "open_office",
    "override",
    "overview",
    "today",
]

"""One command's or one stage's opened home: keyring, ledger, people, projects and registers."""

from pipelines.session.location import object_store, set_of
from pipelines.session.session import CALIFORNIA, Session, open_session, today
from pipelines.session.switches import check_switches, confirm, override, overview

__all__ = [
    "CALIFORNIA",
    "Session",
    "check_switches",
    "confirm",
    "object_store",
    "open_session",
    "override",
    "overview",
    "set_of",
    "today",
]

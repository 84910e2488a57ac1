"""An application: its forms, its checks, everything that is wrong with it at once."""

from approvals.application.errors import ApplicationRefused, ApplicationUnreadable
from approvals.application.example import example_for
from approvals.application.forms import Application, StandardApplication
from approvals.application.parts import RowRules
from approvals.application.reading import (
    TermsOf,
    example_application,
    parse_application,
    read_bytes,
    taken_application,
)

__all__ = [
    "Application",
    "ApplicationRefused",
    "ApplicationUnreadable",
    "RowRules",
    "StandardApplication",
    "TermsOf",
    "example_application",
    "example_for",
    "parse_application",
    "read_bytes",
    "taken_application",
]

"""An application: its two forms, the terms of the data system that it names, and everything wrong with it.

It reads what the paper shows, whole and at once. It never asks what day it is or what was recorded later:
that is the gate's.
"""

from approvals.application.comparison import changes_between
from approvals.application.example import example_for
from approvals.application.forms import Application, RowRules, StandardApplication
from approvals.application.reading import (
    TermsOf,
    example_application,
    parse_application,
    read_application_file,
    stored_application,
)
from approvals.application.system_terms import (
    POLICY,
    SystemTerms,
    individual_level_for,
    terms_of,
)

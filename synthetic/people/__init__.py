"""Made-up people, and how they are written down with errors."""

from synthetic.people import names, noise
from synthetic.people.arrays import absent, choose
from synthetic.people.columns import days_column, pick, text
from synthetic.people.names import Ints, Strings
from synthetic.people.noise import COHORTS, NO_DAY, OTHER_PARTY, RESPONDENT, recorded
from synthetic.people.people import RACES, Population, day, make_people
from synthetic.people.truth import RegisterTruth
from synthetic.people.writing import (
    MARK,
    agency_of,
    agency_table,
    contact_table,
    counties,
    drawn,
    identifier_table,
    missing,
    name_table,
    race_letters,
    write_files,
)
from synthetic.people.written import as_table, dashed, mixed_case

__all__ = [
    "COHORTS",
    "MARK",
    "NO_DAY",
    "OTHER_PARTY",
    "RACES",
    "RESPONDENT",
    "Ints",
    "Population",
    "RegisterTruth",
    "Strings",
    "absent",
    "agency_of",
    "agency_table",
    "as_table",
    "choose",
    "contact_table",
    "counties",
    "dashed",
    "day",
    "days_column",
    "drawn",
    "identifier_table",
    "make_people",
    "missing",
    "mixed_case",
    "name_table",
    "names",
    "noise",
    "pick",
    "race_letters",
    "recorded",
    "text",
    "write_files",
]

"""Made-up people, and how offices and researchers write them down, with errors.

Everything is drawn from a source of chance that the caller seeds. It knows no data system.
"""

from synthetic.people.names import (
    Ints,
    Strings,
    absent,
    choose,
    known_names,
    known_places,
    objects,
    shares,
)
from synthetic.people.noise import COHORTS, NO_DAY, OTHER_PARTY, RESPONDENT, recorded
from synthetic.people.population import RACES, Population, day, make_people, year_of
from synthetic.people.tables import (
    MARK,
    Columns,
    RegisterTruth,
    World,
    agency_of,
    agency_table,
    contact_table,
    counties,
    days_column,
    drawn,
    identifier_table,
    missing,
    name_table,
    pick,
    race_letters,
    table,
    write_register,
)

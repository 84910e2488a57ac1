"""The letters that the regulation asks for, each written once into its project's folder."""

from datetime import date

from pipelines.home import Home
from pipelines.office import Office, today


def write_letters(home: Home, on: date | None = None) -> int:
    """Write what is due on a day and return how many letters were new."""
    from approvals.notices import write_notices

    office = Office(home)
    try:
        return len(write_notices(office.projects, office.person, on or today()))
    finally:
        office.close()

"""Rows of one table that are one person: a register's entries, a cohort's duplicates.

It links a table to itself, or believes what its own columns declare; it never links a cohort to records.
"""

from matching.persons.changed import Resolved, resolve_changed, resolve_whole
from matching.persons.register import declared_persons, resolve
from matching.persons.remembered import Remembered
from matching.persons.within_cohort import find_duplicates

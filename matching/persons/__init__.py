"""Rows of one table that are one person: a register's entries, a cohort's duplicates."""

from matching.persons.register import declared, resolve
from matching.persons.within_cohort import self_link_parts

__all__ = ["declared", "resolve", "self_link_parts"]

"""A data system as its TOML describes it: who may ask, what it holds, what each value means.

Nothing here is about CARPOS alone: ACHS, JCPSS, CURES and RIPA are to fit the same models. What
leaves, and how coarse, stands in `systems.description.releases`. A model checks its own shape; references from one part to
another (a column's code list, an output's source) are checked by `systems.description.loading`.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from systems.description.releases import AggregatedRelease, Described, Name, RowRelease, Source
from systems.description.tables import (
    Code,
    CodeList,
    Column,
    DateOrder,
    ForeignKey,
    IdentifierClass,
    Table,
)
from systems.description.terms import Document, Governed, Kind, KindRule, RequesterClass
from systems.errors import KindNotGiven, NotDescribed

__all__ = [
    "Code",
    "CodeList",
    "Column",
    "DateOrder",
    "Document",
    "ForeignKey",
    "IdentifierClass",
    "Kind",
    "KindRule",
    "RequesterClass",
    "System",
    "Table",
]


class LinkageColumn(Described):
    """Where a standard linkage column comes from.

    Attributes:
        where: column of the source table → values that its row must have.
        variants: every different value is a variant of its own (a row of its own); otherwise one
            value for each record is taken.
    """

    name: Name
    source: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]
    where: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    variants: bool = False


class Linkage(Described):
    """How the register is linked: its records, their roles, their standard columns.

    Attributes:
        record: ``table.column`` of the id of an entry of a person.
        persons: ``linked``: entries are linked to each other by their standard columns.
            ``declared``: entries that agree in the columns of ``same`` are one person, and in those
            of ``maybe_same`` perhaps. ``rows``: every entry counts as a person of its own, since
            nothing in the data tells who it is.
        role, group: table and columns that give an entry its role and its group; entries of one
            group are different persons.
        party: table that ties entries to records, where there are no roles.
        linked_roles: roles that a cohort is linked to, so that a link never shows a victim.
    """

    record: Source
    persons: Literal["linked", "declared", "rows"] = "linked"
    role: Source | None = None
    group: Source | None = None
    party: Name | None = None
    linked_roles: tuple[str, ...] = ()
    same: tuple[Name, ...] = ()
    maybe_same: tuple[Name, ...] = ()
    columns: tuple[LinkageColumn, ...] = ()

    @property
    def person_table(self) -> str:
        """Table of the entries."""
        return self.record.partition(".")[0]

    @property
    def person_key(self) -> str:
        """Their key."""
        return self.record.partition(".")[2]

    @property
    def party_table(self) -> str:
        """Table that ties entries to records."""
        return self.role.partition(".")[0] if self.role else self.party or ""

    @property
    def role_column(self) -> str | None:
        """Column of the party table with the role, where there are roles."""
        return self.role.partition(".")[2] if self.role else None


class Releases(Described):
    """What leaves, for each kind of release; none where the system does not give the kind."""

    identified: RowRelease | None = None
    deidentified: RowRelease | None = None
    aggregated: AggregatedRelease


class System(Governed):
    """A data system of the Department, whole."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{2,12}$")]
    name: str
    version: str
    custodian: str
    authority: tuple[str, ...]
    regulation: str
    contact: str
    shared: tuple[Name, ...] = ()
    sources: tuple[str, ...] = ()
    order_scope_default: tuple[str, ...] = ()
    collected_since: dt.date | None = None  # the first day of the data; its year may be no full one
    code_lists: tuple[CodeList, ...]
    tables: tuple[Table, ...]
    linkage: Linkage
    release: Releases
    digest: str = ""  # SHA-256 of the TOML's bytes and of the shared lists', set by the loader

    @property
    def unconfirmed(self) -> int:
        """Columns, codes and code lists that the custodian has yet to confirm."""
        columns = [c for table in self.tables for c in table.columns]
        codes = [c for listed in self.code_lists for c in (listed, *listed.codes)]
        return sum(not one.verified for one in [*columns, *codes])

    def rows(self, kind: str) -> RowRelease:
        """Return what leaves in a kind of release that has rows.

        Raises:
            KindNotGiven: the system gives no such rows.
        """
        found = {"identified": self.release.identified, "deidentified": self.release.deidentified}
        release = found.get(kind)
        if release is None:
            raise KindNotGiven(system=self.code, kind=kind if kind in found else "unknown")
        return release

    def counting(self, name: str) -> System:
        """Return the system whose tables count other persons (see `AggregatedRelease.counting`).

        Raises:
            NotDescribed: the system does not say who they are.
        """
        aggregated = self.release.aggregated
        if aggregated.person_role is None:  # nobody stands on a record in a role: all count
            return self
        if name not in {aggregated.person_role, *(one.name for one in aggregated.counted)}:
            raise NotDescribed(what="counted persons")
        release = self.release.model_copy(update={"aggregated": aggregated.counting(name)})
        return self.model_copy(update={"release": release})

    @cached_property
    def tables_by_name(self) -> dict[str, Table]:
        """Each table under its name."""
        return {table.name: table for table in self.tables}

    @cached_property
    def code_lists_by_name(self) -> dict[str, CodeList]:
        """Each code list under its name."""
        return {codes.name: codes for codes in self.code_lists}

    @property
    def table_names(self) -> tuple[str, ...]:
        """Names of the tables, in order."""
        return tuple(table.name for table in self.tables)

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            NotDescribed: the system has no such table.
        """
        if name not in self.tables_by_name:
            raise NotDescribed(system=self.code, what="table")
        return self.tables_by_name[name]

    def code_list(self, name: str) -> CodeList:
        """Return a code list.

        Raises:
            NotDescribed: the system has no such list.
        """
        if name not in self.code_lists_by_name:
            raise NotDescribed(system=self.code, what="code list")
        return self.code_lists_by_name[name]

    def source(self, source: str) -> Column:
        """Return the column that ``table.column`` names.

        Raises:
            NotDescribed: the system has no such table or column.
        """
        table, _, column = source.partition(".")
        return self.table(table).column(column)

    def identifier_class(self, table: str, column: str) -> IdentifierClass:
        """Return the identifier class of a column.

        Raises:
            NotDescribed: the system has no such table or column.
        """
        return self.table(table).column(column).identifier_class

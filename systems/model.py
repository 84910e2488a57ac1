"""A data system as its TOML describes it: who may ask, what it holds, what each value means.

Nothing here is about CARPOS alone: ACHS, JCPSS, CURES and RIPA are to fit the same models. What
leaves, and how coarse, stands in `systems.releases`. A model checks its own shape; references from one part to
another (a column's code list, an output's source) are checked by `systems.loading`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from systems.errors import NotDescribed
from systems.releases import AggregatedRelease, Described, Name, RowRelease
from systems.tables import Code, CodeList, Column, DateOrder, ForeignKey, IdentifierClass, Table

__all__ = [
    "Code",
    "CodeList",
    "Column",
    "DateOrder",
    "ForeignKey",
    "IdentifierClass",
    "Kind",
    "System",
    "Table",
]

Kind = Literal["identified", "deidentified", "aggregated"]


class KindRule(Described):
    """A kind of release that the law knows for this system."""

    kind: Kind
    title: str
    section: str
    description: str = ""


class RequesterClass(Described):
    """Who may ask, and for what."""

    name: Name
    title: str
    section: str
    kinds: tuple[Kind, ...]
    note: str = ""


class Document(Described):
    """A document or check that must be there before a release of the kinds named.

    Attributes:
        per: one for the project, one for the researcher, or one for every team member.
        hard: without it a release is refused; otherwise it is asked for by policy and a setting
            decides.
    """

    name: Name
    title: str
    section: str
    kinds: tuple[Kind, ...]
    per: Literal["project", "researcher", "member"]
    hard: bool = True
    expires: bool = False
    note: str = ""


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
        record: ``table.column`` of the record id.
        roles: table and columns that give a record its role and its group; records of one group are
            different persons.
        linked_roles: roles that a cohort is linked to, so that a link never shows a victim.
    """

    record: str
    role: str
    group: str
    linked_roles: tuple[str, ...]
    columns: tuple[LinkageColumn, ...]


class Releases(Described):
    """What leaves, for each kind of release."""

    identified: RowRelease
    deidentified: RowRelease
    aggregated: AggregatedRelease


class System(Described):
    """A data system of the Department, whole."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{2,12}$")]
    name: str
    version: str
    custodian: str
    authority: tuple[str, ...]
    regulation: str
    contact: str
    kinds: tuple[KindRule, ...]
    requesters: tuple[RequesterClass, ...]
    documents: tuple[Document, ...]
    order_scope_default: tuple[str, ...] = ()
    code_lists: tuple[CodeList, ...]
    tables: tuple[Table, ...]
    linkage: Linkage
    release: Releases
    digest: str = ""  # SHA-256 of the TOML's bytes, set by the loader

    def counting(self, name: str) -> System:
        """Return the system whose tables count other persons (see `AggregatedRelease.counting`).

        Raises:
            NotDescribed: the system does not say who they are.
        """
        aggregated = self.release.aggregated
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

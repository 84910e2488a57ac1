"""A data system as its TOML describes it: who may ask, what it holds, what each value means.

Nothing here is about CARPOS alone: ACHS, JCPSS, CURES and RIPA are to fit the same models. What
leaves, and how coarse, stands in `systems.releases`. A model checks its own shape; references from one part to
another (a column's code list, an output's source) are checked by `systems.loading`.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from systems.errors import NotDescribed
from systems.releases import AggregatedRelease, RowRelease

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["identified", "deidentified", "aggregated"]

IdentifierClass = Literal["D", "Q", "S", "N", "K"]
"""Direct identifier, quasi-identifier, sensitive attribute, none, internal key never released."""

ColumnType = Literal["integer", "text", "date", "time", "boolean"]

SQL_TYPES: dict[str, str] = {
    "integer": "BIGINT",
    "text": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "boolean": "BOOLEAN",
}


class Described(BaseModel):
    """Every part of a description: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Code(Described):
    """One value of a code list.

    Attributes:
        value: as stored.
        label: as people read it.
        attributes: what else the code says, such as an order code's family and stage.
        verified: false where the source could not be read and counsel or CJIS must confirm it.
        since, until: days between which the code was in use, where known.
    """

    value: str
    label: str
    attributes: dict[str, str] = {}
    verified: bool = True
    since: dt.date | None = None
    until: dt.date | None = None


class CodeList(Described):
    """The values that a column may hold, in the order in which people list them."""

    name: Name
    title: str
    source: str
    verified: bool = True
    codes: tuple[Code, ...]

    @cached_property
    def by_value(self) -> dict[str, Code]:
        """Each code under its value."""
        return {code.value: code for code in self.codes}

    @property
    def values(self) -> tuple[str, ...]:
        """The values alone."""
        return tuple(code.value for code in self.codes)

    @property
    def labels(self) -> dict[str, str]:
        """Value → label."""
        return {code.value: code.label for code in self.codes}

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Names of the attributes that the codes of this list carry."""
        return tuple(sorted({name for code in self.codes for name in code.attributes}))

    def attribute(self, name: str) -> dict[str, str]:
        """Value → attribute, for the codes that have it."""
        return {c.value: c.attributes[name] for c in self.codes if name in c.attributes}


class Column(Described):
    """One column of a table.

    Attributes:
        name: as in the file.
        type: integer (64 bit), text, date (ISO), time or boolean.
        identifier_class: see `IdentifierClass`; ``class`` in the TOML.
        description: what it means, one or two sentences.
        unit: unit or form of the values.
        codes: name of the code list that the values come from.
        nullable: values may be missing; a column that is not nullable must be in the file.
        pattern: regular expression (RE2) that the whole of a text value must match.
        minimum, maximum: plausible range of an integer.
        earliest: first plausible day of a date.
        not_future: a date that can't lie after the day of loading.
        joined_from: not in the files: the values of these columns, joined by a colon.
        item: item of Pen. Code § 530.55(b), or "policy", where the class is D.
        verified: false where the domain facts could not be confirmed.
    """

    name: Name
    type: ColumnType
    identifier_class: Annotated[IdentifierClass, Field(alias="class")]
    description: str
    unit: str = ""
    codes: Name | None = None
    nullable: bool = True
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    earliest: dt.date | None = None
    not_future: bool = False
    joined_from: tuple[Name, ...] = ()
    item: str = ""
    verified: bool = True

    @property
    def sql_type(self) -> str:
        """The DuckDB type."""
        return SQL_TYPES[self.type]


class ForeignKey(Described):
    """Columns whose values stand in another table's columns."""

    columns: tuple[Name, ...]
    table: Name
    references: tuple[Name, ...]


class DateOrder(Described):
    """Two dates of one row, the first never after the second."""

    before: Name
    after: Name


class Table(Described):
    """One table: one file of the register, whose stem is the table's name."""

    name: Name
    title: str
    description: str
    required: bool = False
    primary_key: tuple[Name, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    date_orders: tuple[DateOrder, ...] = ()
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Each column under its name."""
        return {column.name: column for column in self.columns}

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns that a file brings: all but those joined from others."""
        return tuple(column for column in self.columns if not column.joined_from)

    def column(self, name: str) -> Column:
        """Return a column.

        Raises:
            NotDescribed: the table has no such column.
        """
        if name not in self.by_name:
            raise NotDescribed(table=self.name, what="column")
        return self.by_name[name]


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
    where: dict[Name, tuple[str, ...]] = {}
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

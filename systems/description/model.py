"""A data system as its TOML describes it: its tables, columns and code lists, and how it is linked.

Nothing here is about CARPOS alone: every system fits the same models. What leaves, and how coarse, stands in
`systems.description.releases`, who may ask in `systems.description.terms`. A model checks its own shape; references from
one part to another (a column's code list, an output's source) are checked by `systems.description.loading`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Literal, TypeVar, cast

from pydantic import Field

from systems.description.releases import AggregatedRelease, Described, Name, RowRelease, Source
from systems.description.terms import Governed
from systems.errors import KindNotGiven, NotDescribed

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
    attributes: dict[str, str] = Field(default_factory=dict)
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

    def linking(self, name: str | None) -> System:
        """Return the system whose cohorts are matched to other persons (see `RowRelease.linking`); itself for none.

        Raises:
            NotDescribed: the system does not say who they are.
        """
        if name is None:
            return self
        rows = self.rows("identified")
        if name not in {one.name for one in rows.linked}:
            raise NotDescribed(what="linked persons")
        person = next(one.person for one in rows.linked if one.name == name)
        release = self.release.model_copy(update={"identified": rows.linking(name)})
        record = self.record.model_copy(update={"person": person})
        return self.model_copy(update={"release": release, "record": record})

    def putting_together(self, together: Together) -> System:
        """Return the system whose tables have some levels of dimensions as one, called by their codes with + between.

        Raises:
            NotDescribed: no such dimension or level, a level twice, or a group of one.
        """
        if not together:
            return self
        release, lists = self.release.aggregated, list(self.code_lists)
        dimensions = list(release.dimensions)
        for name, groups in together.items():
            at = next((i for i, d in enumerate(dimensions) if d.name == name and d.codes), None)
            if at is None:
                raise NotDescribed(what="dimension with codes")
            one = dimensions[at]
            listed = self.code_list(one.codes or "")
            joined = _joined(listed, groups)
            lists.append(joined)
            dimensions[at] = one.model_copy(update={"codes": joined.name, "apart": listed.name})
        tables = release.model_copy(update={"dimensions": tuple(dimensions)})
        released = self.release.model_copy(update={"aggregated": tables})
        made = self.model_copy(update={"release": released, "code_lists": tuple(lists)})
        return _forgetting(made, "code_lists_by_name")

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


# --- levels put together

D = TypeVar("D", bound=Described)
Together = Mapping[str, Sequence[tuple[str, ...]]]  # for each dimension, groups of levels
BETWEEN = "+"  # between the codes of levels that are one; no code of a dimension has it


def _joined(listed: CodeList, groups: Sequence[tuple[str, ...]]) -> CodeList:
    """A code list with the levels of each group as one, where the first of them stood."""
    named = [value for group in groups for value in group]
    if min(map(len, groups), default=0) < 2 or len(set(named)) < len(named):
        raise NotDescribed(what="levels to put together")
    if not set(named) <= set(listed.values) or any(BETWEEN in value for value in listed.values):
        raise NotDescribed(what="levels to put together")
    group_of = {value: group for group in groups for value in group}
    codes: dict[str, Code] = {}
    for code in listed.codes:
        parts = [listed.by_value[v] for v in sorted(group_of.get(code.value, (code.value,)))]
        shared = set(parts[0].attributes.items()).intersection(
            *(p.attributes.items() for p in parts)
        )
        whole = BETWEEN.join(part.value for part in parts)
        label = ", ".join(part.label for part in parts)
        joined = Code(value=whole, label=label, attributes=dict(sorted(shared)))
        codes.setdefault(whole, code if len(parts) == 1 else joined)
    update = {"name": f"{listed.name}_together", "codes": tuple(codes.values())}
    made = listed.model_copy(update=update)
    return _forgetting(made, "by_value")


def _forgetting(made: D, name: str) -> D:
    """A copy without what its original had worked out, which it takes along."""
    cast("dict[str, object]", made.__dict__).pop(name, None)
    return made

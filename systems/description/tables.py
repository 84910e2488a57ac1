"""Tables, columns and code lists of a data system, as its TOML describes them."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from systems.description.releases import Described, Name
from systems.errors import NotDescribed

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

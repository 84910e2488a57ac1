"""What leaves a system, column by column: where it comes from and how coarse it is made.

These are descriptions only; `extracts` carries them out. Every value that leaves has one entry
here, so that a column without an entry can't leave.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Source = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]

Generalise = Literal["none", "month", "year", "band", "present", "reference"]
"""How a value is made coarser before it leaves.

none: as it is (a date to the day). month: ``YYYY-MM``. year: the year, a number. band: the code of
``codes`` whose attributes ``lowest`` and ``highest`` enclose the number. present: whether there is a
value at all. reference: an id under the project's own secret; the value itself never leaves.
"""

Combine = Literal["one", "first", "last", "join", "any", "sum", "count"]
"""How several rows of a source table become the one value of an order.

one: there is at most one. first, last: by the date in ``combine_by``, then by value. join: the
distinct values in order, joined by a semicolon. any: true where any is. sum; count: rows.
"""

OutputType = Literal["text", "list", "date", "month", "year", "number", "yes/no"]


class Described(BaseModel):
    """Every part of a description: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class OutputColumn(Described):
    """One column that leaves.

    Attributes:
        name: name in the extract.
        type: how a reader reads it.
        description: what it means, for the data dictionary.
        source: ``table.column`` of the register.
        unit: unit or form of the values.
        attribute: attribute of the source's code list that stands for the code (its family, its
            region); empty for the code itself.
        codes: code list of the values that leave.
        generalise: see `Generalise`.
        combine, combine_by: see `Combine`.
        where: column of the source table → values that its row must have.
        role: role whose rows count, where the source belongs to a party.
        unknown: code that stands for a missing or unlisted value; null stays null otherwise.
        treatment: what was done, in words, for the data dictionary.
    """

    name: Name
    type: OutputType
    description: str
    source: Source
    unit: str = ""
    attribute: Name | None = None
    codes: Name | None = None
    generalise: Generalise = "none"
    combine: Combine = "one"
    combine_by: Name | None = None
    where: dict[Name, tuple[str, ...]] = {}
    role: Name | None = None
    unknown: str | None = None
    treatment: str = ""

    @property
    def table(self) -> str:
        """Table of the source."""
        return self.source.partition(".")[0]

    @property
    def column(self) -> str:
        """Column of the source."""
        return self.source.partition(".")[2]


class Scope(Described):
    """What limits a project to some of the records (families of orders, for CARPOS)."""

    source: Source
    attribute: Name
    codes: Name


class Exclusion(Described):
    """Rows that stay out unless policy says otherwise.

    Attributes:
        name: name of the policy switch.
        source: boolean column; rows where it is true stay out and are counted.
        reason: why, with its section or "policy".
    """

    name: Name
    source: Source
    reason: str


class RowRelease(Described):
    """A release of rows: identified, or de-identified.

    Attributes:
        row: what one row stands for.
        key: ``table.column`` of the record that rows are made of (an order).
        person_role: role of the person whose orders these are.
        year_source: date that puts an order into a calendar year.
        columns: what leaves, in order.
        left_out: what stays out on purpose, in words.
    """

    row: str
    key: Source
    person_role: Name
    year_source: Source
    scope: Scope
    exclusions: tuple[Exclusion, ...] = ()
    columns: tuple[OutputColumn, ...]
    left_out: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> OutputColumn:
        """Return a column by its name.

        Raises:
            KeyError: there is no such column.
        """
        return {column.name: column for column in self.columns}[name]


class Dimension(OutputColumn):
    """A dimension that a table may have.

    Attributes:
        default: part of a table where the project names no dimensions.
        parent: dimension whose values these nest in, where the hierarchy is published too.
    """

    default: bool = False
    parent: Name | None = None


class Measure(Described):
    """What is counted."""

    name: Name
    title: str
    unit: str
    description: str


class AggregatedRelease(Described):
    """Counts by full calendar year (§ 962(b))."""

    key: Source
    person_role: Name
    year_source: Source
    scope: Scope
    exclusions: tuple[Exclusion, ...] = ()
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    notes: tuple[str, ...] = ()

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Names of the dimensions, in order."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def default_dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions of a table that names none."""
        return tuple(d.name for d in self.dimensions if d.default)

    def dimension(self, name: str) -> Dimension:
        """Return a dimension by its name.

        Raises:
            KeyError: there is no such dimension.
        """
        return {dimension.name: dimension for dimension in self.dimensions}[name]

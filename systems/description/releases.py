"""What leaves a system, column by column: where it comes from and how coarse it is made.

These are descriptions only; `extracts` carries them out. Every value that leaves has one entry
here, so that a column without an entry can't leave.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Source = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]

Generalise = Literal[
    "none", "month", "quarter", "year", "two_years", "six_years", "band", "present", "reference"
]
"""How a value is made coarser before it leaves.

none: as it is (a date to the day). month: ``YYYY-MM``. quarter: ``YYYY-Qn``.
year: the year, a number. two_years, six_years: ``2022-2023``, from a year that they divide, so that two years
lie in one part of six. band: the code of
``codes`` whose attributes ``lowest`` and ``highest`` enclose the number. present: whether there is a
value at all. reference: an id under the project's own secret; the value itself never leaves.
"""

Combine = Literal["one", "first", "last", "join", "any", "sum", "count", "distinct"]
"""How several rows of a source table become the one value of an order.

one: there is at most one. first, last: by the date in ``combine_by``, then by value. join: the
distinct values in order, joined by a semicolon. any: true where any is. sum; count: rows; distinct:
different values. The last three are added up before they are brought to bands.
"""
AMOUNTS: frozenset[Combine] = frozenset({"sum", "count", "distinct"})
NUMBERS: frozenset[Combine] = frozenset(
    {"count", "distinct"}
)  # that show nothing of what they count

OutputType = Literal[
    "text", "list", "date", "month", "quarter", "year", "years", "number", "yes/no"
]


class Described(BaseModel):
    """Every part of a description: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Instead(Described):
    """A code that leaves in place of a record's own where another column of its row has a value."""

    source: Source
    code: str


class OutputColumn(Described):
    """One column that leaves.

    Attributes:
        name: name in the extract.
        type: how a reader reads it.
        description: what it means, for the data dictionary.
        source: ``table.column`` of the register.
        unit: unit or form of the values.
        since: date of the record's own row from which the days to ``source`` are counted, before they are
            made coarser.
        instead: see `Instead`; it stands before ``then``.
        attribute: attribute of the source's code list that stands for the code (its family, its
            region); empty for the code itself.
        then: ``list.attribute``: the attribute of that code list that stands for what was read so far.
        codes: code list of the values that leave.
        generalise: see `Generalise`.
        combine, combine_by: see `Combine`.
        where: column of the source table → values that its row must have.
        role: role whose rows count, where the source belongs to a party.
        unknown: code that stands for a missing or unlisted value; null stays null otherwise.
        identifier_class: class of what leaves where it is another than its source's: how many protected persons
            stand on an order is known from a court's file, whatever their keys are.
        coarser_of: column that this one may stand for with less detail (a year for a month). It leaves
            only where an approval or the risk of the rows asks for it.
        step: it stands only beside the versions that it is coarser than, where rare rows lose cells:
            a row that can't show the finer version may show this one. Nothing is replaced by it.
        nests: whether each of its values lies in one of the steps that are coarser than the same column. One
            that doesn't (ages 18-29 beside tens) takes the column's place, but never stands beside it.
        on_request: each more column that identifies costs values of the others, so that this one is neither
            among those that leave by default nor in an example of an application.
        treatment: what was done, in words, for the data dictionary.
        absent: what it says of a record that nothing is recorded, in words, where there is more to say than that.
    """

    name: Name
    type: OutputType
    description: str
    source: Source
    unit: str = ""
    since: Source | None = None
    instead: Instead | None = None
    attribute: Name | None = None
    then: Source | None = None
    codes: Name | None = None
    generalise: Generalise = "none"
    combine: Combine = "one"
    combine_by: Name | None = None
    where: dict[Name, tuple[str, ...]] = {}
    role: Name | None = None
    unknown: str | None = None
    identifier_class: Literal["Q", "S", "N"] | None = Field(default=None, alias="class")
    coarser_of: Name | None = None
    step: bool = False
    nests: bool = True
    on_request: bool = False
    treatment: str = ""
    absent: str = ""

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


class Depends(Described):
    """What law or a form makes one column say of another.

    Attributes:
        column: the column that is known by the others, in part at least; its coarser version, too.
        tells: columns that say something of it. They lose their value where it does.
        reason: the section or form.
    """

    column: Name
    tells: Annotated[tuple[Name, ...], Field(min_length=1)]
    reason: str


class LinkedRole(Described):
    """Other persons than the released role's, to whom a cohort may be matched where an approval says so.

    Attributes:
        name: name in an application, such as ``protected``.
        title: who they are, in words.
        roles: roles of the persons who count.
        person: what one of them is called, such as "protected person".
        unless: boolean column of the parties' table; who has it true, or not recorded, is nobody's match.
        row: what one row of such an extract stands for.
    """

    name: Name
    title: str
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    person: str
    unless: Name | None = None
    row: str


class RowRelease(Described):
    """A release of rows: identified, or de-identified.

    Attributes:
        row: what one row stands for.
        key: ``table.column`` of the record that rows are made of (an order).
        person_role: role of the person whose orders these are; none where there are no roles.
        person_roles: roles that count as that one; it alone where none are named.
        person_unless: boolean column of the parties' table; who has it true, or not recorded, stays out.
        linked: to whom else a cohort may be matched.
        year_source: date that puts an order into a calendar year.
        columns: what leaves, in order.
        gives_way: columns of which rare rows lose their values, the least useful first; those that
            it does not name give way before, the last one first.
        depends: what columns say of one another by law or form.
        left_out: what stays out on purpose, in words.
    """

    row: str
    key: Source
    person_role: Name | None = None
    person_roles: tuple[Name, ...] = ()
    person_unless: Name | None = None
    linked: tuple[LinkedRole, ...] = ()
    year_source: Source
    scope: Scope
    exclusions: tuple[Exclusion, ...] = ()
    columns: tuple[OutputColumn, ...]
    gives_way: tuple[Name, ...] = ()
    depends: tuple[Depends, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns that an application may name; steps stand beside them."""
        return tuple(column.name for column in self.columns if not column.step)

    @property
    def finest(self) -> tuple[str, ...]:
        """Names of the columns of which no other is a finer version: what leaves by default."""
        usual = (column for column in self.columns if not column.on_request)
        return tuple(column.name for column in usual if column.coarser_of is None)

    @property
    def usual(self) -> tuple[str, ...]:
        """Names of the columns that an example of an application names."""
        return tuple(c.name for c in self.columns if not c.step and not c.on_request)

    @property
    def coarser(self) -> dict[str, str]:
        """Column to the column that stands for it with less detail, where there is one."""
        listed = [c for c in self.columns if c.coarser_of is not None and not c.step]
        return {str(c.coarser_of): c.name for c in listed}

    def versions(self, name: str) -> tuple[str, ...]:
        """A column and all that are coarser and nest, the finest first."""
        found, apart = [name], set[str]()
        for column in self.columns:
            if column.coarser_of in {*found, *apart}:
                found += [column.name] * column.nests
                apart |= {column.name} if not column.nests else set()
        return tuple(found)

    def linking(self, name: str) -> RowRelease:
        """Return the release of these other persons' rows.

        Raises:
            KeyError: the system does not say who they are.
        """
        chosen = {one.name: one for one in self.linked}[name]
        update = {
            "person_role": name,
            "person_roles": chosen.roles,
            "person_unless": chosen.unless,
            "row": chosen.row,
        }
        return self.model_copy(update=update)

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
        formerly: names under which published tables have it.
        apart: code list of the single levels, where ``codes`` has some of them put together.
    """

    default: bool = False
    parent: Name | None = None
    formerly: tuple[Name, ...] = ()
    apart: Name | None = None

    @property
    def single(self) -> Dimension:
        """The dimension with every level by itself, as a record has it."""
        return self.model_copy(update={"codes": self.apart, "apart": None}) if self.apart else self


class Measure(Described):
    """What is counted."""

    name: Name
    title: str
    unit: str
    description: str


class Counted(Described):
    """Other persons than the released role's, whom a table may count instead.

    Attributes:
        name: name of the policy switch, such as ``protected``.
        roles: roles of the persons who count.
        measures: description of each measure, under its name.
        dimensions: description of each dimension that is about the person counted.
    """

    name: Name
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    measures: dict[Name, str]
    dimensions: dict[Name, str] = {}


class AggregatedRelease(Described):
    """Counts by full calendar year (§ 962(b)).

    Attributes:
        person_roles: roles whose persons count where it is not ``person_role`` alone.
        counted: who may be counted instead.
    """

    key: Source
    person_role: Name | None = None
    person_roles: tuple[Name, ...] = ()
    counted: tuple[Counted, ...] = ()
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

    def counting(self, name: str) -> AggregatedRelease:
        """Return the release that counts other persons, with what its measures mean then.

        Raises:
            KeyError: the system does not say who they are.
        """
        if name == self.person_role:
            return self
        chosen = {one.name: one for one in self.counted}[name]
        changes = {"person_role": name, "person_roles": chosen.roles}
        measures = tuple(
            m.model_copy(update={"description": chosen.measures.get(m.name, m.description)})
            for m in self.measures
        )
        dimensions = tuple(
            d.model_copy(
                update={"role": None, "description": chosen.dimensions.get(d.name, d.description)}
            )
            if d.role == self.person_role
            else d
            for d in self.dimensions
        )
        return self.model_copy(update={**changes, "measures": measures, "dimensions": dimensions})

    def dimension(self, name: str) -> Dimension:
        """Return a dimension by its name.

        Raises:
            KeyError: there is no such dimension.
        """
        return {dimension.name: dimension for dimension in self.dimensions}[name]

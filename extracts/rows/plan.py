"""A system's release section as an extract uses it: checked once more, with the joins worked out.

The section says what may leave; this says how a source table hangs on a record (an order, an
arrest, a stop: what the system's file calls it), and refuses whatever would let a direct identifier
or an internal key out, even if a description allowed it. Before a table may be staged its columns
are compared with the plan: exactly those promised, no other.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Literal

import pyarrow as pa

from extracts.errors import ColumnMissing, ColumnNotAllowed, ColumnPlanRefused, ScopeEmpty
from systems.companions import statuses_of
from systems.description import NUMBERS, OutputColumn, RowRelease, System
from systems.standard import STANDARD_COLUMNS

RowKind = Literal["identified", "deidentified"]
_OPEN = frozenset({"Q", "S", "N"})  # classes whose values may leave; D and K never


class Reach(Enum):
    """How the rows of a source table belong to a record and its person."""

    KEY = "the record's own row"
    RECORD = "rows of the record"
    PARTY = "party rows of the record, in one role"
    OWN_PARTY = "rows of the person on the record"
    OWN_PERSON = "rows of the person"
    PARTY_PERSON = "rows of the parties in one role"
    PARENT = "the row that the record points to"


@dataclass(frozen=True)
class RowScope:
    """What the approval allows of a release of rows.

    Attributes:
        families: families of records in scope.
        years: first and last year of the records, or none where all years are.
        released_anyway: names of the system's exclusions that policy has switched off.
        columns: register columns that the approval names; all that the system gives by default.
        echo_supplied: whether the supplied values are copied into an identified extract.
    """

    families: tuple[str, ...]
    years: tuple[int, int] | None = None
    released_anyway: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    echo_supplied: bool = True


@dataclass(frozen=True)
class Plan:
    """One kind of row extract of one system."""

    system: System
    kind: RowKind
    release: RowRelease

    @property
    def key_table(self) -> str:
        """Table of the record that rows are made of, such as ``order_entry``."""
        return self.release.key.partition(".")[0]

    @property
    def key(self) -> str:
        """Its key column, such as ``order_id``."""
        return self.release.key.partition(".")[2]

    @property
    def party_table(self) -> str:
        """Table that ties persons to records, such as ``order_party``."""
        return self.system.linkage.party_table

    @property
    def role(self) -> str | None:
        """Its role column, where persons stand on records in roles."""
        return self.system.linkage.role_column

    @property
    def noun(self) -> str:
        """What the system calls a record: prefix of its columns, label of its research ids."""
        return self.system.record.noun

    @property
    def plural(self) -> str:
        """The same of several: what counts of records are called."""
        return self.system.record.plural

    @property
    def own_roles(self) -> tuple[str, ...]:
        """Roles of the persons whose records these are."""
        one = self.release.person_role
        return self.release.person_roles or ((one,) if one else ())

    @property
    def person_table(self) -> str:
        """Table of persons."""
        return self.system.linkage.person_table

    @property
    def person(self) -> str:
        """Key column of persons, the same in every table that has persons."""
        return self.system.linkage.person_key

    @cached_property
    def columns(self) -> tuple[OutputColumn, ...]:
        """The columns that leave, in order."""
        return self.release.columns

    @cached_property
    def references(self) -> dict[str, str]:
        """Columns that are research ids: name → what they stand for (``person`` or the record's noun)."""
        return {
            column.name: "person" if column.column == self.person else self.noun
            for column in self.columns
            if column.generalise == "reference"
        }

    @cached_property
    def quasi_identifiers(self) -> tuple[str, ...]:
        """Columns by which somebody could single a person out: class Q, and the type of record.

        Files of courts are public, so that county, date and type of case lead to names.
        """
        return tuple(
            c.name
            for c in self._values
            if self._class(c) == "Q" or c.source == self.release.scope.source
        )

    @cached_property
    def sensitive(self) -> tuple[str, ...]:
        """Columns of class S that are not among the quasi-identifiers."""
        quasi = set(self.quasi_identifiers)
        return tuple(c.name for c in self._values if self._class(c) == "S" and c.name not in quasi)

    @cached_property
    def gives_way(self) -> tuple[str, ...]:
        """Quasi-identifiers in the order in which rare rows lose them, the least useful first."""
        listed = self.release.gives_way
        rest = tuple(n for n in reversed(self.quasi_identifiers) if n not in listed)
        return rest + tuple(n for n in listed if n in self.quasi_identifiers)

    @cached_property
    def depends(self) -> dict[str, tuple[str, ...]]:
        """Quasi-identifier → columns that say something of it by law or form, as the file declares."""
        versions = self.system.rows(self.kind).versions
        said = {n: one.tells for one in self.release.depends for n in versions(one.column)}
        # The coarsest version stands for all: what it shows, nobody is told by another column.
        return {chain[0]: said[chain[0]] for chain in self.chains if chain[0] in said}

    @cached_property
    def determined(self) -> tuple[str, ...]:
        """Quasi-identifiers of which other columns that leave say something by law or form, as fine as they say it."""
        names, versions = {c.name for c in self._values}, self.system.rows(self.kind).versions
        said = [one for one in self.release.depends if names.intersection(one.tells)]
        found = {next((n for n in versions(one.column) if n in names), "") for one in said}
        return tuple(n for n in self.quasi_identifiers if n in found)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Columns of lasting groups of persons (sex, race), by which losses are told."""
        attributes = {"sex", "race", "gender"}
        quasi = (c for c in self._values if c.name in self.quasi_identifiers and not c.step)
        return tuple(c.name for c in quasi if attributes.intersection(c.column.split("_")))

    @cached_property
    def chains(self) -> tuple[tuple[str, ...], ...]:
        """Quasi-identifiers that are versions of one thing, each the coarsest first."""
        described, known = self.system.rows(self.kind), set(self.quasi_identifiers)
        versions = {name: described.versions(name) for name in self.quasi_identifiers}
        coarser = {one for found in versions.values() for one in found[1:]}
        found: list[tuple[str, ...]] = []
        for finest in (name for name in self.quasi_identifiers if name not in coarser):
            new = known.difference(*found)  # two that don't nest share their coarsest version
            found.append(tuple(n for n in reversed(versions[finest]) if n in new))
        return tuple(found)

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """Scope value → the source's codes that it covers (``GV`` → ``TGV``, ``OGV`` …)."""
        source = self.system.source(self.release.scope.source)
        if source.codes is None:
            raise ColumnPlanRefused(kind=self.kind, scope="without codes")
        covered: dict[str, list[str]] = {}
        listed = self.system.code_list(source.codes).attribute(self.release.scope.attribute)
        for code, family in listed.items():
            covered.setdefault(family, []).append(code)
        return {family: tuple(codes) for family, codes in covered.items()}

    def codes_in_scope(self, families: tuple[str, ...]) -> list[str]:
        """Return the codes of the families, for binding.

        Raises:
            ScopeEmpty: no family is named, or one that the system does not have.
        """
        unknown = len(set(families) - set(self.families))
        if not families or unknown:
            raise ScopeEmpty(families=len(families), unknown=unknown)
        return sorted(code for family in set(families) for code in self.families[family])

    def reach(self, table: str, role: str | None) -> Reach:
        """Return how ``table`` hangs on a record.

        Raises:
            ColumnPlanRefused: it does not.
        """
        own = role is None or role == self.release.person_role
        if table == self.key_table:
            return Reach.KEY
        if table == self.party_table and role is not None:
            return Reach.OWN_PARTY if own else Reach.PARTY
        names = self.system.table(table).column_names
        if self.role is None and {self.key, self.person} <= set(names):
            return Reach.OWN_PARTY
        if self.key in names:
            return Reach.RECORD
        if self.person in names:
            return Reach.OWN_PERSON if own else Reach.PARTY_PERSON
        if any(key.table == table for key in self.system.table(self.key_table).foreign_keys):
            return Reach.PARENT
        raise ColumnPlanRefused(kind=self.kind, table=table)

    def parent_join(self, table: str) -> list[tuple[str, str]]:
        """Return (record's column, parent's column) pairs of the foreign key to ``table``."""
        keys = self.system.table(self.key_table).foreign_keys
        found = next(key for key in keys if key.table == table)
        return list(zip(found.columns, found.references, strict=True))

    @property
    def _values(self) -> list[OutputColumn]:
        return [column for column in self.columns if column.generalise != "reference"]

    def _class(self, column: OutputColumn) -> str:
        """Of what leaves; what it is made of may be of another."""
        return column.identifier_class or self._source_class(column)

    def _source_class(self, column: OutputColumn) -> str:
        return self.system.source(column.source).identifier_class

    def check(self) -> None:
        """Refuse a plan that could let an identifier leave or has a column that can't be made.

        Raises:
            ColumnPlanRefused: names the columns.
        """
        unsafe = [
            c.name
            for c in self.columns
            if self._source_class(c) not in _OPEN and not _shows_nothing_of_it(c)
        ]
        keys = {self.release.key, self.system.linkage.record}
        never = {source for entry in self.system.never for source in entry.columns}
        unsafe += [c.name for c in self.columns if c.source in never]
        unknown = [
            c.name for c in self.columns if c.generalise == "reference" and c.source not in keys
        ]
        names = [c.name for c in self.columns]
        record = f"{self.noun}_"
        start = (record,) if self.kind == "identified" else (record, "person_")
        misnamed = [name for name in names if not name.startswith(start)]
        doubled = sorted({name for name in names if names.count(name) > 1})
        companions = sorted(statuses_of(names))  # no value of the system's may be read as one
        kinds = ("identifiers", "references", "misnamed", "doubled", "companions")
        found = dict(zip(kinds, (unsafe, unknown, misnamed, doubled, companions), strict=True))
        if wrong := {what: columns for what, columns in found.items() if columns}:
            raise ColumnPlanRefused(**wrong)
        if self.kind == "deidentified" and set(self.references.values()) != {"person", self.noun}:
            raise ColumnPlanRefused(kind=self.kind, references=sorted(self.references))
        for column in self.columns:
            own = self.reach(column.table, column.role) in {Reach.OWN_PARTY, Reach.OWN_PERSON}
            if column.since and (own or column.since.partition(".")[0] != self.key_table):
                raise ColumnPlanRefused(kind=self.kind, since=column.name)


def _shows_nothing_of_it(column: OutputColumn) -> bool:
    """Whether only an id, the presence or the number of values leaves, and not the value."""
    return column.generalise in {"reference", "present"} or column.combine in NUMBERS


def plan_for(system: System, kind: RowKind, columns: tuple[str, ...] | None = None) -> Plan:
    """Return the checked plan of one kind of row extract.

    ``columns`` are those of the system's that the approval names; by default all but the coarser
    versions of others. Research ids stay in any case: without them rows can't be told apart.

    Raises:
        KindNotGiven: the system gives no data of this kind.
        ColumnPlanRefused: the system's release section can't or must not be carried out, or a
            column is named that it does not have.
    """
    release = system.rows(kind)
    wanted = release.finest if columns is None else columns
    if unknown := set(wanted) - set(release.column_names):
        raise ColumnPlanRefused(unknown=len(unknown))
    kept = tuple(c for c in release.columns if c.name in wanted or c.generalise == "reference")
    release = release.model_copy(update={"columns": kept})
    plan = Plan(system, kind, release)
    plan.check()
    return plan


# --- columns of a made extract


def check_against(schema: pa.Schema, plan: Plan, supplied: tuple[str, ...] = ()) -> None:
    """Refuse rows whose columns are not those of ``plan`` and the supplied ones, in order.

    Raises:
        ColumnNotAllowed: with positions (1-based).
        ColumnMissing: with names from the system's file.
    """
    expected = tuple(column.name for column in plan.columns)
    if plan.kind == "identified":
        expected = ("row_id", *(f"supplied_{name}" for name in supplied), "matched", *expected)
    names = schema.names
    if unknown := [i for i, n in enumerate(supplied, start=1) if n not in STANDARD_COLUMNS]:
        raise ColumnNotAllowed(supplied_positions=unknown)
    if wrong := [i for i, name in enumerate(names, start=1) if name not in expected]:
        raise ColumnNotAllowed(positions=wrong)
    if missing := [name for name in expected if name not in names]:
        raise ColumnMissing(columns=missing)
    if tuple(names) != expected:
        raise ColumnNotAllowed(columns=len(names), expected=len(expected))

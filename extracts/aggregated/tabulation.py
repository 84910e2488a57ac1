"""Counting: every cell and margin of a table by full calendar years, from a register snapshot.

A record counts once for each of its persons, so that records add up over every dimension
(an order against two persons, a man and a woman, is in both cells). Persons are counted as distinct in every cell
and margin, never summed, and at the lower bound of the person index: entries that may be one
person are one, so that a join which the linkage missed can't lift a cell over the threshold.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from extracts.errors import TabulationError, UnknownDimensionError, YearNotFullError
from extracts.perturbation import KeyMaker, Keys
from extracts.rows import Plan, chain, entry_steps, fetched, lookups, parameters
from extracts.suppression import CellTable, Dimension, PublishedTable
from systems.database import guarded, literal, quoted
from systems.description import BETWEEN, RowRelease, System
from systems.description import Dimension as Described

if TYPE_CHECKING:
    import duckdb

YEAR = "year"
_COUNTED, _KEYS = "aggregate_pairs", "record_keys"
Coverage = tuple[date, date]


@dataclass(frozen=True)
class AggregateSpec:
    """What is to be counted.

    Attributes:
        years: first and last calendar year, both full.
        families: scope of the project (families of records).
        on: the day of the release; a year that has not ended by then is refused.
        dims: dimensions; none for the default ones of the data system. ``year`` is always first.
            ``county`` with ``region`` makes one dimension with regions as margins.
        covered: first and last day that the snapshot covers, where the register says so.
        only: of the years, those that are wanted; none for all of them.
    """

    years: tuple[int, int]
    families: tuple[str, ...]
    on: date
    dims: tuple[str, ...] = ()
    covered: Coverage | None = None
    only: tuple[int, ...] = ()

    @property
    def all_years(self) -> tuple[int, ...]:
        """Each year that is wanted."""
        years = range(self.years[0], self.years[1] + 1)
        return tuple(y for y in years if not self.only or y in self.only)


def check_years(spec: AggregateSpec) -> None:
    """Refuse years that are not full (11 CCR 962(b), 965(b)).

    Raises:
        YearNotFullError: a year has not ended, is not covered, or there is none.
    """
    first, last = spec.years
    if first > last or last >= spec.on.year:
        raise YearNotFullError(first=first, last=last)
    if spec.covered is not None:
        begin, end = spec.covered
        if begin > date(first, 1, 1) or end < date(last, 12, 31):
            raise YearNotFullError(first=first, last=last, covered_to=end.year)


def dimensions(system: System, spec: AggregateSpec) -> tuple[Described, ...]:
    """The described dimensions of a table, ``year`` first.

    Raises:
        UnknownDimensionError: one that the system does not allow, or one twice.
    """
    release = system.release.aggregated
    names = spec.dims or release.default_dimensions
    known = set(release.dimension_names)
    if len(set(names)) != len(names) or not set(names) <= known or YEAR not in known:
        raise UnknownDimensionError(dimensions=len(names))
    ordered = [YEAR, *(n for n in release.dimension_names if n in names and n != YEAR)]
    return tuple(release.dimension(n) for n in ordered)


def tabulate(con: "duckdb.DuckDBPyConnection", system: System, spec: AggregateSpec) -> CellTable:
    """Count records and distinct persons for every cell and margin.

    Years stand apart: there is no total over them, and no record is in two.

    ``con`` has a snapshot's tables as views, and ``person_index``.

    Raises:
        YearNotFullError: see ``check_years``.
        UnknownDimensionError: see ``dimensions``.
        ScopeEmpty: no family, or an unknown one.
        TabulationError: the snapshot has values that the system does not describe.
    """
    with counting(con, system, spec) as count:
        return count(system, spec.dims)[0]


def tabulate_keyed(
    con: "duckdb.DuckDBPyConnection", system: System, spec: AggregateSpec, keys: KeyMaker
) -> tuple[CellTable, Keys]:
    """The same, and for each cell the sum of its records' keys, modulo 2^64.

    Raises:
        CodedError: see ``tabulate``.
    """
    with counting(con, system, spec, keys) as count:
        return count(system, spec.dims)


Count = Callable[[System, tuple[str, ...]], tuple[CellTable, Keys]]


@contextmanager
def counting(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: AggregateSpec,
    keys: KeyMaker | None = None,
) -> Generator[Count, None, None]:
    """Read the register once, and count any table of the spec's dimensions, or of those they nest in, from it.

    What is yielded takes a system, which may have put levels together, and dimensions. Records are grouped by
    person and levels, so that as often as a table is counted no record is read again. Without ``keys`` the sums
    of keys are nought.

    Raises:
        CodedError: see ``tabulate``.
    """
    check_years(spec)
    asked = {d.name for d in dimensions(system, spec)}
    asked |= {d.parent for d in dimensions(system, spec) if d.parent}
    release = system.release.aggregated
    described = tuple(d.single for d in release.dimensions if d.name in asked)
    rows = RowRelease(
        row="",
        key=release.key,
        person_role=release.person_role,
        person_roles=release.person_roles,
        year_source=release.year_source,
        scope=release.scope,
        exclusions=release.exclusions,
        columns=described,
    )
    plan = Plan(system, "deidentified", rows)
    steps, bound = (
        entry_steps(plan, spec.years, frozenset()),
        parameters(plan, spec.families, spec.years),
    )
    with guarded(TabulationError, dimensions=len(described)), lookups(con, plan):
        if keys is not None:
            records = fetched(con, chain(steps, "SELECT DISTINCT key_ FROM released"), bound)
            con.register(_KEYS, _record_keys(records, system.code, keys))
        whole = chain([*steps, ("pairs", _pairs(described))], _grouped(keyed=keys is not None))
        con.register(_COUNTED, fetched(con, whole, bound))
        con.unregister(_KEYS)

    def count(of: System, dims: tuple[str, ...]) -> tuple[CellTable, Keys]:
        chosen = dimensions(of, replace(spec, dims=dims))
        axes = tuple(_axis(of, spec, chosen, d) for d in _nested(chosen))
        query = _cells(of, [d.name for d in axes], chosen)
        with guarded(TabulationError, dimensions=len(axes)):
            found = con.execute(query).fetchall()
        return _fill(axes, found)

    try:
        yield count
    finally:
        con.unregister(_COUNTED)


def _record_keys(records: pa.Table, system: str, keys: KeyMaker) -> pa.Table:
    """Records with their keys under the home's secret, by their numbers in the register."""
    texts = records["key_"].cast(pa.string()).combine_chunks()
    return records.append_column("record_key", keys(system, texts))


def one_year(table: CellTable, year: str) -> CellTable:
    """One year of a table of several; years share no record, so that each is a table of its own."""
    at = table.dims[0].position[year]
    dims = (Dimension.flat(YEAR, [year], total=False), *table.dims[1:])
    return CellTable(dims, table.counts[at : at + 1], table.people[at : at + 1])


def published_in(tables: Iterable[PublishedTable], year: str) -> tuple[PublishedTable, ...]:
    """Of each table the rows of one year, the others say nothing about it; a table without any is left out."""

    def of(table: PublishedTable) -> PublishedTable:
        axis = table.dims.index(YEAR)
        return replace(table, rows=tuple(r for r in table.rows if r.labels[axis] == year))

    return tuple(one for one in map(of, tables) if one.rows)


def _nested(described: Sequence[Described]) -> list[Described]:
    """Leave out what another dimension of the table nests in: it becomes that one's margins."""
    parents = {d.parent for d in described if d.parent}
    return [d for d in described if d.name not in parents]


def _axis(
    system: System, spec: AggregateSpec, described: Sequence[Described], one: Described
) -> Dimension:
    if one.name == YEAR:
        return Dimension.flat(YEAR, [str(y) for y in spec.all_years], total=False)
    if one.codes is None:
        raise UnknownDimensionError(dimension=one.name)
    codes = system.code_list(one.codes)
    leaves = list(codes.values)
    if one.single.codes == system.release.aggregated.scope.codes:
        leaves = [v for v in leaves if set(v.split(BETWEEN)) & set(spec.families)]
    if one.unknown is not None and one.unknown not in leaves:
        leaves.append(one.unknown)
    if one.parent and one.parent in {d.name for d in described}:
        above = codes.attribute(one.parent)
        if any(BETWEEN in leaf and leaf not in above for leaf in leaves):
            raise UnknownDimensionError(
                dimension=one.parent
            )  # together across what is to be a margin
        return Dimension.tree(one.name, leaves, above)
    return Dimension.flat(one.name, leaves)


def _pairs(described: Sequence[Described]) -> str:
    """Pairs of record and person: one who stands on a record twice has one place in the table."""
    levels = [f"min({c}) AS {c}" for c in (quoted(d.name) for d in described)]
    return f"""
    SELECT key_, i.identity, min(i.identity_lower) AS person_, {", ".join(levels)}
    FROM released LEFT JOIN person_index i ON i.record_id = released.entry_
    GROUP BY key_, i.identity"""


def _grouped(*, keyed: bool) -> str:
    """How many of the pairs have the same person and levels, and the sum of their records' keys."""
    key = f"(sum(record_key) % {1 << 64})::UBIGINT" if keyed else "0::UBIGINT"
    joined = f"LEFT JOIN {_KEYS} USING (key_)" if keyed else ""
    left_out = "key_, identity, record_key" if keyed else "key_, identity"
    return f"""
    SELECT * EXCLUDE ({left_out}), count(*) AS n_, {key} AS keys_
    FROM pairs {joined} GROUP BY ALL"""


def _cells(system: System, names: Sequence[str], described: Sequence[Described]) -> str:
    """Every combination of margins of the pairs, with levels put together where the system has them so."""
    free = [quoted(n) for n in names if n != YEAR]
    shared = {d.name for d in described}
    tree = next(((d.name, d.parent) for d in described if d.parent in shared), None)
    shown = [f"CAST({quoted(YEAR)} AS VARCHAR)", *(_label(c, tree) for c in free)]
    instead = [f"{one} AS {quoted(d.name)}" for d in described if (one := _together(system, d))]
    pairs = f"(SELECT * REPLACE ({', '.join(instead)}) FROM {_COUNTED})" if instead else _COUNTED
    return f"""
    SELECT {", ".join(shown)}, sum(n_)::BIGINT, count(DISTINCT person_)::BIGINT,
      (sum(n_) - coalesce(sum(n_) FILTER (person_ IS NOT NULL), 0))::BIGINT,
      sum(keys_) % {1 << 64}
    FROM {pairs} GROUP BY {quoted(YEAR)}, GROUPING SETS ({", ".join(_sets(free, tree))})"""


def _together(system: System, one: Described) -> str:
    """The level of a record where some are put together; nothing where none are."""
    if one.apart is None or one.codes is None:
        return ""
    whole = [v for v in system.code_list(one.codes).values if BETWEEN in v]
    listed = {v: ", ".join(map(literal, v.split(BETWEEN))) for v in whole}
    cases = " ".join(
        f"WHEN {quoted(one.name)} IN ({parts}) THEN {literal(v)}" for v, parts in listed.items()
    )
    return f"CASE {cases} ELSE {quoted(one.name)} END"


def _sets(free: Sequence[str], tree: tuple[str, str | None] | None) -> list[str]:
    """All subsets of the dimensions; a dimension with regions has a third state, the region."""
    options: list[list[str]] = [[]]
    for column in free:
        states = [[], [column]]
        if tree is not None and column == quoted(tree[0]):
            states.append([quoted(str(tree[1]))])
        options = [one + state for one in options for state in states]
    return [f"({', '.join(one)})" for one in options]


def _label(column: str, tree: tuple[str, str | None] | None) -> str:
    """The node of one axis: the leaf, else its group, else TOTAL; a missing leaf stays missing."""
    above = "'TOTAL'"
    if tree is not None and column == quoted(tree[0]):
        group = quoted(str(tree[1]))
        above = f"CASE WHEN GROUPING({group}) = 0 THEN {group}::VARCHAR ELSE 'TOTAL' END"
    return f"CASE WHEN GROUPING({column}) = 0 THEN {column}::VARCHAR ELSE {above} END"


def _fill(
    axes: tuple[Dimension, ...], found: Sequence[tuple[object, ...]]
) -> tuple[CellTable, Keys]:
    counts = np.zeros(tuple(len(d.nodes) for d in axes), dtype=np.int64)
    persons, keys = np.zeros_like(counts), np.zeros(counts.shape, np.uint64)
    years = set(axes[0].leaves)
    for *labels, records, people, unindexed, key in found:
        if labels[0] not in years:
            continue
        at = tuple(d.position.get(str(label), -1) for d, label in zip(axes, labels, strict=True))
        if -1 in at or unindexed:
            raise TabulationError(undescribed=at.count(-1), without_person=int(str(unindexed)))
        counts[at] = int(str(records))
        persons[at] = int(str(people))
        keys[at] = int(str(key))
    for axis, dim in enumerate(axes):  # what the database counted for margins is their cells' sums
        along = np.moveaxis(counts, axis, 0)
        for group, kids in dim.children:
            if (along[group] != along[list(kids)].sum(axis=0)).any():
                raise TabulationError(margins=1)
    return CellTable(axes, counts, persons), keys

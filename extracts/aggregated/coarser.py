"""Designs of a mostly hidden table: dimensions, and levels put together, that publish most of what was asked for.

A design replaces a dimension by the one that it nests in, leaves it out, or puts its small levels together:
counties (families, stages) of under so many persons a year become the other counties of their region, and of the State where a
region's are still small. All combinations are compared on the cells of the table as it was made, where no small cell
counts as open; the best of each set of dimensions is then counted with its own distinct persons, all from one
pass over the register, and protected together with all that was published before. It is not cleaned up: a
release of it publishes at least as much.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from extracts import suppression as sdc
from extracts.aggregated import atoms, extract, history, tabulation
from extracts.errors import LevelsTogetherRefused
from systems.description import BETWEEN, System, Together
from systems.description import Dimension as Described

if TYPE_CHECKING:
    import duckdb

_OFFERED = 5
_TRIED = 12  # designs that are protected; three of one set of dimensions at most
_SECONDS = (
    60.0  # after which no further design is protected, but the coarsest where none shows enough
)
_LARGEST = 6_000  # cells; protecting one of them takes a minute
_STEPS = (
    1,
    3,
    10,
    30,
)  # thresholds of persons a year under which a level is put together with others
_AXES = 4  # dimensions with the year; of more only one step is compared, else there are thousands of designs


@dataclass(frozen=True)
class Design:
    """What to say to ``run``: dimensions without the year, and levels that are counted as one."""

    dims: tuple[str, ...]
    together: Together

    @property
    def options(self) -> str:
        """The options that order it."""
        groups = [
            f"--together {name}={BETWEEN.join(group)}"
            for name, found in sorted(self.together.items())
            for group in found
        ]
        return " ".join([f"--dims {','.join(self.dims)}", *groups])


@dataclass(frozen=True)
class CoarserVersion:
    """One design, and what it would publish at least."""

    design: Design
    seen: sdc.Forecast

    def as_json(self) -> dict[str, object]:
        """Flat, for a table: what to say to ``run``, and what would be published."""
        return {"options": self.design.options, **self.seen.as_json()}


def coarser_versions(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: tabulation.AggregateSpec,
    policy: sdc.SuppressionPolicy,
    earlier: Sequence[pa.Table],
    made: extract.Aggregate,
) -> tuple[CoarserVersion, ...]:
    """Return designs of a mostly hidden table, the one by which a reader loses least first; else none.

    Raises:
        CodedError: see ``tabulate``.
    """
    if not _mostly_hidden(made, system.record.plural):
        return ()
    before = extract.exact_tables([history.from_arrow(table) for table in earlier])
    with tabulation.counting(con, system, spec) as count:
        table = count(system, spec.dims)[0]
        candidates = _candidates(system, spec, policy, table)
        cells = _leaves(table, table.counts).reshape(len(table.counts), -1)
        asked = sdc.information(cells, cells > 0)

        def protect(design: Design) -> CoarserVersion | None:
            other = system.putting_together(design.together)
            counted = count(other, design.dims)[0]
            try:
                extract.check_levels(before, spec.all_years, counted)
                book = atoms.codebook_of(other, before)
                return CoarserVersion(design, _seen(counted, policy, before, book, asked))
            except (sdc.CannotProtectError, sdc.RevisedError, LevelsTogetherRefused):
                return None  # what is published already stands against it

        found = list(_search(candidates, protect))
    found.sort(key=lambda one: (one.seen.rank, one.design.options))
    return tuple(found[:_OFFERED])


def _mostly_hidden(made: extract.Aggregate, plural: str) -> bool:
    records = np.asarray(made.cells[plural])
    hidden = int((np.asarray(made.table["status"]) == "suppressed").sum())
    return hidden > sdc.MOSTLY_HIDDEN * int((records > 0).sum())


def _seen(
    counted: sdc.CellTable,
    policy: sdc.SuppressionPolicy,
    before: Sequence[sdc.PublishedTable],
    book: sdc.Codebook,
    asked: float,
) -> sdc.Forecast:
    quick = replace(policy, clean=False)
    jobs = [
        sdc.Job(
            tabulation.one_year(counted, year),
            quick,
            tabulation.published_in(before, year),
            book=book,
        )
        for year in counted.dims[0].leaves
    ]
    patterns: list[sdc.Pattern] = sdc.suppress_all(jobs, workers=1)
    return sdc.forecast([(p.table, p.hidden, p.primary) for p in patterns], asked)


# --- all combinations, compared on the cells of the table as it was made


@dataclass(frozen=True)
class _Candidate:
    """A design, its cells, and what it can show at most: share of the count in open inner cells, information in bits."""

    design: Design
    cells: int
    share: float
    bits: float


@dataclass(frozen=True, eq=False)
class _State:
    """What becomes of one dimension: those it leaves, levels put together, and for each level its new place."""

    dims: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    places: sdc.Ints


def _search(
    candidates: Sequence[_Candidate], protect: Callable[[Design], CoarserVersion | None]
) -> Iterator[CoarserVersion]:
    """Protect designs, small sets of dimensions first, until each has one that shows enough; the one that could keep most first.

    A pattern shows less than its design could; where it does not show enough, only what could show more is tried.
    """
    began, tried, passed = time.monotonic(), set[str](), False
    groups: dict[tuple[str, ...], list[_Candidate]] = {}
    for one in sorted(candidates, key=lambda c: (-c.bits, c.design.options)):
        if one.share >= sdc.ENOUGH:
            groups.setdefault(one.design.dims, []).append(one)
    for group in sorted(groups.values(), key=lambda g: min(c.cells for c in g)):
        floor, left = 0.0, 3
        for one in group:
            late = len(tried) >= _TRIED or time.monotonic() - began > _SECONDS
            if late or not left or one.share <= floor:
                continue
            tried.add(one.design.options)
            left, floor = left - 1, one.share
            if made := protect(one.design):
                yield made
                if made.seen.count_shown >= sdc.ENOUGH:
                    passed, left = True, 0
    coarsest = sorted(candidates, key=lambda c: (-c.share, -c.bits, c.design.options))
    for one in [] if passed else [c for c in coarsest if c.design.options not in tried][:3]:
        if made := protect(one.design):
            yield made


def _candidates(
    system: System,
    spec: tabulation.AggregateSpec,
    policy: sdc.SuppressionPolicy,
    table: sdc.CellTable,
) -> list[_Candidate]:
    described = {d.name: d for d in tabulation.dimensions(system, spec)}
    if any(one.apart for one in described.values()):
        return []  # levels of this one are together already: it is a design itself
    states = [
        list(_states(system, described, table, axis, policy.threshold))
        for axis in range(1, len(table.dims))
    ]
    cells, people = _leaves(table, table.counts), _leaves(table, table.people)
    found: dict[str, _Candidate] = {}
    for chosen in product(*states):
        dims = tuple(name for state in chosen for name in state.dims)
        together = {s.dims[0]: s.groups for s in chosen if s.groups}
        if not dims or (not together and set(dims) == set(described) - {tabulation.YEAR}):
            continue
        counts, persons = _merged(cells, chosen), _merged(people, chosen)
        size = int(np.prod([n + 1 for n in counts.shape[1:]])) * counts.shape[0]
        if size > _LARGEST:
            continue
        shown = persons >= policy.threshold  # persons of cells together are no more than their sum
        flat, opened = counts.reshape(len(counts), -1), shown.reshape(len(counts), -1)
        share = float(flat[opened].sum() / max(int(flat.sum()), 1))
        design = Design(dims, together)
        found[design.options] = _Candidate(design, size, share, sdc.information(flat, opened))
    return list(found.values())


def _states(
    system: System,
    described: Mapping[str, Described],
    table: sdc.CellTable,
    axis: int,
    threshold: int,
) -> Iterator[_State]:
    """The dimension as it is, its small levels together, what it nests in, and nothing of it."""
    own = described[table.dims[axis].name]
    leaves = table.dims[axis].leaves
    codes = system.code_list(own.codes or "")
    above = codes.attribute(own.parent) if own.parent else {}
    nested = own.parent in described
    names = (own.name, own.parent) if nested and own.parent else (own.name,)
    yield _State(names, (), np.arange(len(leaves)))
    # Sexes, races and ages are what a reader compares: they stay apart, or out.
    known = [] if own.role or "lowest" in codes.attribute_names else codes.values
    yearly = _yearly(table, axis)
    several = len(table.dims) <= _AXES
    for step in _STEPS if several else _STEPS[1:2]:
        single = {v: int(n) for v, n in zip(leaves, yearly, strict=True) if v in known}
        groups = _together(single, step * threshold, above, nested=nested)
        if groups:
            yield _State(names, groups, _places(leaves, groups))
    if own.parent and all(leaf in above for leaf in leaves):
        over = sorted(set(above.values()))
        yield _State((own.parent,), (), np.array([over.index(above[leaf]) for leaf in leaves]))
    yield _State((), (), np.zeros(len(leaves), dtype=np.int64))


def _together(
    yearly: Mapping[str, int], enough: int, above: Mapping[str, str], *, nested: bool
) -> tuple[tuple[str, ...], ...]:
    """Levels of under ``enough`` persons a year by what they nest in; what is too few there together with all such others."""
    small: dict[str, list[str]] = {}
    for level, persons in yearly.items():
        if persons < enough:
            small.setdefault(above.get(level, ""), []).append(level)
    groups: list[list[str]] = []
    rest: list[str] = []
    for levels in small.values():
        many = len(levels) > 1 and (nested or sum(yearly[v] for v in levels) >= enough)
        (groups.append if many else rest.extend)(levels)
    if nested:
        rest = []  # what is to be a margin holds its own levels alone
    if rest and sum(yearly[v] for v in rest) < enough:
        others = sorted(
            set(yearly) - {v for levels in small.values() for v in levels},
            key=lambda v: (yearly[v], v),
        )
        if groups:
            rest += groups.pop(
                min(range(len(groups)), key=lambda g: sum(yearly[v] for v in groups[g]))
            )
        elif others:
            rest.append(others[0])
    groups += [rest] if len(rest) > 1 else []
    whole = len(groups) == 1 and len(groups[0]) == len(yearly)
    return () if whole else tuple(sorted(tuple(sorted(levels)) for levels in groups))


def _places(leaves: Sequence[str], groups: Sequence[Sequence[str]]) -> sdc.Ints:
    first = {level: min(map(leaves.index, group)) for group in groups for level in group}
    at = [first.get(leaf, n) for n, leaf in enumerate(leaves)]
    order = sorted(set(at))
    return np.array([order.index(n) for n in at])


def _yearly(table: sdc.CellTable, axis: int) -> sdc.Ints:
    """Persons of each level in a year, on the average: one year without anybody makes no county small."""
    people = table.people
    for other in range(len(table.dims) - 1, 0, -1):
        if other != axis:
            people = people.take(table.dims[other].position[sdc.TOTAL], other)
    leaves = people.take(np.arange(len(table.dims[axis].leaves)), axis=1)
    return np.asarray(leaves.sum(axis=0) // len(leaves))


def _leaves(table: sdc.CellTable, values: sdc.Ints) -> sdc.Ints:
    return values[tuple(slice(len(d.leaves)) for d in table.dims)]


def _merged(values: sdc.Ints, chosen: Sequence[_State]) -> sdc.Ints:
    """Inner cells with the levels of each dimension at their new places."""
    for axis, state in enumerate(chosen, start=1):
        spans = np.zeros((int(state.places.max()) + 1, len(state.places)), dtype=np.int64)
        spans[state.places, np.arange(len(state.places))] = 1
        values = np.moveaxis(np.tensordot(spans, values, axes=(1, axis)), 0, axis)
    return values

"""Coarser versions of a table that is mostly hidden, and what each would publish.

Counties become regions where a hierarchy says so, neighbouring age bands and years are taken
together, a dimension is left out, or two of these. They are ranked by what a reader would lose: those that
show seven tenths of the count in open inner cells first, by the information that they keep. Persons don't add up: those of a group that the table holds are taken from
it, those of cells that are put together are taken at their lower bound, the largest of them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from extracts.suppression.errors import CannotProtectError, DesignUnknownError
from extracts.suppression.model import TOTAL, CellTable, Dimension, Flags, Ints, SuppressionPolicy
from extracts.suppression.solver import suppress

MOSTLY_HIDDEN = (
    0.5  # share of the non-zero cells; with more hidden than shown a coarser table says more
)
ENOUGH = 0.7  # share of the count in open inner cells from which a table serves a reader
_PAIRS = 6  # pairs of steps that are protected; each costs as much as a table
_YEAR = re.compile(r"(19|20)\d{2}")
_BAND = re.compile(r"(\d{1,3})(?:\s*(?:-|\u2013|to)\s*(\d{1,3})|\+)")
_YEARS_TOGETHER = 5

Seen = tuple[CellTable, Flags, Flags]  # true values, what is hidden, what of it is small


@dataclass(frozen=True)
class Forecast:
    """What a pattern would publish.

    Attributes:
        cells: cells with margins, ``nonzero`` of them not zero.
        shown: non-zero cells that are published; ``hidden`` that are not, ``primary`` of them small.
        count_shown: share of the total count that stands in published inner cells, 0 to 1.
        kept: share of the information of the table that was asked for, 0 to 1 (see ``information``).
    """

    cells: int
    nonzero: int
    shown: int
    hidden: int
    primary: int
    count_shown: float
    kept: float = 1.0

    @property
    def share_shown(self) -> float:
        """Share of the non-zero cells that is published, 0 to 1."""
        return self.shown / self.nonzero if self.nonzero else 1.0

    def as_json(self) -> dict[str, object]:
        """Flat, for a table."""
        return {
            "cells": self.cells,
            "not zero": self.nonzero,
            "published": self.shown,
            "hidden": self.hidden,
            "share published": round(self.share_shown, 3),
            "count in published cells": round(self.count_shown, 3),
            "information kept": round(self.kept, 3),
        }

    @property
    def rank(self) -> tuple[bool, float]:
        """First what shows enough, by the information kept; then the rest, by the count shown."""
        enough = self.count_shown >= ENOUGH
        return not enough, -(self.kept if enough else self.count_shown)


@dataclass(frozen=True)
class Coarser:
    """One coarser version: what was done, and what it would publish at least."""

    what: str
    dimension: str
    seen: Forecast

    def as_json(self) -> dict[str, object]:
        """Flat, for a table."""
        return {"table": self.what, **self.seen.as_json()}


def information(cells: Ints, shown: Flags) -> float:
    """What a table says of one record, in bits: the entropy of the inner cell in which it stands.

    Records of hidden cells are known to be somewhere in the rest of their slice. Nothing shown says nothing but the
    slice, every cell shown all that the table has.

    Args:
        cells: counts of inner cells, a row for each slice.
        shown: which of them are open.
    """
    opened = np.where(shown, cells, 0)
    parts = np.concatenate([opened.ravel(), (cells.sum(axis=1) - opened.sum(axis=1)).ravel()])
    shares = parts[parts > 0] / max(int(cells.sum()), 1)
    return float(-(shares * np.log2(shares)).sum())


def forecast(patterns: Sequence[Seen], asked: float = 0.0) -> Forecast:
    """Count what patterns publish, several slices of one table together; ``asked`` is the information of the table asked for."""
    cells = nonzero = hidden = primary = 0
    inside = whole = 0
    for table, away, small in patterns:
        full = table.counts > 0
        leaves = table.leaf_mask()
        cells += table.size
        nonzero += int(full.sum())
        hidden += int((away & full).sum())
        primary += int((small & full).sum())
        inside += int(table.counts[leaves & ~away].sum())
        whole += int(table.counts[leaves].sum())
    share = inside / whole if whole else 1.0
    said = information(
        np.stack([t.counts[t.leaf_mask()] for t, *_ in patterns]),
        np.stack([~away[t.leaf_mask()] for t, away, _ in patterns]),
    )
    kept = said / asked if asked else 1.0
    return Forecast(cells, nonzero, nonzero - hidden, hidden, primary, share, kept)


def coarser_tables(table: CellTable, policy: SuppressionPolicy) -> tuple[Coarser, ...]:
    """Return coarser versions of a table, the one by which a reader loses least first.

    Their patterns are not cleaned up, so that each publishes at least what is said.

    Raises:
        CodedError: see ``suppress``; a version that can't be protected is left out.
    """
    asked = _said(table, 0)
    single = _versions(table)
    pairs = {
        _both(what, further): (dimension, other, finer)
        for what, dimension, version in single
        for further, other, finer in _versions(version)
        if other != dimension
    }
    twice = [
        (name, ",".join(sorted((one, other))), version)
        for name, (one, other, version) in pairs.items()
        if _shown_at_most(version, policy.threshold) >= ENOUGH
    ]
    twice.sort(key=lambda one: (-_said(one[2], policy.threshold), one[0]))
    found: list[Coarser] = []
    for what, dimension, version in [*single, *twice[:_PAIRS]]:
        try:
            pattern = suppress(version, replace(policy, clean=False))
        except CannotProtectError:
            continue
        seen = forecast([(version, pattern.hidden, pattern.primary)], asked)
        found.append(Coarser(what, dimension, seen))
    return tuple(sorted(found, key=lambda one: (one.seen.rank, one.what)))


def coarser_table(table: CellTable, name: str) -> CellTable:
    """The coarser version of a table that a proposal names.

    Raises:
        DesignUnknownError: there is none.
    """
    for what, dimension, version in _versions(table):
        if what == name:
            return version
        for further, other, finer in _versions(version):
            if other != dimension and _both(what, further) == name:
                return finer
    raise DesignUnknownError(dimensions=len(table.dims))


def _both(what: str, further: str) -> str:
    return " and ".join(sorted((what, further)))


def _said(table: CellTable, threshold: int) -> float:
    """The information of a table with the cells of at least so many persons open: all that a pattern can leave."""
    leaves = table.leaf_mask()
    return information(table.counts[leaves][None], (table.people[leaves] >= threshold)[None])


def _shown_at_most(table: CellTable, threshold: int) -> float:
    """The share of the count in inner cells that are not small: more no pattern shows."""
    leaves = table.leaf_mask()
    cells, large = table.counts[leaves], table.people[leaves] >= threshold
    return float(cells[large].sum() / max(int(cells.sum()), 1))


def _versions(table: CellTable) -> list[tuple[str, str, CellTable]]:
    """(what was done, dimension, table) of each single step."""
    found: list[tuple[str, str, CellTable]] = []
    for axis, dim in enumerate(table.dims):
        if _has_level(dim):
            found.append((f"{dim.name} by its groups", dim.name, group_leaves(table, axis)))
        if runs := _runs(dim):
            names = {run[0]: _span(run) for run in runs}
            kind = "years" if _YEAR.fullmatch(dim.leaves[0]) else "bands"
            widest = max(len(run) for run in runs)
            what = f"{dim.name}: {widest} {kind} together"
            found.append((what, dim.name, merge_leaves(table, axis, runs, names)))
        if len(table.dims) > 1 and dim.groups and dim.groups[-1][0] == TOTAL:
            found.append((f"without {dim.name}", dim.name, drop_dimension(table, axis)))
    return found


def group_leaves(table: CellTable, axis: int) -> CellTable:
    """Put the lowest groups of a dimension in place of its leaves; counts and persons are those given."""
    dim = table.dims[axis]
    parent = {kid: group for group, kids in dim.groups for kid in kids}
    lowest = tuple(
        dict.fromkeys(g if (g := parent.get(leaf, TOTAL)) != TOTAL else leaf for leaf in dim.leaves)
    )
    groups = tuple((g, kids) for g, kids in dim.groups if g not in lowest and kids)
    smaller = Dimension(dim.name, lowest, groups)
    index = [dim.position[node] for node in smaller.nodes]
    return _changed(table, axis, (smaller,), lambda values, _: values.take(index, axis=axis))


def _has_level(dim: Dimension) -> bool:
    """Whether the lowest groups can stand for the leaves: there are some, and none holds another."""
    leaves = set(dim.leaves)
    lowest = {name for name, kids in dim.groups if name != TOTAL and leaves & set(kids)}
    return bool(lowest) and not any(lowest & set(k) for name, k in dim.groups if name in lowest)


def drop_dimension(table: CellTable, axis: int) -> CellTable:
    """Leave a dimension out: its TOTAL stands for it."""
    at = table.dims[axis].position[TOTAL]
    return _changed(table, axis, (), lambda values, _: values.take([at], axis=axis).squeeze(axis))


def merge_leaves(
    table: CellTable, axis: int, runs: Sequence[Sequence[str]], names: dict[str, str]
) -> CellTable:
    """Put neighbouring leaves together; margins above them stay as they are."""
    dim = table.dims[axis]
    merged = {leaf: names[run[0]] for run in runs for leaf in run}
    leaves = tuple(dict.fromkeys(merged.get(leaf, leaf) for leaf in dim.leaves))
    groups = tuple(
        (g, tuple(dict.fromkeys(merged.get(kid, kid) for kid in kids))) for g, kids in dim.groups
    )
    smaller = Dimension(dim.name, leaves, groups)

    def put(values: Ints, combine: np.ufunc) -> Ints:
        together = [
            [i for i, leaf in enumerate(dim.leaves) if merged.get(leaf, leaf) == name]
            for name in leaves
        ]
        parts = [combine.reduce(values.take(index, axis), axis=axis) for index in together]
        parts += [values.take(dim.position[group], axis) for group, _ in groups]
        return np.stack(parts, axis=axis)

    return _changed(table, axis, (smaller,), put)


def _changed(
    table: CellTable,
    axis: int,
    instead: tuple[Dimension, ...],
    change: Callable[[Ints, np.ufunc], Ints],
) -> CellTable:
    """Change counts and persons along an axis; where cells are put together, persons by the largest."""
    dims = (*table.dims[:axis], *instead, *table.dims[axis + 1 :])
    people = None if table.persons is None else change(table.persons, np.maximum)
    return CellTable(dims, change(table.counts, np.add), people)


def _runs(dim: Dimension) -> list[tuple[str, ...]]:
    """Neighbours that can be put together: five years, or two bands of ages; none for other levels."""
    if any(name != TOTAL for name, _ in dim.groups) or len(dim.leaves) < 2:
        return []
    if all(_YEAR.fullmatch(leaf) for leaf in dim.leaves):
        return _cut(sorted(dim.leaves), min(_YEARS_TOGETHER, len(dim.leaves)))
    bands = [leaf for leaf in dim.leaves if _BAND.fullmatch(leaf)]
    if len(bands) < 3:
        return []
    return _cut(sorted(bands, key=lambda band: int(_ages(band)[0])), 2)


def _cut(levels: Sequence[str], width: int) -> list[tuple[str, ...]]:
    """Runs of a width from the end, where the newest years and the rare old ages are."""
    ends = range(len(levels), 0, -width)
    runs = [tuple(levels[max(0, end - width) : end]) for end in ends]
    return [run for run in reversed(runs) if len(run) > 1]


def _span(run: Sequence[str]) -> str:
    if _YEAR.fullmatch(run[0]):
        return f"{run[0]}-{run[-1]}"
    (first, _), (_, last) = _ages(run[0]), _ages(run[-1])
    return f"{first}-{last}" if last else f"{first}+"


def _ages(band: str) -> tuple[str, str]:
    """First and last age of a band; no last one where it is open."""
    found = _BAND.fullmatch(band)
    return (found.group(1), found.group(2) or "") if found else (band, band)

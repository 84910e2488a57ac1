"""Levels and columns that are made of others, whatever they are called: the counts say so.

Whoever has the tables adds up: a level that is two others in every slice is their region, and a column whose levels have
the counts of another's, or of sums of them, is that column by another name, or its groups. Chance makes such sums, too: a
match counts where its counts are so large, and the choices so few, that chance would hardly have made it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log2

import numpy as np
import numpy.typing as npt

from extracts.suppression import errors
from extracts.suppression.codebook import TOTAL, Codebook, span
from extracts.suppression.labels import Listing, Parents, folded

_BITS = 5.0  # what a match must say beyond what chance would: one in 32
_STEPS = 2_000  # of a search for a sum; one that is found later chance could have made

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Counts:
    """Counts of one column: levels that divide the table, slices by other columns, both; NaN where hidden."""

    levels: list[str]
    slices: list[tuple[str, ...]]
    counts: Floats


def check_sums(tables: Sequence[Listing], parents: Parents, book: Codebook) -> None:
    """Refuse levels that are sums of others, and columns that are others by another name.

    Raises:
        LevelIsSumError: a level of one table has the counts of several others together.
        AlikeColumnsError: the levels of a column have those of another table's, or of sums of them, or both have bands of ages.
    """
    for table in tables:
        for axis, name in enumerate(table.dims):
            if not book.describes(name):
                found = _counts(table, name, [d for d in table.dims if d != name], parents)
                if (level := _level_of_others(found)) is not None:
                    row = table.first[axis][level]
                    raise errors.LevelIsSumError(column=name, table=table.role, row=row)
    for one, other in combinations(tables, 2):
        both = [d for d in one.dims if d in other.dims]
        for mine, its in _apart(one, other, tables, book):
            if _bands(one, mine) and _bands(other, its):
                raise errors.AlikeColumnsError(columns=[mine, its], table=other.role)
            for shared in [both, []] if both else [[]]:
                ours, theirs = (
                    _counts(one, mine, shared, parents),
                    _counts(other, its, shared, parents),
                )
                if _made_of(ours, theirs) or _made_of(theirs, ours):
                    raise errors.AlikeColumnsError(columns=[mine, its], table=other.role)


def _apart(
    one: Listing, other: Listing, tables: Sequence[Listing], book: Codebook
) -> Iterator[tuple[str, str]]:
    """Columns of two tables that nothing says are one, and nothing says are two."""
    for mine in (d for d in one.dims if d not in other.dims):
        for its in (d for d in other.dims if d not in one.dims):
            said = book.axis(mine) == book.axis(its) or (
                book.describes(mine) and book.describes(its)
            )
            if not said and not any({mine, its} <= set(t.dims) for t in tables):
                yield mine, its


def _bands(table: Listing, name: str) -> bool:
    """Whether levels of a column read like bands of ages, which overlap those of any other such column."""
    spans = (span(level) for level in table.first[table.dims.index(name)])
    return any(s is not None and s[0] == "age" and s[2] - s[1] >= 12 for s in spans)


def _counts(table: Listing, name: str, by: Sequence[str], parents: Parents) -> _Counts:
    """Counts of a column's levels in the slices by some other columns, over all of the rest."""
    dividing = [table.leaves(i, parents.get(d, {})) for i, d in enumerate(table.dims)]
    own = table.dims.index(name)
    kept = [table.dims.index(d) for d in by]
    for axis in range(len(table.dims)):
        if axis != own and axis not in kept and TOTAL in table.first[axis]:
            dividing[axis] = {TOTAL}
    found: dict[tuple[str, tuple[str, ...]], float] = {}
    for _, labels, count in table.rows:
        if all(label in some for label, some in zip(labels, dividing, strict=True)):
            place = labels[own], tuple(labels[i] for i in kept)
            found[place] = found.get(place, 0.0) + (np.nan if count is None else count)
    levels, slices = sorted({x for x, _ in found}), sorted({s for _, s in found})
    counts = [[found.get((level, slice_), 0.0) for slice_ in slices] for level in levels]
    return _Counts(levels, slices, np.array(counts).reshape(len(levels), len(slices)))


def _level_of_others(column: _Counts) -> str | None:
    """A level that is the sum of two or more others wherever all is shown."""
    counts = column.counts[:, ~np.isnan(column.counts).any(axis=0)]
    for at, level in enumerate(column.levels):
        others = np.where((counts == counts[at]).all(axis=1)[:, None], 0.0, counts)
        chosen = _sum_of(others, counts[at])
        if chosen and _beyond_chance(counts[at], others, len(chosen)) > _BITS + log2(len(counts)):
            return level
    return None


def _made_of(column: _Counts, of: _Counts) -> bool:
    """Whether each level of a column has the counts of one of another's, or of several together.

    The largest says nothing new, where both columns divide the same; levels with one name are no choice among many.
    """
    both = [s for s in column.slices if s in set(of.slices)]
    mine = column.counts[:, [column.slices.index(s) for s in both]]
    parts = of.counts[:, [of.slices.index(s) for s in both]]
    shown = ~np.isnan(parts).any(axis=0)
    names = [folded(x) for x in of.levels]
    said, alike = [0.0], 0.0
    for level, counts in zip(column.levels, mine, strict=True):
        at = shown & ~np.isnan(counts)
        target, among = counts[at], parts[:, at]
        same = names.index(folded(level)) if folded(level) in names else None
        if same is not None and (among[same] == target).all():
            alike += _bits(target)
        elif chosen := _sum_of(among, target):
            said.append(max(0.0, _beyond_chance(target, among, len(chosen))))
        elif target.any():
            return False
    return alike + sum(said) - max(said) > _BITS


def _bits(counts: Floats) -> float:
    return float(np.log2(1 + counts).sum())


def _beyond_chance(target: Floats, among: Floats, chosen: int) -> float:
    """What a match says: bits of what is met, without those of the choice among levels, or among all their sums."""
    levels = int(among.any(axis=1).sum())
    return _bits(target) - (log2(levels) if chosen == 1 else levels)


def _sum_of(parts: Floats, target: Floats) -> tuple[int, ...]:
    """Which of some levels are a sum together; none where the search ends without."""
    fit = np.flatnonzero((parts <= target).all(axis=1) & parts.any(axis=1))
    fit = fit[np.argsort(-parts[fit].sum(axis=1), kind="stable")]
    rest = np.vstack([np.cumsum(parts[fit[::-1]], axis=0)[::-1], np.zeros_like(target)])
    todo: list[tuple[int, Floats, tuple[int, ...]]] = [(0, target, ())]
    for _ in range(_STEPS):
        if not todo:
            break
        at, left, chosen = todo.pop()
        if not left.any():
            return chosen
        if at < len(fit) and (rest[at] >= left).all():
            todo.append((at + 1, left, chosen))
            if (parts[fit[at]] <= left).all():
                todo.append((at + 1, left - parts[fit[at]], (*chosen, int(fit[at]))))
    return ()

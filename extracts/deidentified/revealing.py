"""Which values of rows may be seen so that ``k`` units look alike: everything starts hidden and is revealed.

A unit is a person with ``n`` rows in a fixed order (or one row, where rows are measured). What each row could show
is a *chain* of codes for each concept, from its coarsest version to its finest. Units with equally many rows begin
as one class with everything hidden; a class is parted by what is revealed next, a value (or a
combination of values) that fewer than ``k`` of its units have stays hidden, and those units go on as a class of their own, of at least ``k``. So every class has ``k`` units at every moment: top-down
specialisation (Fung, Wang and Yu 2005) with local recoding, cells instead of columns.

Greedy, by worth for bits: a class of N units can be parted log2(N / k) times in two, so that a
reveal costs the entropy of its parts and is worth its weight in the cells that it fills. Before single cells all that is still hidden
is tried at once, then all of one row: where many units agree in it, they keep whole rows. For that persons' rows stand
side by side, the commonest first. Concepts that tell much of each other (dates of one order) are also tried together:
seen one after the other, the first would part off the few that the second can't do without.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from extracts.errors import ExtractFailed

Codes = npt.NDArray[np.int32]  # of the rows
Levels = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

LEFT_OUT = -1
_FINER = 0.1  # worth of a concept's finest version beside its coarsest one, at the same weight
_WHOLE = 0.1  # share of a class that must agree for several cells to be revealed at once
_DETERMINED = 1.0  # how much more a version is worth that other columns tell
_FULLER = 2.0  # how much more a cell is worth in a row of which all else is seen
_RELATED = (
    1 / 3
)  # share of the doubt that two concepts take from each other, for both to be tried at once
_TIED = 1 / 2  # the same, for neither to be seen finer than the other
_LARGEST = 4096  # values that concepts revealed together may have


@dataclass(frozen=True)
class Concept:
    """What one concept of each row would show.

    Attributes:
        codes: for each version, the coarsest first, one code a row; each tells the ones before it.
        weights: for each version, how much it is worth; no version more than a coarser one.
        group: versions that tell a person's group: where many agree in them, they are not made coarser, so
            that small groups don't vanish in large ones.
        determined: versions that other columns tell: those are emptied where these are hidden, so that they are
            revealed before anything finer, and worth more.
    """

    codes: tuple[Codes, ...]
    weights: tuple[float, ...]
    group: int = 0
    determined: int = 0


@dataclass(frozen=True)
class _Class:
    """Units that look alike: members, the version seen of each (row, concept), and what may still change."""

    members: Ints
    seen: Levels
    open: Flags
    tier: int = 0


def entropy_bits(codes: Codes | Ints) -> float:
    """Bits that a row's code tells."""
    share = np.bincount(codes) / max(len(codes), 1)
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def reveal(concepts: Sequence[Concept], persons: Codes, k: int, *, by_row: bool = False) -> Levels:
    """Return for each row and concept how many versions may be seen, the coarsest first.

    Args:
        concepts: what the rows could show.
        persons: each row's person, numbered from 0.
        k: units that must look alike.
        by_row: units are rows (each person's first, second and so on apart), not persons with all of them.

    Returns:
        rows by concepts: 0 nothing, 1 the coarsest version, and so on; `LEFT_OUT` where fewer than ``k`` units of the kind exist.
    """
    levels = np.zeros((len(persons), len(concepts)), np.int8)
    search = _Search(concepts, len(persons), k)
    for rows in search.units(persons, by_row=by_row):
        if len(rows) < k:
            levels[rows.ravel()] = LEFT_OUT
        elif concepts:
            for found in search.classes(rows):
                levels[rows[found.members]] = found.seen
    return levels


class _Search:
    """The codes in one array, what each version is worth, and the order in which weights are served."""

    def __init__(self, concepts: Sequence[Concept], total: int, k: int) -> None:
        count, self.k = len(concepts), k
        self.versions = np.array([len(c.codes) for c in concepts], np.int64)
        depth = int(self.versions.max()) if count else 0
        self.codes = np.zeros((depth, total, count), np.int32)
        self.sizes = np.ones((depth, count), np.int64)
        self.worth = np.zeros((depth, count))
        weights = np.zeros((depth, count))
        for i, concept in enumerate(concepts):
            bits = [entropy_bits(codes) for codes in concept.codes]
            for level, codes in enumerate(concept.codes):
                self.codes[level, :, i] = codes
                self.sizes[level, i] = int(codes.max()) + 1 if total else 1
                weights[level, i] = concept.weights[level]
                gained = bits[level] - (bits[level - 1] if level else 0.0)
                share = gained / bits[-1] if bits[-1] else 0.0
                beside = _DETERMINED * (level < concept.determined)
                self.worth[level, i] = concept.weights[level] * (
                    _FINER * share + (level == 0) + beside
                )
        determined = np.array([c.determined for c in concepts], np.int64)
        self.targets = [
            np.maximum(_target(weights, tier), determined * (tier <= 1))
            for tier in sorted({*weights[weights > 0]}, reverse=True)
        ]
        self.targets.append(self.versions)
        self.groups = np.array([c.group for c in concepts], np.int64)
        shared = _shared([c.codes[0] for c in concepts])
        tied = [pair for pair, share in shared.items() if share > _TIED]
        sets = [*_connected(p for p, s in shared.items() if s > _RELATED), *_connected(tied)]
        self.related = list({tuple(one): one for one in sets}.values())
        self.tied = [*tied, *((other, one) for one, other in tied)]
        self.mixing = np.random.default_rng(5).integers(1, 2**62, (64, max(count, 1)), np.int64) | 1

    def units(self, persons: Codes, *, by_row: bool) -> Iterator[Ints]:
        """Row numbers of what must be alike: persons by their number of rows, or each person's first rows, second rows….

        Rows of a person stand by how many persons with as many rows have one that shows the same, at what is revealed
        first, then next; the commonest first.
        """
        many = np.bincount(persons)
        finest = [self.codes[v - 1, :, c].astype(np.int64) for c, v in enumerate(self.versions)]
        told: list[Ints] = sorted(finest, key=entropy_bits)
        for target in reversed(self.targets[:-1]):
            seen = np.zeros(len(persons), np.int64)
            for c, version in enumerate(target):
                if version:
                    code = self.codes[version - 1, :, c]
                    joint = seen * self.sizes[version - 1, c] + code
                    seen = np.unique(joint, return_inverse=True)[1]
            key = many[persons] * (int(seen.max(initial=0)) + 1) + seen
            _, label, common = np.unique(key, return_inverse=True, return_counts=True)
            told = [-common[label], seen, *told]
        order = np.lexsort((*reversed(told), persons))
        starts = np.cumsum(many) - many
        for n in range(1, int(many.max(initial=0)) + 1):
            if by_row:
                yield order[starts[many >= n] + n - 1][:, None]
            elif (many == n).any():
                yield order[starts[many == n][:, None] + np.arange(n)]

    def classes(self, rows: Ints) -> Iterator[_Class]:
        """Part the units of ``rows``, one at least ``k``, as far as it goes."""
        shape = (rows.shape[1], len(self.versions))
        start = _Class(np.arange(len(rows)), np.zeros(shape, np.int8), np.ones(shape, np.bool_))
        waiting = [start]
        while waiting:
            one = waiting.pop()
            if one.tier == len(self.targets):
                yield one
            elif one is not start and len(one.members) < 2 * self.k:
                yield self._agreed(one, rows)
            else:
                waiting += self._step(one, rows)

    def _agreed(self, one: _Class, rows: Ints) -> _Class:
        """What all members agree in, of a class too small to be parted."""
        codes = self.codes[:, rows[one.members]]
        same = (codes == codes[:, :1]).all(axis=1)
        same &= np.arange(len(codes))[:, None, None] < self.versions
        common = np.minimum.accumulate(same, axis=0).sum(axis=0)
        seen = np.where(one.open, np.maximum(common, one.seen), one.seen)
        least = seen.copy()
        for this, other in self.tied:
            bound = np.maximum(np.maximum(seen[:, other], 1), one.seen[:, this])
            for target in self.targets[one.tier :]:
                level = np.where(seen[:, other] >= target[other], target[this], 0)
                bound = np.maximum(bound, level)
            least[:, this] = np.minimum(least[:, this], bound)
        return _Class(one.members, least.astype(np.int8), one.open, one.tier)

    def _step(self, one: _Class, rows: Ints) -> list[_Class]:
        """One reveal, or what can't be revealed closed, or the next tier of weights."""
        target = self.targets[one.tier]
        last = one.tier == len(self.targets) - 1
        wanted = one.open & (one.seen < target)
        if not wanted.any():
            return [_Class(one.members, one.seen, one.open, one.tier + 1)]
        if not last and (parts := self._several(one, rows, wanted, target)):
            return parts
        return self._single(one, rows, wanted)

    # --- several cells at once

    def _several(self, one: _Class, rows: Ints, wanted: Flags, target: Ints) -> list[_Class] | None:
        """Reveal all wanted cells, or all of the row in which most units agree, where enough do."""
        single = [np.zeros_like(wanted) for _ in wanted]
        for at, row in enumerate(wanted):
            single[at][at] = row
        finer = np.where(target > 0, np.maximum(target, self.groups), 0)
        for cells in ([wanted], single):
            for wish in (finer, target) if (finer > target).any() else (target,):
                tried = [self._agreeing(one, rows, c, wish) for c in cells if c.any()]
                if tried:
                    best = max(tried, key=lambda t: t[0])
                    if best[0] >= _WHOLE:
                        return self._parted(one, rows, best[1], best[2], wish)
        return None

    def _agreeing(
        self, one: _Class, rows: Ints, cells: Flags, target: Ints
    ) -> tuple[float, Flags, Ints]:
        """Share of members who are ``k`` with the same values in ``cells``, the cells, and a label each (-1: the rest)."""
        at, concept = np.nonzero(cells)
        values = self.codes[target[concept] - 1, rows[one.members][:, at], concept]
        mixed = (values * self.mixing[at % 64, concept]).sum(axis=1)
        _, label, sizes = np.unique(mixed, return_inverse=True, return_counts=True)
        kept = sizes >= self.k
        if sizes[~kept].sum() >= self.k or not (cells.all() and one.open.all()):
            kept = _kept(
                sizes, self.k
            )  # else fewer than k units stand out of all: the others give nothing up
        share = float(sizes[kept].sum() / len(one.members))
        return share, cells, np.where(kept[label], label, -1)

    def _parted(
        self, one: _Class, rows: Ints, cells: Flags, label: Ints, target: Ints
    ) -> list[_Class]:
        parts: list[_Class] = []
        at, concept = np.nonzero(cells)
        for value, members in _by_label(one.members, label):
            if value < 0 and len(members) < self.k:
                out, closed = np.full_like(one.seen, LEFT_OUT), np.zeros_like(one.open)
                parts.append(_Class(members, out, closed, len(self.targets)))
                continue
            if value < 0:
                parts.append(_Class(members, one.seen, one.open, one.tier))
                continue
            values = self.codes[target[concept] - 1, rows[members][:, at], concept]
            if (values != values[0]).any():  # two combinations with one hash: never in practice
                raise ExtractFailed(step="local suppression", hashes="collide")
            seen = np.where(cells, target, one.seen).astype(np.int8)
            parts.append(_Class(members, seen, one.open, one.tier))
        return parts

    # --- one cell, or those of related concepts in one row

    def _single(self, one: _Class, rows: Ints, wanted: Flags) -> list[_Class]:
        """Reveal the next version of the cells that are worth most for their bits; for nothing where all agree."""
        at, concept = np.nonzero(wanted)
        level, size, single = one.seen[at, concept], len(one.members), len(at)
        values = self.codes[level, rows[one.members][:, at], concept]
        sizes, worth = self.sizes[level, concept], self.worth[level, concept]
        together = self._together(one.seen, wanted, sizes)
        for cells in together:
            joint = np.zeros(size, np.int64)
            for cell in cells:
                joint = joint * sizes[cell] + values[:, cell]
            values = np.column_stack([values, joint])
        sizes = np.append(sizes, [np.prod(sizes[cells]) for cells in together]).astype(np.int64)
        worth = np.append(worth, [worth[cells].sum() for cells in together])
        ends = np.cumsum(sizes)
        starts = np.concatenate([[0], ends[:-1]])
        counts = np.bincount((values + starts).ravel(), minlength=int(ends[-1]))
        shown, cost = _bits(counts, starts, size, self.k)
        dead, ahead = shown <= 0, self._ahead(one)[at, concept]
        seen, still = one.seen.copy(), one.open.copy()
        still[at[dead[:single]], concept[dead[:single]]] = False
        free = np.flatnonzero(~dead[:single] & ~ahead & (cost[:single] <= 1e-9))
        seen[at[free], concept[free]] += 1
        row = np.append(at, [at[cells[0]] for cells in together]).astype(np.int64)
        worth *= (1 + _FULLER * (one.seen > 0).mean(axis=1))[row] * shown
        worth[dead], worth[:single][ahead] = -1.0, -1.0
        best = int(np.argmax(worth / np.maximum(cost, 1e-9)))
        if free.size or worth[best] < 0:
            if not free.size:
                still[at, concept] = False
            return [_Class(one.members, seen, still, one.tier)]
        cells, found = ([best] if best < single else together[best - single]), values[:, best]
        kept = _kept(np.bincount(found), self.k)
        parts: list[_Class] = []
        for value, members in _by_label(one.members, np.where(kept[found], found, -1)):
            part_seen, part_open = seen, still
            if value >= 0:
                part_seen = seen.copy()
                part_seen[at[cells], concept[cells]] += 1
            elif best < single:
                part_open = still.copy()
                part_open[at[cells], concept[cells]] = False
            parts.append(_Class(members, part_seen, part_open, one.tier))
        return parts

    def _ahead(self, one: _Class) -> Flags:
        """Cells whose next version would be finer than what their row shows of a concept that they nearly give away."""
        ahead, behind = np.zeros_like(one.open), one.seen < self.targets[one.tier]
        for this, other in self.tied:
            level = one.seen[:, this]
            ahead[:, this] |= (level > 0) & (one.seen[:, other] <= level) & behind[:, other]
        return ahead

    def _together(self, seen: Levels, wanted: Flags, sizes: Ints) -> list[list[int]]:
        """Places among the wanted cells of those that are tried together: related ones of a row, of which as much is seen."""
        place = np.full(wanted.shape, -1)
        place[wanted] = np.arange(len(sizes))
        return [
            row[cells].tolist()
            for cells in self.related
            for row, level in zip(place, seen, strict=True)
            if row[cells].min() >= 0
            and (level[cells] == level[cells[0]]).all()
            and sizes[row[cells]].prod() <= _LARGEST
        ]


def _shared(codes: Sequence[Codes]) -> dict[tuple[int, int], float]:
    """For two concepts the share of the doubt in the larger that the other takes away, at their coarsest."""
    bits, found = [entropy_bits(code) for code in codes], dict[tuple[int, int], float]()
    for one, other in combinations(range(len(codes)), 2):
        joint = codes[one].astype(np.int64) * (int(codes[other].max(initial=0)) + 1) + codes[other]
        both = entropy_bits(np.unique(joint, return_inverse=True)[1])
        found[one, other] = (bits[one] + bits[other] - both) / max(bits[one], bits[other], 1e-9)
    return found


def _connected(pairs: Iterable[tuple[int, int]]) -> list[Ints]:
    """Sets of what pairs connect."""
    sets: list[set[int]] = []
    for pair in pairs:
        joined = set(pair).union(*(one for one in sets if not one.isdisjoint(pair)))
        sets = [one for one in sets if one.isdisjoint(pair)] + [joined]
    return [np.array(sorted(one)) for one in sets]


def _target(weights: npt.NDArray[np.float64], tier: float) -> Ints:
    """Versions to reveal of each concept before anything of less weight: up to the named one, else the coarsest."""
    heavy = (weights >= tier).sum(axis=0)
    return np.where(heavy, heavy if tier > 1 else np.maximum((weights > 1).sum(axis=0), 1), 0)


def _kept(sizes: Ints, k: int) -> Flags:
    """Which values are shown: those of ``k`` units, but for the smallest of them that the rest needs to be ``k``."""
    kept = sizes >= k
    rest = int(sizes[~kept].sum())
    for value in np.flatnonzero(kept)[np.argsort(sizes[kept], kind="stable")]:
        if rest == 0 or rest >= k:
            break
        kept[value] = False
        rest += int(sizes[value])
    return kept


def _bits(counts: Ints, starts: Ints, size: int, k: int) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Units that would be shown a value, and bits times units that this costs, for each candidate."""
    large = np.where(counts >= k, counts, 0)
    shown = np.add.reduceat(large, starts)
    told = np.add.reduceat(large * np.log2(np.maximum(large, 1)), starts)
    rest = size - shown
    smallest = np.minimum.reduceat(np.where(large > 0, large, size + 1), starts)
    short = (rest > 0) & (rest < k) & (shown > 0)
    told = np.where(short, told - smallest * np.log2(np.maximum(smallest, 1)), told)
    shown = np.where(short, shown - smallest, shown)
    rest = size - shown
    return shown, size * np.log2(size) - told - rest * np.log2(np.maximum(rest, 1))


def _by_label(members: Ints, label: Ints) -> Iterator[tuple[int, Ints]]:
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    for part in np.split(order, np.flatnonzero(np.diff(ordered)) + 1):
        yield int(label[part[0]]), members[part]

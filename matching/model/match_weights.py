"""From the pattern of a pair to its log odds, under a model and the frequencies of values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.arrays import in_threads, numbered
from matching.arrow import Bools, Floats, Floats32, Ints, Rows
from matching.model.chance import Frequencies
from matching.model.guards import contradicting, guarded, nameless
from matching.model.model import Model, agreeing, class_log_joint, unpack, uses_chance
from matching.native import Pointers, compiled

_CHUNK = 1 << 14  # pairs weighed at a time: their classes stay in a core's cache
KEEP = -6.0  # log odds below which a pair can't matter any more, even when both sides are full


@dataclass(frozen=True)
class MatchWeights:
    """What a pair is weighed with."""

    model: Model
    table: Frequencies
    threads: int | None

    def log_odds(self, b: Rows, patterns: Rows, least: float = -np.inf) -> Floats:
        """Log odds of pairs with these record rows and patterns, on all cores.

        A match is weighed against all other classes, value frequencies included. Below ``least`` the odds
        may lack what the frequencies say. Patterns are weighed once; only pairs whose pattern could
        matter get their frequencies.
        """
        number, levels = _distinct(patterns)
        known = _Known(self.model, self.table, levels)
        near = known.best + self.table.most(known.levels) > least

        def part(start: int) -> Floats:
            place, rows = number[start : start + _CHUNK], b[start : start + _CHUNK]
            result = known.best[place]
            # A rare value can raise odds by at most what the frequencies of the fields that agree allow.
            worth = np.flatnonzero(near[place])
            if len(worth):
                result[worth] = known.with_frequencies(place[worth], rows[worth])
            return result

        found = list(in_threads(part, range(0, len(b), _CHUNK), self.threads))
        return np.concatenate(found) if found else np.empty(0)


def guarded_patterns(patterns: Rows, *guards: Iterable[str]) -> list[Bools]:
    """For each list of guards which pairs of these patterns are never linked by themselves under them."""
    number, levels = _distinct(patterns)
    return [guarded(names, levels)[number] for names in guards]


def contradicting_patterns(patterns: Rows, guards: Iterable[str]) -> Bools:
    """Which pairs of these patterns contradict each other under these guards."""
    number, levels = _distinct(patterns)
    return contradicting(guards, levels)[number]


def nameless_patterns(patterns: Rows) -> Bools:
    """Which pairs of these patterns agree in no name, as twins do of whom a name is missing."""
    number, levels = _distinct(patterns)
    return nameless(levels)[number]


def _distinct(patterns: Rows) -> tuple[Ints, list[Ints]]:
    """Which distinct pattern each one is, and the levels of these."""
    number, distinct = numbered(patterns)
    seen = np.zeros(distinct, np.int32)
    seen[number] = patterns
    return number, unpack(seen)


@dataclass
class _Known:
    """Patterns, each weighed once."""

    model: Model
    table: Frequencies
    levels: list[Ints]

    def __post_init__(self) -> None:
        self.joint = class_log_joint(self.model, self.levels)
        self.best = _against(self.joint)

    def with_frequencies(self, place: Ints, b: Rows) -> Floats:
        """Log odds of pairs of these patterns and record rows."""
        if compiled() is None:
            own = np.ascontiguousarray(self.joint[:, place])  # added up class by class, as below
            self.table.adjust(own, [level[place] for level in self.levels], b)
            return _against(own)
        by_pattern, same, tables = self._tables
        ahead, behind = _rival_margins(by_pattern, same, place, b, tables)
        return ahead - np.log(np.exp(behind).sum(axis=0))

    @cached_property
    def _tables(
        self,
    ) -> tuple[Floats, npt.NDArray[np.uint32], list[tuple[Floats32, int]]]:
        """The classes by pattern; which frequencies count for it; and whom each raises."""
        same = np.zeros(self.joint.shape[1], np.uint32)
        tables: list[tuple[Floats32, int]] = []
        for bit, (name, table) in enumerate(self.table.by_row.items()):
            same |= agreeing(name, self.levels).astype(np.uint32) << np.uint32(bit)
            raised = np.flatnonzero(uses_chance(name)).tolist()
            tables.append((table, sum(1 << c for c in raised)))
        return np.ascontiguousarray(self.joint.T), same, tables


def _against(joint: Floats) -> Floats:
    """Log odds of the first class against all others together (classes x pairs)."""
    top = joint[1:].max(axis=0)
    return joint[0] - top - np.log(np.exp(joint[1:] - top).sum(axis=0))


def _rival_margins(
    joint: Floats,
    same: npt.NDArray[np.uint32],
    place: Ints,
    b: Rows,
    tables: Sequence[tuple[Floats32, int]],
) -> tuple[Floats, Floats]:
    """How far a match is ahead of its likeliest rival, and each rival behind that one (rivals x pairs).

    Args:
        joint: log share of each class (patterns x classes).
        same: for each pattern, by bits, which frequencies count.
        place: the pattern of each pair.
        b: the record row of each pair.
        tables: frequencies by record row, each with the classes that it raises as bits.
    """
    pointer = Pointers()
    frequency = np.array([pointer(table, np.float32) for table, _ in tables], np.uint64)
    classes = np.array([who for _, who in tables], np.uint32)
    ahead = np.empty(len(b))
    behind = np.empty((joint.shape[1] - 1, len(b)))
    compiled().rival_margins(
        joint, same, place, b, len(b), frequency, classes, len(tables), ahead, behind
    )
    return ahead, behind

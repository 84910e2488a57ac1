"""A linkage cut into shards: a shard is a pure function of the plan and its number.

Everything that looks at the whole cohort (normalising, blocks, weights) is in the plan before the
first shard begins; so it is all the same where, in which order and how often shards are worked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.arrays import Clock, Rows
from matching.blocking import Blocks, Screen
from matching.comparison import Comparer, compared
from matching.model import KEEP, Frequencies, Model, Weigher
from matching.normalise import Encoded

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Scored:
    """Pairs that are worth keeping, by cohort row and record row, with the log odds of each taken alone."""

    a: Rows
    b: Rows
    log_odds: Floats
    caught: Ints  # the rules that make each pair, as bits
    made: Ints  # pairs by rule, repetitions and pairs that are not worth keeping included
    patterns: int = 0  # distinct ones that trained the weights

    @property
    def pairs(self) -> int:
        """Pairs that were made, repetitions included."""
        return int(self.made.sum())

    @classmethod
    def joined(cls, shards: Iterable["Scored"], rules: int, patterns: int) -> "Scored":
        """All shards in their order as one."""
        none = np.empty(0, np.int32)
        empty = cls(none, none, np.empty(0), np.empty(0, np.int64), np.zeros(rules, np.int64))
        columns = zip(
            *((s.a, s.b, s.log_odds, s.caught, s.made[None]) for s in (empty, *shards)), strict=True
        )
        a, b, odds, caught, made = (np.concatenate(c) for c in columns)
        return cls(a, b, odds, caught, made.sum(axis=0), patterns)


@dataclass(frozen=True)
class ShardPlan:
    """What every shard of a linkage needs. Nothing of it changes while shards are worked."""

    encoded: Encoded
    comparer: Comparer
    blocks: Blocks
    model: Model
    table: Frequencies
    shard_rows: int  # cohort rows
    threads: int | None = None

    @property
    def shards(self) -> int:
        """How many there are."""
        return -(-self.encoded.cohort.rows // self.shard_rows)

    def work(self, number: int, seconds: dict[str, float] | None = None) -> Scored:
        """Score the candidates of one shard's rows."""
        spent = {} if seconds is None else seconds
        start = number * self.shard_rows
        rows = np.arange(start, min(start + self.shard_rows, self.encoded.cohort.rows), dtype="i4")
        with Clock(spent, "compare"):
            pairs = self.blocks.pairs(rows, self._screen)
            patterns = compared(self.comparer, pairs.a, pairs.b, self.threads)
        with Clock(spent, "score"):
            odds = Weigher(self.model, self.table, self.threads).log_odds(pairs.b, patterns, KEEP)
            worth = np.flatnonzero(odds > KEEP)
            return Scored(
                pairs.a[worth], pairs.b[worth], odds[worth], pairs.caught[worth], pairs.made
            )

    @cached_property
    def _screen(self) -> Screen:
        return Screen(self.encoded, self.model, self.table, KEEP, self.comparer)


Spread = Callable[[ShardPlan], Iterable[Scored]]
"""Works all shards of a plan somewhere, and gives them back in their order."""

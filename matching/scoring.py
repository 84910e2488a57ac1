"""From candidate pairs to log odds: train on a part of the cohort, then score shard by shard.

Training looks at all candidates of some rows; scoring throws away early what can't matter
(``screening``). Work is spread over threads by chunks, and chunks come back in order, so that
neither threads nor shards change a result.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import numpy.typing as npt

from matching.blocking import Blocks, Pairs, Rows, plan
from matching.chance import Frequencies, chance, frequencies
from matching.integers import numbered
from matching.levels import Comparer, compared
from matching.model import Model, class_log_joint, prior_model, train, unpack
from matching.normalise.encode import Encoded
from matching.options import LinkOptions
from matching.screening import Screen
from matching.workers import each

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Patterns = npt.NDArray[np.int32]

_CHUNK = 1 << 14  # pairs weighed at a time: their classes stay in a core's cache
KEEP = -6.0  # log odds below which a pair can't matter any more, even when both sides are full


@dataclass
class Scored:
    """Pairs that are worth keeping, by cohort row and record row, with the log odds of each taken alone."""

    a: Rows
    b: Rows
    log_odds: Floats
    caught: Ints  # the rules that make each pair, as bits
    pairs: int = 0
    patterns: int = 0


@dataclass
class Scorer:
    """One linkage in progress: blocks, comparer, model, and the clock."""

    encoded: Encoded
    options: LinkOptions
    same_table: bool = False
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        with Clock(self.seconds, "block"):
            self.blocks: Blocks = plan(self.encoded, self.options, same_table=self.same_table)
        with Clock(self.seconds, "train"):
            self.comparer = Comparer(self.encoded)
            rows = self.encoded.cohort.rows
            prior = prior_model(rows, self.encoded.records.rows, same_table=self.same_table)
            self.model: Model = chance(
                prior, self.encoded, self.comparer, self.options.seed, self.options.threads
            )
            self.table: Frequencies = frequencies(self.encoded, self.model, self.options.threads)
        self.patterns = 0

    def run(self) -> Scored:
        """Train, then score every candidate pair."""
        rows = self.encoded.cohort.rows
        chosen = _spread(rows, min(rows, self.options.training_rows))
        with Clock(self.seconds, "train"):
            pairs = self.blocks.pairs(chosen, counted=False)
            seen = self._patterns(self.comparer, pairs.a, pairs.b)
            if len(seen):
                number, distinct = numbered(seen.astype(np.int64))
                counts = np.bincount(number, minlength=distinct)
                patterns = np.zeros(distinct, np.int32)
                patterns[number] = seen
                order = np.argsort(patterns)
                share = len(chosen) / rows
                model = train(self.model.scaled(share), patterns[order], counts[order])
                self.model, self.patterns = model.scaled(1 / share), distinct
        return self.score()

    def score(self) -> Scored:
        """Score every candidate pair with the model as it is."""
        rows, size = self.encoded.cohort.rows, self.options.shard_rows
        screen = Screen(self.encoded, self.model, self.table, KEEP, self.comparer)
        shards = [self._shard(s, min(s + size, rows), screen) for s in range(0, rows, size)]
        if not shards:
            empty = np.empty(0, np.int32)
            return Scored(empty, empty, np.empty(0), np.empty(0, np.int64))
        columns = zip(*((s.a, s.b, s.log_odds, s.caught) for s in shards), strict=True)
        a, b, odds, caught = (np.concatenate(c) for c in columns)
        return Scored(a, b, odds, caught, sum(s.pairs for s in shards), self.patterns)

    def expect_matches(self, matches: float) -> None:
        """Set how many matches the model expects; the other classes keep their proportion."""
        sizes = self.model.sizes * (matches / self.model.sizes[0])
        sizes[1] = self.model.sizes[1]
        self.model = replace(self.model, sizes=sizes)

    def _shard(self, start: int, stop: int, screen: Screen) -> Scored:
        with Clock(self.seconds, "compare"):
            pairs = self.blocks.pairs(np.arange(start, stop, dtype=np.int32), screen)
            patterns = self._patterns(self.comparer, pairs.a, pairs.b)
        with Clock(self.seconds, "score"):
            odds = self.log_odds(pairs.b, patterns, KEEP)
            worth = np.flatnonzero(odds > KEEP)
            return Scored(
                pairs.a[worth], pairs.b[worth], odds[worth], pairs.caught[worth], pairs.looked_at
            )

    def _patterns(self, comparer: Comparer, a: Rows, b: Rows) -> Patterns:
        return compared(comparer, a, b, self.options.threads)

    def within_records(self) -> "Scorer":
        """The same weights for pairs of two records."""
        inner = copy(self)
        inner.encoded = replace(self.encoded, cohort=self.encoded.records)
        inner.comparer = self.comparer.over(inner.encoded)
        return inner

    def log_odds_of(self, a: Rows, b: Rows) -> Floats:
        """Log odds of any pairs of a cohort row and a record row."""
        return self.log_odds(b, self._patterns(self.comparer, a, b))

    def log_odds(self, b: Rows, patterns: Patterns, least: float = -np.inf) -> Floats:
        """Log odds of pairs with these record rows and patterns, on all cores.

        Below ``least`` they may lack what the frequencies of the shared values say.
        """

        def part(start: int) -> Floats:
            chunk = slice(start, start + _CHUNK)
            return self._log_odds(b[chunk], patterns[chunk], least)

        found = list(each(part, range(0, len(b), _CHUNK), self.options.threads))
        return np.concatenate(found) if found else np.empty(0)

    def _log_odds(self, b: Rows, patterns: Patterns, least: float) -> Floats:
        """Log odds of some pairs.

        A match is weighed against all other classes, value frequencies included.

        Patterns are weighed once; only pairs whose pattern could matter get their frequencies.
        """
        distinct, place = np.unique(patterns, return_inverse=True)
        levels = unpack(distinct)
        joint = class_log_joint(self.model, levels)
        best = joint[0] - np.logaddexp.reduce(joint[1:], axis=0)
        result = best[place]
        # A rare value can raise odds by at most what the frequencies of the fields that agree allow.
        worth = np.flatnonzero((best + self.table.most(levels) > least)[place])
        if len(worth):
            near = place[worth]
            own = joint[:, near]
            levels = [level[near] for level in levels]
            self.table.adjust(own, levels, b[worth])
            result[worth] = own[0] - np.logaddexp.reduce(own[1:], axis=0)
        return result


def _spread(rows: int, wanted: int) -> Rows:
    """So many rows at equal distances: a sorted file must not train on its first letters alone."""
    return (np.arange(wanted, dtype=np.int64) * rows // max(wanted, 1)).astype(np.int32)


class Clock:
    """Adds the seconds of a block of code to a stage."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        spent = perf_counter() - self._start
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + spent


__all__ = ["KEEP", "Clock", "Pairs", "Scored", "Scorer"]

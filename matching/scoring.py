"""From candidate pairs to log odds: train on a fixed part of the cohort, score shard by shard."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import numpy.typing as npt

from matching.blocking import Blocks, Rows, plan
from matching.chance import Frequencies, chance, frequencies
from matching.levels import Comparer
from matching.model import Model, class_log_joint, prior_model, train, unpack
from matching.normalise.encode import Encoded
from matching.options import LinkOptions

Floats = npt.NDArray[np.float64]

_CHUNK = 2_000_000  # pairs compared at a time; bounds the memory of a shard
KEEP = -6.0  # log odds below which a pair can't matter any more, even when both sides are full


@dataclass
class Scored:
    """Pairs that are worth keeping, with the log odds of each taken alone."""

    a: Rows
    b: Rows
    log_odds: Floats
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
            self.model: Model = chance(prior, self.encoded, self.comparer, self.options.seed)
            self.table: Frequencies = frequencies(self.encoded, self.model)

    def run(self) -> Scored:
        """Train, then score every candidate pair."""
        rows, size = self.encoded.cohort.rows, self.options.shard_rows
        training = min(rows, self.options.training_rows)
        if training == rows <= size:  # one pass: the training pairs are all pairs
            kept = list(self._compared(0, rows))
            self._train(kept, rows)
            return self._scored(iter(kept))
        self._train(list(self._compared(0, training)), rows)
        return self.score()

    def score(self) -> Scored:
        """Score every candidate pair with the model as it is."""
        rows, size = self.encoded.cohort.rows, self.options.shard_rows
        return self._scored(
            p for s in range(0, rows, size) for p in self._compared(s, min(s + size, rows))
        )

    def expect_matches(self, matches: float) -> None:
        """Set how many matches the model expects; the other classes keep their proportion."""
        sizes = self.model.sizes * (matches / self.model.sizes[0])
        sizes[1] = self.model.sizes[1]
        self.model = replace(self.model, sizes=sizes)

    def _compared(
        self, start: int, stop: int
    ) -> Iterator[tuple[Rows, Rows, npt.NDArray[np.int32]]]:
        pairs = self.blocks.pairs(start, stop)
        while True:
            with Clock(self.seconds, "block"):
                made = next(pairs, None)
            if made is None:
                return
            _, a, b = made
            self.blocks.counts[made[0]].pairs += len(a)
            for i in range(0, len(a), _CHUNK):
                with Clock(self.seconds, "compare"):
                    x, y = a[i : i + _CHUNK], b[i : i + _CHUNK]
                    patterns = self.comparer.patterns(x, y)
                yield x, y, patterns

    def _train(self, kept: list[tuple[Rows, Rows, npt.NDArray[np.int32]]], rows: int) -> None:
        with Clock(self.seconds, "train"):
            if not kept:
                return
            patterns, counts = np.unique(np.concatenate([k[2] for k in kept]), return_counts=True)
            training = min(rows, self.options.training_rows)
            share = training / max(rows, 1)
            self.model = train(self.model.scaled(share), patterns, counts).scaled(1 / share)
            if training < rows:
                for count in self.blocks.counts:
                    count.pairs = 0  # the training rows come again with their shard

    def _scored(self, parts: Iterator[tuple[Rows, Rows, npt.NDArray[np.int32]]]) -> Scored:
        kept: list[tuple[Rows, Rows, Floats]] = []
        total, seen = 0, 0
        for a, b, patterns in parts:
            with Clock(self.seconds, "score"):
                odds, distinct = self.log_odds(b, patterns)
                worth = odds > KEEP
                kept.append((a[worth], b[worth], odds[worth]))
                total += len(a)
                seen = max(seen, distinct)
        if not kept:
            empty = np.empty(0, np.int32)
            return Scored(empty, empty, np.empty(0), 0, 0)
        a, b, odds = (np.concatenate(x) for x in zip(*kept, strict=True))
        order = np.lexsort((b, a))
        return Scored(a[order], b[order], odds[order], total, seen)

    def within_records(self) -> "Scorer":
        """The same weights for pairs of two records."""
        inner = copy(self)
        inner.encoded = replace(self.encoded, cohort=self.encoded.records)
        inner.comparer = Comparer(inner.encoded)
        return inner

    def log_odds(self, b: Rows, patterns: npt.NDArray[np.int32]) -> tuple[Floats, int]:
        """Log odds of pairs with these record rows and patterns; and how many patterns differ.

        A match is weighed against all other classes, value frequencies included.

        Patterns are weighed once; only pairs whose pattern could matter get their frequencies.
        """
        distinct, place = np.unique(patterns, return_inverse=True)
        joint = class_log_joint(self.model, unpack(distinct))
        best = joint[0] - np.logaddexp.reduce(joint[1:], axis=0)
        result = best[place]
        # A rare value can raise odds by at most what all its fields' frequencies allow.
        worth = np.flatnonzero(result > KEEP - self.table.most())
        if len(worth):
            near = place[worth]
            own = joint[:, near]
            levels = [level[near] for level in unpack(distinct)]
            self.table.adjust(own, levels, b[worth])
            result[worth] = own[0] - np.logaddexp.reduce(own[1:], axis=0)
        return result, len(distinct)


class Clock:
    """Adds the seconds of a block of code to a stage."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        spent = perf_counter() - self._start
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + spent

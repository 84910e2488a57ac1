"""From candidate pairs to log odds: train on a part of the cohort, then score shard by shard.

Training looks at all candidates of some rows; scoring throws away early what can't matter
(``pair_filter``). Work is spread over threads by chunks, and chunks come back in order, so that
neither threads nor shards change a result.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np

from matching.array_types import Floats, Rows
from matching.arrays import Clock, numbered
from matching.blocking import Blocks, plan
from matching.comparison import Comparer, compare_pairs
from matching.model import (
    Frequencies,
    MatchWeights,
    Model,
    fit_chance,
    frequencies,
    prior_model,
    train,
)
from matching.normalise import Encoded
from matching.options import LinkOptions
from matching.scoring.shards import RunShards, Scored, ShardPlan


@dataclass
class Scorer:
    """One linkage in progress: blocks, comparer, model, and the clock."""

    encoded: Encoded
    options: LinkOptions
    same_table: bool = False
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        with Clock(self.seconds, "block"), ThreadPoolExecutor(1) as other:
            comparing = other.submit(Comparer, self.encoded)  # Python's work, beside numpy's
            learning = other.submit(self._by_chance, comparing)
            self.blocks: Blocks = plan(self.encoded, self.options, same_table=self.same_table)
            self.comparer = comparing.result()
            self.model, self.table = learning.result()
        self.patterns = 0

    def _by_chance(self, comparing: Future[Comparer]) -> tuple[Model, Frequencies]:
        """The model before it has seen a candidate, and what each value's frequency adds."""
        rows, options = self.encoded.cohort.rows, self.options
        prior = prior_model(rows, self.encoded.records.rows, same_table=self.same_table)
        model = fit_chance(prior, self.encoded, comparing.result(), options.seed, options.threads)
        return model, frequencies(self.encoded, model, options.threads)

    def run(self, run_shards: RunShards | None = None) -> Scored:
        """Train, then score every candidate pair, here or where ``run_shards`` has it done."""
        rows = self.encoded.cohort.rows
        chosen = _evenly_spaced(rows, min(rows, self.options.training_rows))
        with Clock(self.seconds, "train"):
            pairs = self.blocks.pairs(chosen)
            seen = compare_pairs(self.comparer, pairs.a, pairs.b, self.options.threads)
            if len(seen):
                number, distinct = numbered(seen)
                counts = np.bincount(number, minlength=distinct)
                patterns = np.zeros(distinct, np.int32)
                patterns[number] = seen
                order = np.argsort(patterns)
                share = len(chosen) / rows
                model = train(self.model.scaled(share), patterns[order], counts[order])
                self.model, self.patterns = model.scaled(1 / share), distinct
        return self.score(run_shards)

    def score(self, run_shards: RunShards | None = None) -> Scored:
        """Score every candidate pair with the model as it is."""
        rows, threads = self.options.shard_rows, self.options.threads
        plan = ShardPlan(
            self.encoded, self.comparer, self.blocks, self.model, self.table, rows, threads
        )
        if run_shards is None:
            shards = [plan.work(number, self.seconds) for number in range(plan.shards)]
        else:
            with Clock(self.seconds, "compare"):
                shards = list(run_shards(plan))
        scored = Scored.joined(shards, len(self.blocks.rules), self.patterns)
        self.blocks.count(scored.made)
        return scored

    def expect_matches(self, matches: float) -> None:
        """Set how many matches the model expects; the other classes keep their proportion."""
        sizes = self.model.sizes * (matches / self.model.sizes[0])
        sizes[1] = self.model.sizes[1]
        self.model = replace(self.model, sizes=sizes)

    def within_records(self) -> "Scorer":
        """The same weights for pairs of two records."""
        inner = copy(self)
        inner.encoded = replace(self.encoded, cohort=self.encoded.records)
        inner.comparer = self.comparer.over(inner.encoded)
        return inner

    def log_odds_of(self, a: Rows, b: Rows) -> Floats:
        """Log odds of any pairs of a cohort row and a record row."""
        return self.log_odds(b, compare_pairs(self.comparer, a, b, self.options.threads))

    def log_odds(self, b: Rows, patterns: Rows, least: float = -np.inf) -> Floats:
        """Log odds of pairs with these record rows and patterns; see ``MatchWeights``."""
        return MatchWeights(self.model, self.table, self.options.threads).log_odds(
            b, patterns, least
        )


def _evenly_spaced(rows: int, wanted: int) -> Rows:
    """So many rows at equal distances: a sorted file must not train on its first letters alone."""
    return (np.arange(wanted, dtype=np.int64) * rows // max(wanted, 1)).astype(np.int32)

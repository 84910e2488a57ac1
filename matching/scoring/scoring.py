"""From candidate pairs to log odds: train on a part of the cohort, then score shard by shard.

Training looks at all candidates of some rows; scoring throws away early what can't matter
(``pair_filter``). Work is spread over threads by chunks, and chunks come back in order, so that
threads don't change a result. Nor do shards: a shard is a pure function of the plan and its number.
Everything that looks at the whole cohort (normalising, blocks, weights) is in the plan before the
first shard begins; so it is all the same where, in which order and how often shards are worked.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching import model as models
from matching.arrays import Clock, give_back, numbered
from matching.arrow import Bools, Floats, Ints, Rows
from matching.blocking import Blocks, PairFilter, Planned, plan
from matching.comparison import Comparer, compare_pairs, level, level_in
from matching.labels import DIFFERENT, SAME, LabelledRows
from matching.model import frequencies
from matching.normalise import Encoded
from matching.options import LinkOptions

_SHARDS: Final = (
    6  # of one table: what is kept of a shard's row while it is worked is some 200 bytes
)
_LARGE: Final = 1_000_000  # rows of a cohort: beside more, giving memory back costs nothing; of one table above it not everything is worked at once


@dataclass
class Scored:
    """Pairs that are worth keeping, by cohort row and record row, with the log odds of each taken alone."""

    a: Rows
    b: Rows
    log_odds: Floats
    guarded: Bools  # never linked by itself
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
        kinds = np.int32, np.int32, np.float64, np.bool_, np.int64
        parts: list[list[npt.NDArray[Any]]] = [[np.empty(0, kind)] for kind in kinds]
        made = np.zeros(rules, np.int64)
        for shard in shards:
            made += shard.made
            own = shard.a, shard.b, shard.log_odds, shard.guarded, shard.caught
            for column, values in zip(parts, own, strict=True):
                column.append(values)
        # one column after the other, whose parts are let go: all of them twice would be the most that scoring holds
        a, b, odds, guarded, caught = (np.concatenate(parts.pop(0)) for _ in kinds)
        return cls(a, b, odds, guarded, caught, made, patterns)


@dataclass(frozen=True)
class ShardPlan:
    """What every shard of a linkage needs. Nothing of it changes while shards are worked."""

    encoded: Encoded
    comparer: Comparer
    blocks: Blocks
    model: models.Model
    table: models.Frequencies
    shard_rows: int  # cohort rows
    never_link: tuple[str, ...] = ()
    threads: int | None = None
    least: float = models.KEEP  # log odds of pairs that are worth keeping

    @property
    def shards(self) -> int:
        """How many there are."""
        return -(-self.encoded.cohort.rows // self.shard_rows)

    def work(self, number: int, seconds: dict[str, float] | None = None) -> Scored:
        """Score the candidates of one shard's rows."""
        start = number * self.shard_rows
        rows = np.arange(start, min(start + self.shard_rows, self.encoded.cohort.rows), dtype="i4")
        return self.of(rows, seconds)

    def of(self, rows: Rows, seconds: dict[str, float] | None = None) -> Scored:
        """Score the candidates of some rows, which are in their order."""
        spent = {} if seconds is None else seconds
        with Clock(spent, "compare"):
            pairs = self.blocks.pairs(rows, self._pair_filter)
            patterns = compare_pairs(self.comparer, pairs.a, pairs.b, self.threads)
        with Clock(spent, "score"):
            odds = models.MatchWeights(self.model, self.table, self.threads).log_odds(
                pairs.b, patterns, self.least
            )
            worth = np.flatnonzero(odds > self.least)
            a, b = pairs.a[worth], pairs.b[worth]
            (guarded,) = _guarded(
                self.comparer, a, b, patterns[worth], odds[worth], self.never_link
            )
            return Scored(
                a,
                b,
                odds[worth],
                guarded,
                pairs.caught[worth],
                pairs.made,
            )

    @cached_property
    def _pair_filter(self) -> PairFilter:
        return PairFilter(self.encoded, self.model, self.table, self.least, self.comparer)


def of_one_table(options: LinkOptions, rows: int, shards: int = _SHARDS) -> LinkOptions:
    """The options of a linkage of one table with itself, in ``shards`` at most.

    Every shard looks at all rows after it: with more, the longer a table is, its search would cost the square of it.
    """
    return replace(options, shard_rows=max(options.shard_rows, -(-rows // shards)))


RunShards = Callable[[ShardPlan], Iterable[Scored]]
"""Works all shards of a plan somewhere, and gives them back in their order."""


@dataclass(frozen=True)
class Learnt:
    """What a linkage would otherwise learn of its tables: weights, frequencies by record row, and the rules as planned."""

    model: models.Model
    table: models.Frequencies
    rules: list[Planned]


@dataclass
class Scorer:
    """One linkage in progress: blocks, comparer, model, and the clock."""

    encoded: Encoded
    options: LinkOptions
    same_table: bool = False
    labelled: LabelledRows | None = None
    lessons: models.Reviewed | None = None  # of other linkages; not besides labels
    start: models.SavedModel | None = None
    learnt: Learnt | None = None  # nothing is counted, planned or trained here
    least: float = models.KEEP  # log odds of pairs that are worth keeping
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self.patterns = 0
        if self.learnt is not None:
            threads, same_table = self.options.threads, self.same_table
            self.blocks = Blocks(self.encoded, self.learnt.rules, same_table, threads)
            self.comparer = Comparer(self.encoded)
            self.model, self.table = self.learnt.model, self.learnt.table
            return
        many = self.encoded.cohort.rows > _LARGE
        large = self.same_table and many
        if many:  # holes of what was read and coded
            give_back()
        with Clock(self.seconds, "block"), ThreadPoolExecutor(2) as other:
            comparing = other.submit(Comparer, self.encoded)  # Python's work, beside numpy's
            people = models.People.of
            telling_apart = None if large else other.submit(people, self.encoded.records)
            learning = other.submit(self._by_chance, comparing, telling_apart)
            if many:
                learning.result()  # what that holds is let go before the rules' keys are made
                give_back()
            self.blocks: Blocks = plan(self.encoded, self.options, same_table=self.same_table)
            self.comparer = comparing.result()
            self.model, self.table = learning.result()
        if self.same_table or many:  # as large as any
            give_back()

    def _by_chance(
        self, comparing: Future[Comparer], telling_apart: Future[models.People] | None
    ) -> tuple[models.Model, models.Frequencies]:
        """The model before it has seen a candidate, and what each value's frequency adds.

        Of a large table people are only told apart when they are counted (None), and one thing is done after the other.
        """
        rows, options = self.encoded.cohort.rows, self.options
        prior = models.prior_model(
            rows, self.encoded.records.rows, same_table=self.same_table, saved=self.start
        )
        values = models.values_of(self.encoded)
        model = models.fit_chance(
            prior, self.encoded, comparing.result(), options.seed, options.threads, values
        )
        side, threads = self.encoded.records, options.threads
        if telling_apart is not None:
            namesakes = models.count_namesakes(telling_apart.result(), side, model)
        else:
            give_back()
            namesakes = models.count_namesakes(models.People.of(side), side, model)
            give_back()
            threads = 1
        model = models.with_namesakes(model, namesakes.average, namesakes.same_middle)
        return model, frequencies(values, model, namesakes, threads)

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
                reviewed = self._reviewed()
                model = models.train(
                    self.model.scaled(share), patterns[order], counts[order], reviewed
                )
                self.model, self.patterns = model.scaled(1 / share), distinct
        return self.score(run_shards)

    def _reviewed(self) -> models.Reviewed | None:
        """The decided ones among the candidate pairs, to learn from."""
        labelled = self.labelled
        if labelled is None:
            return self.lessons
        pairs = self.blocks.pairs(labelled.asked)
        verdict = labelled.verdicts(pairs.a, pairs.b)
        here = np.flatnonzero((verdict == SAME) | (verdict == DIFFERENT))
        a, b = pairs.a[here], pairs.b[here]
        patterns = compare_pairs(self.comparer, a, b, self.options.threads)
        frequencies = np.zeros((len(self.model.sizes), len(here)))
        self.table.adjust(frequencies, models.unpack(patterns), b)
        return models.Reviewed(patterns, frequencies, verdict[here] == SAME)

    def shard_plan(self) -> ShardPlan:
        """What every shard needs, with the model as it is."""
        options = self.options
        return ShardPlan(
            self.encoded, self.comparer, self.blocks, self.model, self.table,
            options.shard_rows, options.never_link, options.threads, self.least,
        )  # fmt: skip

    def score(self, run_shards: RunShards | None = None) -> Scored:
        """Score every candidate pair with the model as it is."""
        plan, rules = self.shard_plan(), len(self.blocks.rules)
        if run_shards is None:
            scored = Scored.joined(self._worked_here(plan), rules, self.patterns)
        else:
            with Clock(self.seconds, "compare"):
                scored = Scored.joined(run_shards(plan), rules, self.patterns)
        self.blocks.count(scored.made)
        return scored

    def _worked_here(self, plan: ShardPlan) -> Iterator[Scored]:
        """The shards in their order."""
        for number in range(plan.shards):
            yield plan.work(number, self.seconds)
            if self.same_table:
                give_back()

    def expect_matches(self, matches: float) -> None:
        """Set how many matches the model expects; the other classes keep their proportion, but for what chance makes."""
        sizes = self.model.sizes * (matches / self.model.sizes[0])
        sizes[models.CHANCE] = self.model.sizes[models.CHANCE]
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

    def weighed(self, a: Rows, b: Rows) -> tuple[Floats, Bools, Bools]:
        """Log odds of any pairs, which are never linked by themselves, and which of these contradict each other."""
        options = self.options
        patterns = compare_pairs(self.comparer, a, b, options.threads)
        odds = self.log_odds(b, patterns)
        (guarded,) = _guarded(self.comparer, a, b, patterns, odds, options.never_link)
        opposed = models.contradicting_patterns(patterns, options.conflicts)
        if "twin" in options.conflicts:
            opposed |= _twins(self.comparer, a, b, patterns, odds)
        return odds, guarded, opposed

    def opposed(self, a: Rows, b: Rows) -> Bools:
        """Which pairs contradict each other."""
        patterns = compare_pairs(self.comparer, a, b, self.options.threads)
        found = models.contradicting_patterns(patterns, self.options.conflicts)
        if "twin" in self.options.conflicts:
            found |= self.comparer.twins_by_name(patterns, a, b)
        return found

    def held_by(self, a: Rows, b: Rows) -> dict[str, int]:
        """How many of these pairs each guard keeps from being linked by themselves."""
        guards = self.options.never_link
        patterns = compare_pairs(self.comparer, a, b, self.options.threads)
        odds = self.log_odds(b, patterns)
        masks = _guarded(self.comparer, a, b, patterns, odds, *((guard,) for guard in guards))
        return {guard: int(mask.sum()) for guard, mask in zip(guards, masks, strict=True)}

    def log_odds(self, b: Rows, patterns: Rows, least: float = -np.inf) -> Floats:
        """Log odds of pairs with these record rows and patterns; see ``MatchWeights``."""
        return models.MatchWeights(self.model, self.table, self.options.threads).log_odds(
            b, patterns, least
        )


# Log odds (0.94) from which a pair whose first names are of two tongues may be linked by itself: the twin of somebody who
# goes by one name is two or three times as likely to go by one of the other tongue as they are themselves.
_TWO_TONGUES: Final = 2.8
# Log odds (0.87) that a pair of one home, of which one birth date is missing, must have by itself: the row being unlikely to be left over says
# nothing, since who is not on record and lives with a namesake who is, is left over.
_UNDATED: Final = 1.9


def _guarded(
    comparer: Comparer, a: Rows, b: Rows, patterns: Rows, odds: Floats, *guards: tuple[str, ...]
) -> list[Bools]:
    """``guarded_patterns``, and what patterns don't show: names that are known by their sound alone are held by the guard on names, perhaps sons by that on birth dates."""
    held = {
        "names": comparer.encoded.in_other_letters(a, b),
        "twin": _twins(comparer, a, b, patterns, odds) | _nameless(comparer, a, b, patterns),
        "birth": _heirs(patterns, odds),
    }
    return [
        np.logical_or.reduce([mask, *(held[name] for name in names if name in held)])
        for names, mask in zip(guards, models.guarded_patterns(patterns, *guards), strict=True)
    ]


def _twins(comparer: Comparer, a: Rows, b: Rows, patterns: Rows, odds: Floats) -> Bools:
    """Pairs that twins are as likely: first names of two tongues, similar ones that both are usual, or a surname in another box beside two first names."""
    c, r = comparer.encoded.cohort, comparer.encoded.records
    tongues = (c.first[a] >= 0) & (r.first[b] >= 0) & (level_in(patterns, "first") == 0)
    return (tongues & (odds < _TWO_TONGUES)) | comparer.twins_by_name(patterns, a, b)


def _nameless(comparer: Comparer, a: Rows, b: Rows, patterns: Rows) -> Bools:
    """Pairs of one birth and home of which each has a name, and no two agree, in any box: no contradiction, but nothing that tells twins apart."""
    c, r = comparer.encoded.cohort, comparer.encoded.records
    named = ((c.first[a] >= 0) | (c.last[a] >= 0)) & ((r.first[b] >= 0) | (r.last[b] >= 0))
    return named & models.nameless_patterns(patterns) & ~comparer.given.across(a, b)


def _heirs(patterns: Rows, odds: Floats) -> Bools:
    """Pairs that father and son of one name are nearly as likely: one home, and no birth date on a side."""
    found = odds < _UNDATED
    here = np.flatnonzero(found)
    street = level_in(patterns[here], "street")
    home = (street == level("street", "same")) | (street == level("street", "near"))
    home |= level_in(patterns[here], "phone") == level("phone", "same")
    found[here] = home & (level_in(patterns[here], "birth") == 0)
    return found


def _evenly_spaced(rows: int, wanted: int) -> Rows:
    """So many rows at equal distances: a sorted file must not train on its first letters alone."""
    return (np.arange(wanted, dtype=np.int64) * rows // max(wanted, 1)).astype(np.int32)

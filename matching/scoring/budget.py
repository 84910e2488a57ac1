"""What the pair budget costs: matches that were given up with values that are too frequent.

Rows whose values were split or cut are drawn at equal distances and compared without splits and
cuts; what they would match beyond the candidates that they do have is the loss. The interval is
wide where few rows could be drawn, and says so.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching import blocking
from matching.arrays import in_threads
from matching.arrow import Bools, Floats, Hashes, Rows
from matching.model import KEEP
from matching.normalise import Side
from matching.scoring.scoring import Scorer

_ROWS, _PAIRS = 2_000, 300_000  # drawn at most: a fraction of a second


@dataclass(frozen=True)
class BudgetCost:
    """Matches expected to be lost to splits and cuts, with an interval (95 %).

    ``rows`` have a value that was split or cut; ``drawn`` of them were looked at, in ``pairs`` pairs.
    """

    rows: int = 0
    drawn: int = 0
    pairs: int = 0
    expected: float = 0.0
    low: float = 0.0
    high: float = 0.0


def budget_cost(scorer: Scorer) -> BudgetCost:
    """Estimate what splits and cuts cost, with the model as it is."""
    touched = [p for p in scorer.blocks.rules if p.splits or p.count.cut_values]
    bare = [blocking.Planned(p.rule, blocking.RuleCount(p.rule.name)) for p in touched]
    if not touched:
        return BudgetCost()
    affected = _affected(scorer, touched, bare)
    drawn, records = _drawn(scorer, touched, bare, affected)
    if not len(drawn):
        return BudgetCost()
    free = _free(scorer, bare, drawn, records)
    lost = np.flatnonzero(~_made(scorer, free))
    odds = scorer.log_odds_of(free.a[lost], free.b[lost])
    chance = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    place = np.searchsorted(drawn, free.a[lost])
    by_row = np.minimum(np.bincount(place, chance, len(drawn)), 1.0)
    return _estimate(by_row, len(affected), int(free.made.sum()))


def _frequent(
    scorer: Scorer, touched: list[blocking.Planned], bare: list[blocking.Planned], side: Side
) -> list[tuple[Hashes, Bools]]:
    """For each rule the keys of a side's rows, and which of them are of a value that was split or cut."""
    parts = blocking.Parts(scorer.encoded, side)
    keys: list[tuple[Hashes, Bools]] = []
    for planned, free in zip(touched, bare, strict=True):
        hashes, known = free.hashes(parts, records=False)
        if planned.count.cut_values != -1:
            frequent = planned.splits[0][0] if planned.splits else planned.given_up
            known &= blocking.among_hashes(hashes, frequent)
        keys.append((hashes, known))
    return keys


def _affected(
    scorer: Scorer, touched: list[blocking.Planned], bare: list[blocking.Planned]
) -> Rows:
    """The cohort's rows that have such a value; of no more than a chunk are the keys held."""
    cohort = scorer.encoded.cohort

    def chunk(begin: int) -> Rows:
        side = cohort.cut(begin, begin + blocking.CHUNK)
        here = np.any([known for _, known in _frequent(scorer, touched, bare, side)], axis=0)
        return (np.flatnonzero(here) + begin).astype(np.int32)

    chunks = range(0, cohort.rows, blocking.CHUNK)
    found = list(in_threads(chunk, chunks, scorer.options.threads))
    return np.concatenate(found) if found else np.empty(0, np.int32)


def _drawn(
    scorer: Scorer,
    touched: list[blocking.Planned],
    bare: list[blocking.Planned],
    affected: Rows,
) -> tuple[Rows, Rows]:
    """Rows at equal distances, as many as the pairs allow (at least one), and the records that share their frequent values."""
    count = min(len(affected), _ROWS)
    if not count:
        return affected, affected
    rows = affected[np.arange(count, dtype=np.int64) * len(affected) // count]
    keys = _frequent(scorer, touched, bare, scorer.encoded.cohort.take(rows))
    met = _met(scorer, bare, [np.unique(hashes[known]) for hashes, known in keys])
    pairs = np.zeros(count, np.int64)
    for (hashes, known), (theirs, _) in zip(keys, met, strict=True):
        values, records = np.unique(theirs, return_counts=True)
        if len(values):
            place = np.minimum(np.searchsorted(values, hashes), len(values) - 1)
            here = known & (values[place] == hashes)
            pairs += np.where(here, records[place], 0)
    order = np.random.default_rng(scorer.options.seed).permutation(count)
    fits = max(1, int(np.searchsorted(np.cumsum(pairs[order]), _PAIRS, "right")))
    chosen = np.sort(order[:fits])
    kept = [
        records[blocking.among_hashes(theirs, np.unique(hashes[chosen][known[chosen]]))]
        for (hashes, known), (theirs, records) in zip(keys, met, strict=True)
    ]
    return rows[chosen], np.unique(np.concatenate(kept))


def _met(
    scorer: Scorer, bare: list[blocking.Planned], wanted: list[Hashes]
) -> list[tuple[Hashes, Rows]]:
    """For each rule the records that have a wanted key, and their keys."""
    side = scorer.encoded.records

    def chunk(begin: int) -> list[tuple[Hashes, Rows]]:
        parts = blocking.Parts(scorer.encoded, side.cut(begin, begin + blocking.CHUNK))
        found: list[tuple[Hashes, Rows]] = []
        for free, keys in zip(bare, wanted, strict=True):
            hashes, known = free.hashes(parts, records=True)
            here = np.flatnonzero(known & blocking.among_hashes(hashes, keys))
            found.append((hashes[here], (here + begin).astype(np.int32)))
        return found

    chunks = list(in_threads(chunk, range(0, side.rows, blocking.CHUNK), scorer.options.threads))
    return [
        (np.concatenate([h for h, _ in of_rule]), np.concatenate([r for _, r in of_rule]))
        for of_rule in zip(*chunks, strict=True)
    ]


def _free(
    scorer: Scorer, bare: list[blocking.Planned], drawn: Rows, records: Rows
) -> blocking.Pairs:
    """What the drawn rows would be compared with if no value were split or cut."""
    choice = blocking.PairFilter(scorer.encoded, scorer.model, scorer.table, KEEP, scorer.comparer)
    few = replace(scorer.encoded, records=scorer.encoded.records.take(records))
    blocks = blocking.Blocks(few, bare, same_table=False, threads=scorer.options.threads)
    free = blocks.pairs(drawn, lambda a, b: choice(a, records[b]))
    b = records[free.b]
    keep = np.flatnonzero(free.a < b) if scorer.same_table else np.arange(len(b))
    return blocking.Pairs(free.a[keep], b[keep], free.caught[keep], free.made)


def _made(scorer: Scorer, pairs: blocking.Pairs) -> Bools:
    """Which pairs some rule makes as it stands."""
    mine = blocking.Parts(scorer.encoded, scorer.encoded.cohort.take(pairs.a))
    theirs = blocking.Parts(scorer.encoded, scorer.encoded.records.take(pairs.b))
    made = np.zeros(len(pairs), np.bool_)
    for planned in scorer.blocks.rules:
        if planned.count.cut_values != -1:
            x, known = planned.hashes(mine, records=False)
            y, present = planned.hashes(theirs, records=True)
            made |= known & present & (x == y)
    return made


def _estimate(by_row: Floats, affected: int, pairs: int) -> BudgetCost:
    drawn = len(by_row)
    mean, spread = float(by_row.mean()), float(by_row.std()) / drawn**0.5
    few = 0.0 if drawn == affected else 3 / drawn  # no loss among_hashes n rows still allows 3/n
    wide = 0.0 if drawn == affected else 1.96 * spread
    return BudgetCost(
        rows=affected,
        drawn=drawn,
        pairs=pairs,
        expected=round(mean * affected, 3),
        low=round(max(0.0, mean - wide) * affected, 3),
        high=round(min(1.0, max(mean + wide, few)) * affected, 3),
    )

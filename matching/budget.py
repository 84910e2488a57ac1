"""What the pair budget costs: matches that were given up with values that are too frequent.

Rows whose values were split or cut are drawn at equal distances and compared without splits and
cuts; what they would match beyond the candidates that they do have is the loss. The interval is
wide where few rows could be drawn, and says so.
"""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from matching.blocking import Blocks, Pairs
from matching.blocking_rules import Parts
from matching.joining import Hashes, Rows
from matching.planning import CHUNK, Planned, RuleCount, among
from matching.scoring import KEEP, Scorer
from matching.screening import Screen

Floats = npt.NDArray[np.float64]

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

    def as_json(self) -> dict[str, float]:
        """For the report."""
        return asdict(self)


def budget_cost(scorer: Scorer) -> BudgetCost:
    """Estimate what splits and cuts cost, with the model as it is."""
    touched = [p for p in scorer.blocks.rules if p.splits or p.count.cut_values]
    bare = [Planned(p.rule, RuleCount(p.rule.name)) for p in touched]
    if not touched:
        return BudgetCost()
    parts = Parts(scorer.encoded, scorer.encoded.cohort)
    keys: list[tuple[Hashes, npt.NDArray[np.bool_]]] = []
    for planned, free in zip(touched, bare, strict=True):
        hashes, known = free.hashes(parts, records=False)
        if planned.count.cut_values != -1:
            frequent = planned.splits[0][0] if planned.splits else planned.given_up
            known &= among(hashes, frequent)
        keys.append((hashes, known))
    affected = np.flatnonzero(np.any([known for _, known in keys], axis=0)).astype(np.int32)
    drawn = _drawn(scorer, bare, keys, affected)
    if not len(drawn):
        return BudgetCost()
    screen = Screen(scorer.encoded, scorer.model, scorer.table, KEEP)
    blocks = scorer.blocks
    whole = Blocks(scorer.encoded, bare, blocks.same_table, blocks.threads)
    free = whole.pairs(drawn, screen, counted=False)
    lost = _beyond(free, blocks.pairs(drawn, screen, counted=False))
    odds = scorer.log_odds_of(free.a[lost], free.b[lost])
    chance = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    by_row = np.minimum(np.bincount(np.searchsorted(drawn, free.a[lost]), chance, len(drawn)), 1.0)
    return _estimate(by_row, len(affected), free.looked_at)


def _drawn(
    scorer: Scorer,
    bare: list[Planned],
    keys: list[tuple[Hashes, npt.NDArray[np.bool_]]],
    affected: Rows,
) -> Rows:
    """Rows at equal distances, as many as the pairs allow (at least one)."""
    count = min(len(affected), _ROWS)
    if not count:
        return affected
    rows = affected[np.arange(count, dtype=np.int64) * len(affected) // count]
    pairs = np.zeros(count, np.int64)
    for free, (hashes, known) in zip(bare, keys, strict=True):
        wanted, place = np.unique(hashes[rows], return_inverse=True)
        pairs += np.where(known[rows], _records_of(scorer, free, wanted)[place], 0)
    order = np.random.default_rng(scorer.options.seed).permutation(count)
    fits = max(1, int(np.searchsorted(np.cumsum(pairs[order]), _PAIRS, "right")))
    return np.sort(rows[order[:fits]])


def _records_of(scorer: Scorer, free: Planned, wanted: Hashes) -> npt.NDArray[np.int64]:
    """How many records have each key."""
    side, counts = scorer.encoded.records, np.zeros(len(wanted), np.int64)
    for begin in range(0, side.rows, CHUNK):
        parts = Parts(scorer.encoded, side.cut(begin, begin + CHUNK))
        hashes, known = free.hashes(parts, records=True)
        here = hashes[known & among(hashes, wanted)]
        np.add.at(counts, np.searchsorted(wanted, here), 1)
    return counts


def _beyond(free: Pairs, real: Pairs) -> npt.NDArray[np.intp]:
    """Places of the pairs that are not among the real candidates."""
    mine, theirs = (p.a.astype(np.int64) << 32 | p.b for p in (free, real))
    return np.flatnonzero(~np.isin(mine, theirs))


def _estimate(by_row: Floats, affected: int, pairs: int) -> BudgetCost:
    drawn = len(by_row)
    mean, spread = float(by_row.mean()), float(by_row.std()) / drawn**0.5
    few = 0.0 if drawn == affected else 3 / drawn  # no loss among n rows still allows 3/n
    wide = 0.0 if drawn == affected else 1.96 * spread
    return BudgetCost(
        rows=affected,
        drawn=drawn,
        pairs=pairs,
        expected=round(mean * affected, 3),
        low=round(max(0.0, mean - wide) * affected, 3),
        high=round(min(1.0, max(mean + wide, few)) * affected, 3),
    )

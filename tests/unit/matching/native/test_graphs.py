"""Candidates among themselves and connected parts: the library, whole arrays and plain loops agree."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.assignment import identities
from matching.assignment.identities import (
    _CANDIDATE,
    _MOST_CANDIDATES,
    _candidate_pairs,
    components,
    edges_of,
)
from matching.scoring.scoring import Scored
from tests.examples import examples
from tests.unit.matching.compiled import both_ways

FEW = examples(60)
PAIRS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 59)), max_size=200)


def scored_of(pairs, seed, levels):
    rng = np.random.default_rng(seed)
    a, b = np.array(sorted(pairs), np.int32).reshape(-1, 2).T
    odds = rng.integers(-5, levels, len(a)).astype(np.float64)
    none = np.zeros(len(a), np.int64)
    free = np.zeros(len(a), np.bool_)
    return Scored(np.ascontiguousarray(a), np.ascontiguousarray(b), odds, free, none, none)


def by_hand(scored, by_themselves, record):
    """Each pair of records that one row has among its best candidates, with its weaker odds by itself."""
    columns = scored.a, scored.b, scored.log_odds, by_themselves
    pairs = list(zip(*(column.tolist() for column in columns), strict=True))
    liked = {
        r: max(w for _, b, _, w in pairs if record[b] == r)
        for _, b, _, _ in pairs
        for r in [record[b]]
    }
    found = {}
    for row in {a for a, *_ in pairs}:
        mine = sorted((-o, b, w) for a, b, o, w in pairs if a == row and o > _CANDIDATE)
        for (_, x, v), (_, y, w) in combinations(mine[:_MOST_CANDIDATES], 2):
            if record[x] == record[y]:
                continue
            own = [o if o >= liked[record[z]] else -np.inf for o, z in ((v, x), (w, y))]
            key = min(x, y), max(x, y)
            found[key] = max(found.get(key, -np.inf), min(own))
    return found


@FEW
@given(PAIRS, st.integers(0, 999), st.sampled_from([2, 30]), st.integers(1, 60))
def test_candidates_of_a_row_are_paired_alike(pairs, seed, levels, records):
    scored = scored_of(pairs, seed, levels)
    record = np.arange(60, dtype=np.int32) % records
    guarded = np.random.default_rng(seed).random(len(scored.a)) < 0.3
    own = np.where(guarded, -np.inf, scored.log_odds)
    fast, slow = both_ways(lambda: _candidate_pairs(scored, own, record))
    for one, other in zip(fast, slow, strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype
    x, y, through = (part.tolist() for part in fast)
    assert dict(zip(zip(x, y, strict=True), through, strict=True)) == by_hand(scored, own, record)


@FEW
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60), st.integers(1, 60))
def test_connected_nodes_have_their_smallest_nodes_number(links, at_once):
    left, right = np.array(links, np.int64).reshape(-1, 2).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identities, "_LINKS", at_once)
        assert components(31, left, right).tolist() == components(31, right, left).tolist()
    fast, slow = both_ways(lambda: components(31, left, right))
    assert fast.tolist() == slow.tolist()
    label = list(range(31))
    for _ in label:
        for a, b in links:
            label[a] = label[b] = min(label[a], label[b])
    assert fast.tolist() == label


@FEW
@given(PAIRS, st.integers(0, 10_000), st.booleans(), st.integers(1, 9))
def test_edges_are_the_same_wherever_pairs_are_cut(pairs, seed, turned, at_once):
    rng = np.random.default_rng(seed)
    scored = scored_of(pairs, seed, 5)
    scored.guarded[:] = rng.random(len(scored.a)) < 0.5
    if turned:  # not in their rows' order
        scored.a = scored.a[::-1].copy()
    identity = rng.integers(0, 9, 60).astype(np.int32)
    whole = edges_of(scored, identity)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identities, "_AT_ONCE", at_once)
        parts = edges_of(scored, identity)
    best = {}
    for a, b, odds in zip(scored.a.tolist(), scored.b.tolist(), scored.log_odds, strict=True):
        key = a, int(identity[b])
        best[key] = max(best.get(key, -np.inf), odds)
    found = zip(whole.rows.tolist(), whole.identities.tolist(), strict=True)
    assert list(zip(found, whole.log_odds, strict=True)) == sorted(best.items())
    for name in ("rows", "identities", "log_odds", "unguarded", "place"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name
    assert whole.rows[whole.place].tolist() == scored.a.tolist()

"""Candidates: what a plain loop over the rules finds, each pair once, and never an explosion."""

import random
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.blocking import candidates as candidates_of
from matching.blocking import one_table, planning
from matching.blocking.candidates import plan
from matching.blocking.rules import RULES, Parts
from matching.native import library
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring import Scorer
from tests.examples import examples
from tests.unit.matching.tables import cohort, noisy, people, records

OPTIONS = LinkOptions(threads=1)


def candidates(mine, theirs, options=OPTIONS):
    encoded = encode(mine, theirs)
    blocks = plan(encoded, options)
    return encoded, blocks, listed(blocks, mine.num_rows)


def listed(blocks, rows):
    pairs = blocks.pairs(np.arange(rows, dtype=np.int32))
    return [(int(x), int(y)) for x, y in zip(pairs.a, pairs.b, strict=True)]


def by_loop(encoded):
    mine, theirs = Parts(encoded, encoded.cohort), Parts(encoded, encoded.records)
    return {
        (i, j)
        for rule in RULES
        for i in range(encoded.cohort.rows)
        for j in range(encoded.records.rows)
        if all(
            mine[p][i] >= 0 and mine[p][i] == theirs[q][j]
            for p, q in zip(rule.of(records=False), rule.of(records=True), strict=True)
        )
    }


@examples(8)
@given(st.integers(0, 10_000))
def test_the_joins_find_what_a_loop_over_all_pairs_finds(seed):
    rng = random.Random(seed)
    rows = people(12, seed)
    mine, theirs = cohort(*rows[:8]), records(*(noisy(row, rng) for row in rows[2:]))
    encoded, _, found = candidates(mine, theirs)
    assert len(found) == len(set(found))
    assert set(found) == by_loop(encoded)


@examples(8)
@given(st.integers(0, 10_000), st.sampled_from([0, 200_000, 1 << 28]), st.integers(5, 200))
def test_few_rows_meet_whom_they_met_where_all_keys_are_looked_at(seed, room, cap):
    """A few rows beside many records: only records in a bucket of theirs are looked at, and kept where there is room."""
    rng = random.Random(seed)
    rows = people(4_000, seed)
    mine = cohort(*(noisy(row, rng) for row in rows[:20]))
    encoded = encode(mine, records(*rows))
    options, found = LinkOptions(threads=1, block_cap=cap), []
    for few, cached in ((2**40, room), (planning._FEW, room)):
        with (
            patch.object(planning, "_FEW", few),
            patch.object(planning, "_CACHED", cached),
            patch.object(planning, "CHUNK", 1 << 9),
            patch.object(candidates_of, "CHUNK", 1 << 9),
        ):
            blocks = plan(encoded, options)
            pairs = blocks.pairs(np.arange(20, dtype=np.int32))
            again = blocks.pairs(np.arange(20, dtype=np.int32))
            once_more = listed(blocks, 20)  # chunks are kept as they were made
        assert all(np.array_equal(getattr(pairs, n), getattr(again, n)) for n in ("a", "b", "made"))
        blocks.count(pairs.made)
        found.append((once_more, pairs.caught.tolist(), pairs.made.tolist(), blocks.counts))
    assert found[0] == found[1]
    if cap == 200 and not any(count.cut_values for count in blocks.counts):
        assert set(found[1][0]) == by_loop(encoded)


def test_keys_are_kept_while_there_is_room():
    keys = planning.ChunkKeys(np.zeros(10, np.uint64), np.ones(10, np.bool_))
    cache, made = planning.KeyCache(2 * keys.size), []

    def make():
        made.append(1)
        return keys

    for name in "abcab":
        assert cache.get((name,), make) is keys
    assert len(made) == 3  # the third did not fit, and was not asked for again
    assert cache.pop(("a",)) is keys
    assert cache.pop(("a",)) is None
    for _ in range(2):
        cache.get(("c",), make)
    assert len(made) == 4


def test_within_one_table_each_pair_comes_once():
    rng = random.Random(3)
    rows = people(10)
    both = cohort(*rows, *(noisy(row, rng) for row in rows))
    blocks = plan(encode(both, None), OPTIONS, same_table=True)
    found = listed(blocks, 20)
    assert len(found) == len(set(found))
    assert all(x < y for x, y in found)
    assert {(i, i + 10) for i in range(10)} <= set(found)


@pytest.mark.parametrize("filtered", [True, False])
@examples(10)
@given(
    st.integers(0, 10_000), st.integers(1, 400), st.integers(1, 99), st.sampled_from([1, 1 << 16])
)
def test_a_whole_table_is_joined_with_itself_as_its_parts_are(filtered, seed, cap, cut, room):
    """By rules, whose buckets are filled and worked some at a time, to the pairs that parts of it have with all rows after them."""
    assert library.LIBRARY is not None, "`make .venv` compiles it; it needs a C compiler"
    rng = random.Random(seed)
    rows = everybody_alike(40, seed % 7)
    rows = rng.choices(rows, k=60) + [noisy(row, rng) for row in rows]
    one, options = encode(cohort(*rows), None), LinkOptions(threads=2, block_cap=cap)
    with pytest.MonkeyPatch.context() as patch:
        for module in (planning, candidates_of, one_table):
            patch.setattr(module, "CHUNK", 16)
        patch.setattr(one_table, "_PART", 3)
        patch.setattr(one_table, "_ROWS", 70)
        patch.setattr(one_table, "_ROOM", room)
        scorer = Scorer(one, options, same_table=True)
        choice = scorer.shard_plan()._pair_filter if filtered else None
        parts = [
            scorer.blocks.pairs(np.arange(*part, dtype=np.int32), choice)
            for part in ((0, cut), (cut, 100))
        ]
        whole = scorer.blocks.pairs(np.arange(100, dtype=np.int32), choice)
    for name in ("a", "b", "caught"):
        assert np.array_equal(getattr(whole, name), np.concatenate([getattr(part, name) for part in parts]))  # fmt: skip
    assert np.array_equal(whole.made, sum(part.made for part in parts))
    assert filtered or len(whole)


@examples(20)
@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=60),
    st.lists(st.integers(0, 2**64 - 1), max_size=60),
)
def test_hashes_are_looked_up_among_others_whatever_their_bits(keys, others):
    hashes = np.array(keys + others, np.uint64)
    found = planning._KeySet.of(np.unique(np.array(keys, np.uint64))).has(hashes)
    assert found.tolist() == [one in set(keys) for one in keys + others]


def test_what_is_looked_up_is_made_once_and_anew_when_a_plan_changes():
    """Of rules that were planned elsewhere, too: a worker and a later load have them as they were written."""
    planned = planning.Planned(RULES[0], planning.RuleCount(RULES[0].name))
    first = planned._looked_up()
    assert planned._looked_up() is first
    planned.given_up = np.array([7], np.uint64)
    planned.splits.append((np.array([3], np.uint64), "birth"))
    later = planned._looked_up()
    assert [one.keys.tolist() for one in later] == [[3], [7]]
    assert planned._looked_up() is later


def everybody_alike(count, seed):
    """Five surnames and one ZIP code: no value that is nobody's, and few that say much."""
    names = ("smith", "garcia", "nguyen", "kim", "cruz")
    return [
        row | {"last_name": names[i % 5], "zip": "90001"}
        for i, row in enumerate(people(count, seed))
    ]


def test_frequent_values_are_split_and_the_split_is_reported():
    options = LinkOptions(threads=1, block_cap=100)
    mine, theirs = cohort(*everybody_alike(300, 1)), records(*everybody_alike(1000, 2))
    _, blocks, found = candidates(mine, theirs, options)
    assert len(found) < 300 * 1000 / 4
    assert sum(count.split for count in blocks.counts) > 0
    assert sum(count.split_pairs for count in blocks.counts) > 0


def test_the_budget_holds_and_what_it_cut_is_reported():
    options = LinkOptions(threads=1, block_cap=500, pair_budget=5_000)
    one = people(1)[0]  # nothing is left to split by
    _, blocks, found = candidates(cohort(*[one] * 300), records(*[one] * 1000), options)
    assert len(found) <= 5_000
    assert sum(count.cut_pairs for count in blocks.counts) > 0


@pytest.mark.parametrize("native", [True, False])
@examples(10)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([1 << 16, 16]))
def test_one_table_is_planned_as_two_equal_ones_are(native, seed, cap, chunk):
    """Its rows are counted once; and looked at, and their values counted, some at a time."""
    rng = random.Random(seed)
    rows = people(30, seed % 7)
    rows = rng.choices(rows, k=60) + [noisy(row, rng) for row in rows]
    one = encode(cohort(*rows), None)
    two = replace(one, records=replace(one.cohort))
    options = LinkOptions(threads=1, block_cap=cap, pair_budget=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "CHUNK", chunk)
        if not native:
            patch.setattr(library, "LIBRARY", None)
        plans = [planning.plan_rules(two, options)]
        patch.setattr(planning, "_COUNTED", 5)
        plans += [planning.plan_rules(encoded, options) for encoded in (one, two)]
    assert any(p.splits for p in plans[0]) or cap > 20
    for other in plans[1:]:
        assert [p.count for p in plans[0]] == [p.count for p in other]
        for mine, theirs in zip(plans[0], other, strict=True):
            assert [name for _, name in mine.splits] == [name for _, name in theirs.splits]
            for (x, _), (y, _) in zip(mine.splits, theirs.splits, strict=True):
                assert np.array_equal(x, y)
            assert np.array_equal(mine.given_up, theirs.given_up)

"""A plan that travels as tables works every shard as the plan that stayed, bit by bit."""

import random
import weakref

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.arrays import gc_paused
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring import (
    TABLES,
    Scored,
    Scorer,
    ShardPlan,
    plan_of,
    plan_tables,
    scored_of,
    scored_table,
)
from tests.examples import examples
from tests.two_tables import link
from tests.unit.matching.tables import cohort, noisy, people, records


def _sides(rows: int, seed: int) -> tuple[pa.Table, pa.Table]:
    rng = random.Random(seed)
    everyone = people(3 * rows, seed)
    written = [noisy(row, rng) for row in everyone for _ in range(2)]
    return cohort(*(noisy(row, rng) for row in everyone[:rows])), records(*written)


def _travelled(table: pa.Table) -> pa.Table:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=7)
    return pq.read_table(pa.BufferReader(sink.getvalue()))


def _elsewhere(plan: ShardPlan):
    """Shards worked by a plan that was read back, the last first, one twice."""
    tables = {name: _travelled(table) for name, table in plan_tables(plan).items()}
    assert set(tables) == set(TABLES)
    again = plan_of(tables.__getitem__, threads=1)
    assert again.shards == plan.shards
    made = {}
    for number in [*reversed(range(plan.shards)), 0]:
        made[number] = scored_of(_travelled(scored_table(again.work(number))))
    return [made[number] for number in sorted(made)]


@pytest.mark.long
@examples(8)
@given(st.integers(0, 10_000), st.sampled_from([1, 5, 40]), st.sampled_from([20_000, 8]))
def test_shards_that_are_worked_elsewhere_link_the_same(seed, shard_rows, block_cap):
    sides = _sides(12, seed)
    options = LinkOptions(threads=1, shard_rows=shard_rows, block_cap=block_cap)
    here = link(*sides, options)
    there = link(*sides, options, run_shards=_elsewhere)
    assert there.links.equals(here.links)
    assert there.report.rules == here.report.rules
    assert there.report.pairs == here.report.pairs


@pytest.mark.long
def test_splits_and_given_up_values_travel():
    sides = _sides(60, 3)
    options = LinkOptions(threads=1, block_cap=4, pair_budget=300)
    scorer = Scorer(encode(*sides), options)
    assert any(p.splits for p in scorer.blocks.rules)
    assert any(len(p.given_up) for p in scorer.blocks.rules)
    assert any(p.count.cut_values == -1 for p in scorer.blocks.rules)
    assert scorer.score(_elsewhere).pairs == scorer.score().pairs


@pytest.mark.parametrize("part", ["first", "birth"])
def test_a_shard_hangs_on_what_is_in_the_tables(part):
    """The comparison above can fail: one changed code, and another shard comes out."""
    scorer = Scorer(encode(*_sides(20, 1)), LinkOptions(threads=1))
    plans: list[ShardPlan] = []
    scorer.score(lambda plan: plans.append(plan) or [plan.work(n) for n in range(plan.shards)])
    tables = plan_tables(plans[0])
    values = np.roll(tables["cohort"][part].to_numpy(), 1)
    place = tables["cohort"].column_names.index(part)
    tables["cohort"] = tables["cohort"].set_column(place, part, pa.array(values))
    assert not np.array_equal(
        plan_of(tables.__getitem__).work(0).log_odds, plans[0].work(0).log_odds
    )


def test_no_shards_are_no_pairs():
    none = Scored.joined([], 3, 0)
    assert none.pairs == 0
    assert none.made.tolist() == [0, 0, 0]


def test_what_was_scored_lets_go_of_both_sides():
    """Without a search for cycles, which a linkage does without."""
    scorer = Scorer(encode(*_sides(20, 1)), LinkOptions(threads=1))
    sides = [weakref.ref(s.first) for s in (scorer.encoded.cohort, scorer.encoded.records)]
    with gc_paused():
        scorer.run()
        assert all(side() is not None for side in sides)
        del scorer
        assert [side() is None for side in sides] == [True, True]

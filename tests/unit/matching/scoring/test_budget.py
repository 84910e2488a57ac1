"""What a budget costs is the same however many rows are looked at together; one pass over all of them is the oracle."""

import random

import numpy as np
import pytest

from matching import blocking
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring import Scorer, budget
from matching.scoring.budget import budget_cost
from tests.unit.matching.tables import cohort, noisy, people, records


@pytest.fixture(scope="module")
def scorer():
    rng = random.Random(3)
    everyone = people(180, 3)
    mine = cohort(*(noisy(row, rng) for row in everyone[:60]))
    theirs = records(*(noisy(row, rng) for row in everyone for _ in range(2)))
    return Scorer(encode(mine, theirs), LinkOptions(threads=1, block_cap=4, pair_budget=300))


@pytest.mark.parametrize("rows", [1, 7, 1 << 20])
def test_the_cost_does_not_hang_on_the_parts(scorer, rows, monkeypatch):
    whole = budget_cost(scorer)
    monkeypatch.setattr(blocking, "CHUNK", rows)
    assert budget_cost(scorer) == whole
    assert whole.drawn > 0


def test_rows_with_a_frequent_value_are_those_of_one_pass(scorer, monkeypatch):
    touched = [p for p in scorer.blocks.rules if p.splits or p.count.cut_values]
    bare = [blocking.Planned(p.rule, blocking.RuleCount(p.rule.name)) for p in touched]
    keys = budget._frequent(scorer, touched, bare, scorer.encoded.cohort)
    wanted = np.flatnonzero(np.any([known for _, known in keys], axis=0))
    monkeypatch.setattr(blocking, "CHUNK", 5)
    assert (budget._affected(scorer, touched, bare) == wanted).all()
    assert len(wanted)

"""A conflict never speaks for a match, whatever was learnt; and what is learnt stays the likeliest in that order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.comparison.fields import FIELDS, NAMES
from matching.comparison.levels import pack
from matching.model.model import Model, prior_model, train
from matching.model.ordering import limited, ordered

COUNTS = st.lists(st.integers(0, 400), min_size=40, max_size=40)


def learnt(counts):
    """Any ``m`` at all, with the shipped chances."""
    u = prior_model(100, 1_000).u
    numbers = iter(counts * 3)
    m = []
    for field, chance in zip(FIELDS, u, strict=True):
        values = np.ones(len(chance))
        for group in field.groups:
            g = list(group)
            values[g] = [next(numbers) + 0.01 for _ in g]
            values[g] /= values[g].sum()
        m.append(values)
    return tuple(m), u


@given(COUNTS)
def test_weights_follow_the_order_of_the_levels(counts):
    m, u = learnt(counts)
    for field, mine, chance in zip(FIELDS, ordered(m, u), u, strict=True):
        weight = np.log(mine / chance)
        for chain in field.chains:
            assert (np.diff(weight[list(chain)]) < 1e-9).all(), field.name
        assert all(weight[level] < 1e-9 for level in field.conflicts), field.name
        for group in field.groups:
            assert mine[list(group)].sum() == pytest.approx(1)


@given(COUNTS)
def test_one_chain_is_the_isotonic_regression_by_its_min_max_formula(counts):
    m, u = learnt(counts)
    f = NAMES.index("ssn")
    mine, chance = m[f][1:], u[f][1:]
    size = range(len(mine))

    def average(i, j):
        return mine[i : j + 1].sum() / chance[i : j + 1].sum()

    want = [min(max(average(i, j) for j in size if j >= k) for i in size if i <= k) for k in size]
    assert ordered(m, u)[f][1:] / chance == pytest.approx(want)


@given(COUNTS, st.integers(0, 2**32 - 1))
def test_no_other_estimate_in_that_order_is_likelier(counts, seed):
    m, u = learnt(counts)
    rng = np.random.default_rng(seed)
    f = NAMES.index("birth")
    best = ordered(m, u)[f]
    other = learnt(rng.integers(0, 400, 40).tolist())[0]
    rival = ordered(other, u)[f]
    assert (m[f][1:] * np.log(best[1:])).sum() >= (m[f][1:] * np.log(rival[1:])).sum() - 1e-9


def test_what_already_is_in_order_stays_as_it_is():
    u = prior_model(100, 1_000).u
    assert all((a == b).all() for a, b in zip(ordered(u, u), u, strict=True))


def test_fathers_and_sons_among_the_matches_teach_nothing():
    """Ten thousand pairs of one name and address that differ in suffix and birth date."""
    model = prior_model(1_000, 1_000)
    levels = {
        "first": 1, "last": 1, "sex": 1, "suffix": 3, "birth": 7, "street": 1, "place": 1,
    }  # fmt: skip
    pattern = pack([np.array([levels.get(name, 0)], np.int8) for name in NAMES])
    after = train(model, pattern, np.array([10_000]))
    for name in ("suffix", "birth"):
        f = NAMES.index(name)
        assert after.weights()[f][levels[name]] < 0
    assert after.sizes[0] < 2_000


@given(COUNTS)
def test_a_conflict_is_learnt_up_to_four_times_what_was_expected(counts):
    m, _ = learnt(counts)
    start = prior_model(100, 1_000).m
    for f, field in enumerate(FIELDS):
        kept = limited(f, m[f], start[f])
        assert all(kept[level] <= 4 * start[f][level] + 1e-12 for level in field.conflicts)


def test_no_model_can_be_made_that_breaks_the_order():
    model = prior_model(100, 1_000)
    f = NAMES.index("suffix")
    m = list(model.m)
    m[f] = np.array([1.0, 0.1, 0.1, 0.8])
    made = Model(tuple(m), model.u, model.sizes, model.pairs)
    assert made.weights()[f][3] <= 0

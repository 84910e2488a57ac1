"""Chance agreement: sampled where it can't be counted, and namesakes that are no matches."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.comparison.fields import FIELDS, NAMES, level
from matching.comparison.levels import pack
from matching.model.chance import Sharing, collision
from matching.model.model import CLASSES, Model, prior_model, train
from tests.two_tables import link
from tests.unit.matching.compiled import both_ways
from tests.unit.matching.tables import cohort, linked, records

CODES = st.lists(st.integers(-1, 4), max_size=12)


@given(CODES, CODES)
def test_sharing_draws_from_the_pairs_that_share_a_value_and_from_no_others(x, y):
    mine, theirs = np.array(x, np.int32), np.array(y, np.int32)
    all_pairs = {(i, j) for i, v in enumerate(x) for j, w in enumerate(y) if v == w >= 0}
    a, b = Sharing.of(mine, theirs).drawn(2_000, np.random.default_rng(1))
    drawn = set(zip(a.tolist(), b.tolist(), strict=True))
    assert drawn <= all_pairs
    assert bool(drawn) == bool(all_pairs)


@given(CODES, CODES, st.integers(0, 99))
def test_the_compiled_loop_draws_the_same_pairs_that_share_a_value(x, y, seed):
    mine, theirs = np.array(x, np.int32), np.array(y, np.int32)
    fast, slow = both_ways(lambda: Sharing.of(mine, theirs).drawn(20, np.random.default_rng(seed)))
    assert all(np.array_equal(one, other) for one, other in zip(fast, slow, strict=True))


def test_sharing_draws_every_such_pair_equally_often():
    mine, theirs = np.array([0, 1], np.int32), np.array([1, 0, 1, 1], np.int32)
    a, b = Sharing.of(mine, theirs).drawn(4, np.random.default_rng(1))
    assert len(a) == 4  # never more draws than there are pairs
    assert set(zip(a.tolist(), b.tolist(), strict=True)) <= {(0, 1), (1, 0), (1, 2), (1, 3)}


@given(CODES, CODES)
def test_the_counted_chance_is_never_above_what_a_loop_over_all_pairs_finds(x, y):
    x, y = [v for v in x if v >= 0], [v for v in y if v >= 0]
    if not x or not y:
        return
    found = sum(v == w for v in x for w in y) / (len(x) * len(y))
    weight = 0.05 / 0.01
    hits = (found * len(x) * len(y) + weight * 0.01) / (len(x) * len(y) + weight)
    assert collision(np.array(x), np.array(y), 0.01) <= max(hits, 1e-9) + 1e-12


def test_a_cohort_too_small_to_repeat_a_value_does_not_make_agreement_look_rare():
    """200 rows without a shared birthday against 100,000 records of 10,000 birthdays."""
    days = np.arange(10_000)
    found = collision(days[:200], np.repeat(days, 10), 1e-4)
    assert found == pytest.approx(1e-4, rel=0.15)


def _pattern(**levels: str) -> int:
    known = [level(f.name, levels[f.name]) if f.name in levels else 0 for f in FIELDS]
    return int(pack([np.array([one], np.int8) for one in known])[0])


def test_namesakes_beyond_chance_are_not_taken_for_matches():
    """12,000 pairs share first and middle name and nothing else, twice what chance says: origin and generation make them."""
    prior = prior_model(6_000, 10_000)
    both = {"first": "same", "middle": "same", "sex": "same, name agrees"}
    patterns = {
        _pattern(**both, last="same", birth="same"): 1_000,
        _pattern(**both, last="different", birth="different"): 12_000,
        _pattern(first="same", middle="different", last="different", birth="different"): 90_000,
    }
    model = train(prior, np.array(list(patterns), np.int32), np.array(list(patterns.values())))
    size = dict(zip(CLASSES, model.sizes, strict=True))
    assert size["match"] == pytest.approx(1_000, rel=0.1)
    assert size["given namesake"] > 3_000
    assert model.m[NAMES.index("birth")][level("birth", "different")] < 0.05


def test_given_namesakes_that_no_rule_makes_are_as_many_as_chance_says():
    """Candidates leave nearly all of them out: that none is seen does not say that a pair like them is no coincidence."""
    prior = prior_model(6_000, 10_000)
    patterns = {
        _pattern(first="same", last="same", birth="same"): 1_000,
        _pattern(first="same", last="different", birth="same"): 3_000,
    }
    model = train(prior, np.array(list(patterns), np.int32), np.array(list(patterns.values())))
    place = CLASSES.index("given namesake")
    assert model.sizes[place] == prior.sizes[place] > 2_000


def _women(count, first, middle, surnames, seed):
    rng = random.Random(seed)
    return [
        {"first_name": rng.choice(first), "middle_name": rng.choice(middle), "last_name": rng.choice(surnames), "sex": "F",
         "birth_date": f"{rng.randint(1950, 2000)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
         "street": f"{rng.randint(1, 9999)} oak st", "zip": str(rng.randint(90001, 96000))}
        for _ in range(count)
    ]  # fmt: skip


def test_first_and_middle_names_that_go_together_are_no_proof_beside_another_surname():
    """Hoa Ngoc Tran and Hoa Ngoc Hoang of one birth date and ZIP code; Iris Maude has as much in common, and nobody else is called so."""
    usual = _women(3_000, [f"g{i}en" for i in range(90)], [f"m{i}id" for i in range(90)], [f"s{i}ur" for i in range(200)], 1)  # fmt: skip
    few = _women(400, ["hoa", "lan", "mai"], ["thi", "ngoc"], ["tran", "hoang", "nguyen", "pham"], 2)  # fmt: skip
    pairs = [
        {"first_name": f, "middle_name": m, "sex": "F", "birth_date": b}
        for f, m, b in (("hoa", "ngoc", "1977-07-06"), ("iris", "maude", "1978-04-09"))
    ]
    asked = [row | {"last_name": n, "street": "9 elm st", "zip": "90011"} for row, n in zip(pairs, ("tran", "winslow"), strict=True)]  # fmt: skip
    there = [row | {"last_name": n, "street": "5 bay st", "zip": "90011"} for row, n in zip(pairs, ("hoang", "barlow"), strict=True)]  # fmt: skip
    own = [*usual[:300], *few[:40]]
    found = link(cohort(*asked, *own), records(*there, *usual, *few)).links.to_pylist()
    weight = {row["cohort_id"]: row["match_weight"] for row in found if row["record_id"] < 3}
    assert weight["c1"] < 0  # bits; 2.3 with the middle name as any two people's
    assert weight["c2"] > 6


def test_every_class_gives_every_field_a_distribution():
    model: Model = prior_model(10, 10)
    for field, table in zip(FIELDS, model.tables(), strict=True):
        for group in field.groups:
            assert np.exp(table[:, list(group)]).sum(axis=1) == pytest.approx(1)


def test_one_first_and_middle_name_with_another_surname_and_birthday_is_no_link():
    rng = random.Random(3)
    asked = [
        {"first_name": "mary", "middle_name": "ann", "last_name": f"a{i}", "sex": "F",
         "birth_date": f"{rng.randint(1940, 2000)}-03-{rng.randint(1, 28):02}"}
        for i in range(60)
    ]  # fmt: skip
    there = [
        row | {"last_name": f"b{i}", "birth_date": "1930-07-01"} for i, row in enumerate(asked)
    ]
    assert not linked(link(cohort(*asked), records(*there)))

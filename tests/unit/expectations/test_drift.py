"""Drift: the distance against a plain sum, what chance explains, and what becomes of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.drift import MISSING, Drift, compare, expected_by_chance, profile, total_variation
from expectations.validation import validate
from systems.database import connect

tallies = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 500), min_size=1)


@given(tallies, tallies)
def test_the_distance_is_the_share_that_must_move(here, there):
    """Oracle: the mass of one distribution that the other does not cover, category by category."""
    first, second = sum(here.values()), sum(there.values())
    shares = [(here.get(k, 0) / first, there.get(k, 0) / second) for k in {*here, *there}]
    uncovered = sum(max(0.0, a - b) for a, b in shares)
    assert total_variation(here, there) == pytest.approx(uncovered)
    assert total_variation(here, there) == pytest.approx(total_variation(there, here))
    assert total_variation(here, here) == 0


def test_apart_is_one():
    assert total_variation({"a": 3}, {"b": 9}) == pytest.approx(1)


def test_what_chance_explains_is_what_samples_of_one_population_show():
    """Oracle: two thousand pairs of samples drawn from one urn."""
    chance = random.Random(7)
    urn, weights = "abcd", (50, 30, 15, 5)

    def sample(size):
        drawn = chance.choices(urn, weights, k=size)
        return {k: drawn.count(k) for k in urn}

    pairs = [(sample(120), sample(80)) for _ in range(2000)]
    found = [total_variation(*pair) for pair in pairs]
    told = [expected_by_chance(*pair) for pair in pairs]
    assert sum(found) / len(found) == pytest.approx(sum(told) / len(told), rel=0.05)
    drifts = [compare({"c": a}, {"c": b}, "release", 0.02)[0] for a, b in pairs]
    assert sum(d.moved > 0 for d in drifts) < len(pairs) / 200


def test_a_column_that_moved_says_how_many_rows():
    moved = compare({"c": {"a": 9000, "b": 1000}}, {"c": {"a": 1000, "b": 9000}}, "release", 0.1)
    assert moved[0].distance == pytest.approx(0.8)
    assert 6700 < moved[0].moved < 7000


def test_nothing_to_compare_with_is_no_drift():
    assert compare({"c": {"a": 3}}, {}, "release", 0.1) == ()
    assert compare({"c": {}}, {"c": {"a": 3}}, "release", 0.1) == ()


rows = st.lists(st.tuples(st.sampled_from(["x", "y", None]), st.booleans() | st.none()))


@pytest.fixture(scope="module")
def con():
    return connect(threads=1)


@given(given_rows=rows)
def test_a_profile_is_what_a_plain_count_says(con, given_rows):
    con.execute("CREATE OR REPLACE TABLE t (a VARCHAR, b BOOLEAN)")
    if given_rows:
        con.executemany("INSERT INTO t VALUES (?, ?)", given_rows)
    expected = {"a": {}, "b": {}}
    for a, b in given_rows:
        for column, value in (("a", a), ("b", None if b is None else str(b).lower())):
            key = MISSING if value is None else value
            expected[column][key] = expected[column].get(key, 0) + 1
    assert profile(con, "t", ["a", "b"]) == expected


@pytest.mark.long
@pytest.mark.parametrize(("severity", "passed"), [("warning", True), ("critical", False)])
def test_policy_decides_whether_drift_stops(good, system, severity, passed):
    case = good("deidentified")
    drifts = (
        Drift("order_county", "release", 8, 0.9, 0.1),
        Drift("person_sex", "register", 8, 0.01, 0.1),
    )
    told = case.context | {"drift": drifts, "drift_severity": severity}
    verdict = validate("deidentified", system, case.con, case.relation, told)
    assert verdict.passed is passed
    found = {c.id: c for c in verdict.checks if "_steady_" in c.id}
    assert not found["deidentified.order_county_steady_release"].success
    assert found["deidentified.order_county_steady_release"].unexpected_count == 7
    assert found["deidentified.person_sex_steady_register"].success
    assert {c.audience for c in found.values()} == {"department"}

"""Competition against an enumeration of all matchings; near-ties never settled silently."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.assignment import Edges
from matching.assignment.assignment import LINK, NOTHING, REVIEW, MatchingGraph, decide
from matching.native import library
from matching.options import LinkOptions
from tests.examples import examples


def by_enumeration(rows, identities, odds, both_sides):
    """Probability of each edge over all matchings, each weighed by the product of its odds."""
    whole, with_edge = 0.0, [0.0] * len(rows)
    for size in range(len(rows) + 1):
        for chosen in itertools.combinations(range(len(rows)), size):
            if len({rows[e] for e in chosen}) < size:
                continue
            if both_sides and len({identities[e] for e in chosen}) < size:
                continue
            weight = float(np.prod([odds[e] for e in chosen])) if chosen else 1.0
            whole += weight
            for e in chosen:
                with_edge[e] += weight
    return [w / whole for w in with_edge]


@st.composite
def trees(draw):
    """MatchingGraph of a bipartite tree: each new edge brings a new row or a new identity."""
    rows, identities = [0], [0]
    for k in range(draw(st.integers(0, 6))):
        e = draw(st.integers(0, len(rows) - 1))
        if draw(st.booleans()):
            rows.append(rows[e])
            identities.append(100 + k)
        else:
            rows.append(100 + k)
            identities.append(identities[e])
    odds = [draw(st.floats(0.01, 1e4)) for _ in rows]
    return rows, identities, odds


@given(trees(), st.booleans())
def test_marginals_are_exact_on_trees(tree, both_sides):
    rows, identities, odds = tree
    edges = MatchingGraph(np.array(rows), np.array(identities), both_sides)
    found = edges.marginals(np.log(np.array(odds)))
    assert found == pytest.approx(by_enumeration(rows, identities, odds, both_sides), abs=1e-6)


@examples(30)
@given(st.integers(0, 100_000), st.booleans(), st.integers(2, 40))
def test_the_library_and_whole_arrays_settle_alike(seed, both_sides, size):
    rng = np.random.default_rng(seed)
    rows, identities = rng.integers(0, size, (2, 3 * size))
    edges = MatchingGraph(rows, identities, both_sides)
    odds = np.round(rng.normal(0, 6, 3 * size))  # with ties
    with pytest.MonkeyPatch.context() as patch:
        fast = edges.marginals(odds)
        patch.setattr(library, "LIBRARY", None)
        assert np.array_equal(fast, edges.marginals(odds))


def test_twins_in_both_tables_help_each_other():
    """Row 1 ~ person 1, row 2 ~ person 2, and weaker crosswise: each gets the own one."""
    rows, identities, odds = [0, 0, 1, 1], [0, 1, 0, 1], [1e6, 1e2, 1e2, 1e6]
    edges = MatchingGraph(np.array(rows), np.array(identities), True)
    found = edges.marginals(np.log(odds))
    assert found[0] > 0.999
    assert found[3] > 0.999


def test_enormous_odds_do_not_swallow_their_rivals():
    edges = MatchingGraph(np.array([0, 0]), np.array([0, 1]), True)
    found = edges.marginals(np.array([80.0, 78.0]))
    assert found[1] == pytest.approx(1 / (1 + np.exp(2)), rel=1e-6)


def verdicts(rows, identities, log_odds, **options):
    rows, identities, alone = np.array(rows), np.array(identities), np.array(log_odds)
    chosen = LinkOptions(**options)
    probability = MatchingGraph(rows, identities, chosen.one_row_per_identity).marginals(alone)
    edges = Edges(rows, identities, alone, alone, np.arange(len(rows)))
    return decide(edges, probability, chosen).tolist()


def test_a_sure_pair_is_a_link_and_a_poor_one_nothing():
    assert verdicts([0, 1], [0, 1], [9.0, -3.0]) == [LINK, NOTHING]


def test_two_rows_that_want_one_identity_go_to_review():
    assert verdicts([0, 1], [0, 0], [12.0, 11.0]) == [REVIEW, REVIEW]


def test_two_identities_for_one_row_go_to_review():
    assert verdicts([0, 0], [0, 1], [12.0, 10.0]) == [REVIEW, REVIEW]


def test_a_clear_winner_is_a_link_and_the_loser_is_not_listed():
    assert verdicts([0, 1], [0, 0], [20.0, 6.0]) == [LINK, NOTHING]


def test_a_loser_that_would_be_a_link_and_whom_nobody_else_wants_may_be_the_same_person():
    assert verdicts([0, 0, 0], [0, 1, 2], [20.0, 6.0, 1.0]) == [LINK, REVIEW, NOTHING]


def test_many_rows_may_share_an_identity_where_the_engineer_says_so():
    assert verdicts([0, 1], [0, 0], [12.0, 11.0], one_row_per_identity=False) == [LINK, LINK]


def test_the_middle_goes_to_review():
    assert verdicts([0], [0], [np.log(0.7 / 0.3)]) == [REVIEW]

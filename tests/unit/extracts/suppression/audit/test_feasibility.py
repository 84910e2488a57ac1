"""What is offered to the audit proves something only where it fits what is published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.audit.feasibility import Hint, Proofs
from extracts.suppression.audit.knowledge import gather
from extracts.suppression.codebook import Codebook
from extracts.suppression.model.table_system import join_tables
from extracts.suppression.model.tables import Dimension, SuppressionPolicy, publish
from extracts.suppression.solver.secondary import start_search
from extracts.suppression.solver.suppressor import suppress
from extracts.suppression.solver.witnesses import offer
from tests.examples import examples
from tests.unit.extracts.suppression.tables import from_leaves

COUNTS = np.array([[40, 50, 3], [60, 70, 30], [80, 90, 35]])
PERSONS = np.array([[30, 40, 2], [50, 60, 20], [70, 80, 25]])


def table(counts=COUNTS, persons=PERSONS):
    dims = [Dimension.flat("a", ["A", "B", "C"]), Dimension.flat("b", ["CH", "DV", "GV"])]
    return from_leaves(dims, counts, persons)


def hidden(*cells):
    away = np.zeros((4, 4), dtype=bool)
    for cell in cells:
        away[cell] = True
    return away


RECTANGLE = hidden((0, 0), (0, 2), (1, 0), (1, 2))
MOVE = {
    (0, ("A", "GV")): 7,
    (0, ("A", "CH")): -7,
    (0, ("B", "GV")): -7,
    (0, ("B", "CH")): 7,
}


def truth(one):
    return {(0, labels): int(n) for labels, n in zip(one.labels(), one.counts.ravel(), strict=True)}


def proofs(away=RECTANGLE, counts=None):
    one = table()
    return Proofs(gather([publish(one, away)], "published"), Hint(counts or truth(one)))


def test_a_movement_that_fits_shows_counts_and_persons():
    found = proofs().changed(MOVE)
    assert found is not None
    _, counts, people = found
    assert sorted(counts.tolist()) == [10, 23, 33, 67]
    assert (people <= counts).all()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(MOVE | {(0, ("A", "GV")): 6}, id="a line that no longer adds up"),
        pytest.param({p: -n for p, n in MOVE.items()}, id="a cell below one"),
        pytest.param(MOVE | {(0, ("A", "none")): 1}, id="a cell that is not there"),
        pytest.param(
            {
                (0, ("A", "GV")): 7,
                (0, ("A", "DV")): -7,
                (0, ("B", "GV")): -7,
                (0, ("B", "DV")): 7,
            },
            id="a published cell",
        ),
    ],
)
def test_what_does_not_fit_proves_nothing(change):
    assert proofs().changed(change) is None


def test_a_table_that_contradicts_what_is_published_is_not_believed():
    wrong = truth(table()) | {(0, ("A", "GV")): 9}
    assert not proofs(counts=wrong).fits


def test_no_offer_saves_a_naive_pattern():
    one = table()
    alone = publish(one, hidden((0, 2)))
    report = audit_table(alone, hint=Hint(truth(one), (MOVE, {(0, ("A", "GV")): 7})))
    assert [(f.labels, f.how) for f in report.falls] == [
        (("A", "GV"), "below"),
        (("A", "GV"), "exact"),
    ]


@examples(15)
@given(
    values=st.lists(st.sampled_from([0, 2, 7, 12, 40, 90]), min_size=9, max_size=9),
    away=st.lists(st.booleans(), min_size=16, max_size=16),
)
def test_with_and_without_an_example_the_same_cells_fall(values, away):
    counts = np.array(values).reshape(3, 3)
    one = table(counts, np.where(counts > 0, np.maximum(1, counts * 2 // 3), 0))
    shown = publish(one, np.array(away).reshape(4, 4) & (one.counts > 0))
    blind, published = audit_table(shown), audit_table(shown, hint=Hint(truth(one)))
    assert [(f.labels, f.how) for f in blind.falls] == [(f.labels, f.how) for f in published.falls]


def test_small_cells_reach_from_their_floor_to_the_threshold():
    pattern = suppress(table(), SuppressionPolicy())
    bounds = pattern.report.bounds[("A", "GV")]
    assert bounds.low <= 1
    assert bounds.high is None or bounds.high >= 10


def test_an_interval_that_is_too_narrow_is_said():
    one = table()
    report = audit_table(
        publish(one, RECTANGLE),
        hint=Hint(truth(one)),
        protection_levels={(0, ("A", "GV")): (1, 33)},
    )
    assert [(f.labels, f.how, f.low, f.high) for f in report.falls] == [
        (("A", "GV"), "narrow", 1, 32)
    ]


def by_county_then_by_region(seed):
    """Counties by family and sex, published; then their regions by family, which the first lists for no sex."""
    chance = np.random.default_rng(seed)
    counts = chance.poisson(chance.choice([2, 6, 15, 40], (6, 3, 2)))
    regions = {"N": ("c0", "c1", "c2"), "S": ("c3", "c4", "c5")}
    book = Codebook({"region": {r: frozenset(c) for r, c in regions.items()}}, {"region": "county"})
    county, family, sex = (
        Dimension.flat(name, [f"{name[0]}{i}" for i in range(size)])
        for name, size in (("county", 6), ("family", 3), ("sex", 2))
    )
    together = counts.reshape(2, 3, 3, 2).sum(axis=(1, 3))
    coarse = from_leaves([Dimension.flat("region", list(regions)), family], together)
    return from_leaves([county, family, sex], counts), coarse, book


@pytest.mark.parametrize("seed", [2, 3, 5])
def test_the_true_table_fits_beside_a_finer_one_that_lists_no_sums(seed):
    fine, coarse, book = by_county_then_by_region(seed)
    policy = SuppressionPolicy(clean=False)
    earlier = [suppress(fine, policy).published()]
    assert any(row.count is None for row in earlier[0].rows)
    joined = join_tables(coarse, (), earlier, policy.least, {}, book, policy.threshold)
    search = start_search(
        joined.relations, policy, known=joined.known, hidden_before=joined.hidden_before
    )
    shown = publish(coarse, search.hidden[joined.variables[0]])
    known = gather([shown, *earlier], "published", book)
    assert any(not cell.listed and cell.count is None for cell in known.cells)
    assert Proofs(known, offer(joined, search)["hint"]).fits


def test_what_a_cell_is_said_to_be_between_holds_what_it_is():
    fine, coarse, book = by_county_then_by_region(5)
    policy = SuppressionPolicy()
    earlier = [suppress(fine, policy).published()]
    bounds = suppress(coarse, policy, earlier, book=book).report.bounds
    assert bounds
    true = truth(coarse)
    for labels, between in bounds.items():
        assert between.low <= true[0, labels]
        assert between.high is None or true[0, labels] <= between.high

"""Patterns: nothing falls, whatever the table; and what is hidden is what the rule asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.errors import RevisedError
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.suppressor import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy()


_SIZES = ((2, 2), (4, 4), (3, 4), (2, 2, 2), (3, 3, 2), (4, 3, 2), (2,) * 4)


@st.composite
def tables(draw, persons=True, of=_SIZES):
    sizes = draw(st.sampled_from(of))
    dims = [
        Dimension.flat("abcd"[i], [f"{'abcd'[i]}{j}" for j in range(n)])
        for i, n in enumerate(sizes)
    ]
    size = int(np.prod(sizes))
    values = draw(
        st.lists(st.sampled_from([0, 1, 2, 5, 9, 11, 14, 30, 90]), min_size=size, max_size=size)
    )
    counts = np.array(values).reshape(sizes)
    if not persons:
        return from_leaves(dims, counts)
    share = draw(st.sampled_from([1.0, 0.7, 0.3]))
    people = np.where(counts > 0, np.maximum(1, (counts * share).astype(int)), 0)
    return from_leaves(dims, counts, people)


QUICK = SuppressionPolicy(clean=False)  # the smallest patterns have tests of their own


@examples(60)
@given(table=tables(), policy=st.sampled_from([QUICK, QUICK, POLICY]))
def test_nothing_falls(table, policy):
    # Clean-up takes up to half a minute in four dimensions: those have tests of their own.
    _nothing_falls(table, QUICK if table.counts.ndim == 4 else policy)


@pytest.mark.long
@examples(3)
@given(table=tables(of=((2,) * 4,)))
def test_nothing_falls_in_any_table_of_four_dimensions_after_clean_up(table):
    _nothing_falls(table, POLICY)


@pytest.mark.long
def test_nothing_falls_in_four_dimensions_after_clean_up():
    values = [0, 14, 5, 30, 90, 9, 11, 2, 30, 1, 14, 90, 5, 11, 0, 30]
    dims = [Dimension.flat(name, [f"{name}0", f"{name}1"]) for name in "abcd"]
    counts = np.array(values).reshape((2,) * 4)
    people = np.where(counts > 0, np.maximum(1, (counts * 0.7).astype(int)), 0)
    _nothing_falls(from_leaves(dims, counts, people), POLICY)


def _nothing_falls(table, policy):
    pattern = suppress(table, policy)
    report = audit_table(pattern.published(), intervals=True)
    assert report.holds
    small = (table.people < 10) & (table.counts > 0)
    assert (pattern.primary == small).all()
    assert (pattern.hidden >= small).all()
    assert not (pattern.hidden & (table.counts == 0)).any()
    for labels, value, primary in zip(
        table.labels(), table.counts.ravel(), pattern.primary.ravel(), strict=True
    ):
        if primary:
            bounds = report.bounds[labels]
            assert bounds.high is None or bounds.high >= max(10, value)


def test_a_cell_without_a_bound_is_no_failure_of_the_solver():
    """Its warm start once called this programme unbounded, in which every variable has a bound."""
    dims = [Dimension.flat("a", ["a0", "a1"]), Dimension.flat("b", ["b0", "b1", "b2"])]
    counts, people = np.array([[1, 1, 2], [1, 2, 90]]), np.array([[1, 1, 1], [1, 1, 27]])
    pattern = suppress(from_leaves(dims, counts, people), POLICY)
    assert audit_table(pattern.published(), intervals=True).holds


@examples(40)
@given(table=tables(persons=False))
def test_nothing_falls_where_zeros_are_hidden(table):
    pattern = suppress(table, SuppressionPolicy(zeros="hidden", clean=False))
    assert audit_table(pattern.published(), zeros="hidden").holds
    assert pattern.hidden[table.counts < 10].all()


def two_way(values):
    height, width = len(values), len(values[0])
    dims = [
        Dimension.flat("a", [f"r{i}" for i in range(height)]),
        Dimension.flat("b", [f"c{i}" for i in range(width)]),
    ]
    return from_leaves(dims, np.array(values))


def test_the_smallest_pattern_of_a_textbook_table():
    """One small cell among large ones: three more make a rectangle, and no fewer can do."""
    pattern = suppress(two_way([[3, 40, 50], [60, 30, 70], [80, 90, 35]]), POLICY)
    assert pattern.primary.sum() == 1
    assert pattern.secondary.sum() == 3


def test_same_table_same_pattern():
    table = two_way([[3, 40, 5], [6, 30, 70], [80, 9, 35]])
    assert (suppress(table, POLICY).hidden == suppress(table, POLICY).hidden).all()


def test_an_earlier_table_is_protected_together_with_the_new_one():
    """Alone the cheapest partner would be a cell that an earlier table shows already."""
    table = two_way([[3, 12, 50], [60, 30, 70], [80, 90, 35]])
    alone = suppress(table, POLICY)
    shown = next(
        labels for labels, away in zip(table.labels(), alone.secondary.ravel(), strict=True) if away
    )
    row = next(i for i, labels in enumerate(table.labels()) if labels == shown)
    from extracts.suppression.published import PublishedRow, PublishedTable

    before = PublishedTable(("a", "b"), (PublishedRow(shown, int(table.counts.ravel()[row])),))
    assert not audit_table(alone.published(), earlier=[before]).holds
    beside = suppress(table, POLICY, [before])
    assert audit_table(beside.published(), earlier=[before]).holds
    assert not beside.hidden.ravel()[row]


def finer_and_coarser(parts):
    """A published table whose row r0 is hidden with its total, and the totals alone, to be made."""
    from extracts.suppression.published import PublishedRow, PublishedTable

    others = (60, 30, 40, 50)
    shown = {("r1", f"c{i}"): n for i, n in enumerate(others)} | {("r1", "TOTAL"): sum(others)}
    rows = tuple(
        PublishedRow((a, b), shown.get((a, b)), shown.get((a, b)))
        for a in ("r0", "r1", "TOTAL")
        for b in ("c0", "c1", "c2", "c3", "TOTAL")
    )
    totals = np.array([sum(parts), sum(others)])
    coarser = from_leaves([Dimension.flat("a", ["r0", "r1"])], totals, totals)
    return PublishedTable(("a", "b"), rows, has_persons=True), coarser


@pytest.mark.parametrize("parts", [(4, 2, 1, 0), (5, 4, 2, 1)], ids=["small", "not small"])
def test_what_a_finer_table_hides_a_coarser_one_hides_at_once(parts, monkeypatch):
    """A small total can't go below its hidden parts, and a larger one would betray them."""
    before, coarser = finer_and_coarser(parts)
    monkeypatch.setattr("extracts.suppression.solver.suppressor.repair", None)
    pattern = suppress(coarser, POLICY, [before])
    assert pattern.hidden.tolist() == [True, False, True]
    assert audit_table(pattern.published(), earlier=[before]).holds


def test_a_revised_value_is_refused():
    from extracts.suppression.published import PublishedRow, PublishedTable

    table = two_way([[30, 40], [60, 30]])
    before = PublishedTable(("a", "b"), (PublishedRow(("r0", "c0"), 29),))
    with pytest.raises(RevisedError):
        suppress(table, POLICY, [before])


def test_linked_tables_are_protected_together():
    rows = Dimension.flat("a", ["r0", "r1", "r2"])
    table = two_way([[3, 40], [60, 30], [80, 90]])
    by_age = Dimension.flat("age", ["young", "old"])
    other = from_leaves([rows, by_age], np.array([[21, 22], [50, 40], [100, 70]]))
    pattern = suppress(table, POLICY, linked=[other])
    (linked,) = pattern.linked
    assert audit_table(pattern.published(), earlier=[linked.published()]).holds


def test_a_hierarchy_is_protected_at_every_level():
    leaves = [f"c{i}" for i in range(6)]
    dim = Dimension.tree("county", leaves, {c: f"region{i // 3}" for i, c in enumerate(leaves)})
    sex = Dimension.flat("sex", ["F", "M"])
    counts = np.array([[3, 20], [40, 50], [60, 70], [4, 30], [35, 45], [55, 65]])
    pattern = suppress(from_leaves([dim, sex], counts), POLICY)
    assert pattern.report.holds
    assert {"region0", "region1", "TOTAL"} < set(dim.nodes)

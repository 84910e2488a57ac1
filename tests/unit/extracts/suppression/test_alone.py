"""Somebody who is alone in a cell, against a plain attacker: every table of whole numbers is tried.

The attacker of these tests knows the published values, that a hidden cell is not zero, and one cell:
their own. Nothing of the suppressor or of the audit is in it.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.suppression import audit_file, suppress_file
from extracts.suppression.audit import Alone, audit_table
from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model import Dimension, SuppressionPolicy
from extracts.suppression.solver import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.attacker import attacker_on
from tests.unit.extracts.suppression.optimum import alone
from tests.unit.extracts.suppression.tables import from_leaves

THREE = {"threshold": 3, "spread": 2}


@st.composite
def tables(draw):
    sizes = draw(st.sampled_from([(2, 3), (3, 3), (2, 2, 2)]))
    size = int(np.prod(sizes))
    values = draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 5, 7]), min_size=size, max_size=size))
    dims = [Dimension.flat("abc"[i], list("xyz"[:n])) for i, n in enumerate(sizes)]
    return from_leaves(dims, np.array(values).reshape(sizes))


def proven(table, pattern, threshold=3):
    """(cell, who knows what) that fall."""
    return [
        (cell, tuple(own))
        for own in alone(table)
        for attacker in [attacker_on(table, pattern.hidden, own)]
        for cell in np.flatnonzero(pattern.primary).tolist()
        if cell not in own and attacker.proves(cell, threshold)
    ]


@pytest.mark.parametrize("clean", [False, True])
@examples(20, deadline=None)
@given(table=tables())
def test_nobody_who_is_alone_proves_another_small_cell(clean, table):
    try:
        pattern = suppress(table, SuppressionPolicy(**THREE, clean=clean))
    except CannotProtectError:
        assume(False)
        raise
    assert not proven(table, pattern)


BLOCK = np.array([[40, 50, 60], [60, 1, 80], [70, 90, 1]])


def block():
    dims = [Dimension.flat("county", ["A", "B", "C"]), Dimension.flat("type", ["CH", "DV", "GV"])]
    return from_leaves(dims, BLOCK)


def told(table, pattern):
    labels = list(table.labels())
    counts = table.counts.ravel().tolist()
    return Alone([{(0, labels[i]): counts[i] for i in own} for own in alone(table)])


def test_without_the_option_the_fourth_corner_gives_the_block_away():
    """Whoever knows to be the one of B, DV: B, GV is 141 - 60 - 1, and C, GV 141 - 60 - 80 = 1."""
    pattern = suppress(block(), SuppressionPolicy(**THREE, singletons=False))
    assert proven(block(), pattern)
    report = audit_table(pattern.published(), threshold=3, alone=told(block(), pattern))
    assert {fall.how for fall in report.falls} == {"alone"}
    assert {fall.labels for fall in report.falls} == {("B", "DV"), ("C", "GV")}
    assert {(fall.low, fall.high) for fall in report.falls} == {(1, 1)}


def test_with_it_six_cells_are_hidden_instead_of_four():
    pattern = suppress(block(), SuppressionPolicy(**THREE))
    assert pattern.secondary.sum() == pattern.needed == 4
    report = audit_table(pattern.published(), threshold=3, alone=told(block(), pattern))
    assert report.holds


@pytest.mark.parametrize(("asked", "price", "fall"), [(True, 2, 0), (False, None, 2)])
def test_files_say_what_it_costs_and_whoever_is_alone_attacks_them(tmp_path, asked, price, fall):
    cells, out = tmp_path / "cells.csv", tmp_path / "out.csv"
    rows = zip(block().labels(), block().counts.ravel(), strict=True)
    cells.write_text("county,type,n\n" + "".join(f"{a},{b},{n}\n" for (a, b), n in rows))
    options = {"dims": ["county", "type"], "count": "n", "threshold": 3}
    made = suppress_file(cells, **options, singletons=asked, out=out)
    assert made.pattern.for_alone == price
    assert price is None or price in made.numbers().values()
    assert audit_file(out, **options).holds
    assert len(audit_file(out, **options, alone=cells).falls) == fall


def test_a_margin_of_people_who_are_all_alone_is_kept_from_each_of_them():
    """A, TOTAL is 2: one of CH and one of DV. Together they know it; neither does alone."""
    dims = [Dimension.flat("county", ["A", "B", "C"]), Dimension.flat("type", ["CH", "DV", "GV"])]
    table = from_leaves(dims, np.array([[1, 1, 0], [20, 30, 40], [9, 9, 9]]))
    pattern = suppress(table, SuppressionPolicy(**THREE))
    assert pattern.hidden[0, -1]
    assert not proven(table, pattern)


def test_a_margin_of_one_person_is_known_to_whoever_is_alone_beneath_it():
    """A, DV and A, TOTAL are the same one: nothing has to be kept from them."""
    dims = [Dimension.flat("county", ["A", "B", "C"]), Dimension.flat("type", ["CH", "DV", "GV"])]
    table = from_leaves(dims, np.array([[0, 1, 0], [20, 30, 40], [9, 9, 9]]))
    assert len(alone(table)[0]) == 2
    pattern = suppress(table, SuppressionPolicy(**THREE))
    assert not proven(table, pattern)


def test_what_earlier_tables_gave_away_is_past_and_stops_nothing():
    """Published under the plain rule, then again with sex: the block fell before, and falls no further."""
    plain = suppress(block(), SuppressionPolicy(**THREE, singletons=False))
    with_sex = [*block().dims, Dimension.flat("sex", ["F", "M"])]
    halves = np.stack([BLOCK // 2, BLOCK - BLOCK // 2], axis=-1)
    table = from_leaves(with_sex, halves)
    again = suppress(table, SuppressionPolicy(**THREE), [plain.published()])
    assert again.report.holds

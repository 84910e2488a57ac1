"""What the audit gets back is protected until it holds, or nothing is published."""

from itertools import product

import numpy as np
import pytest

from extracts.suppression.audit.auditing import AuditReport, Fall, audit_table
from extracts.suppression.errors import AuditFellError, CannotProtectError
from extracts.suppression.model.table_system import join_tables
from extracts.suppression.model.tables import CellTable, Dimension, SuppressionPolicy
from extracts.suppression.solver import suppressor
from extracts.suppression.solver.secondary import (
    Goal,
    hide_neighbourhood,
    protect,
    repair,
    start_search,
)
from extracts.suppression.solver.suppressor import suppress
from extracts.suppression.solver.witnesses import protection_levels
from tests.examples import first_of
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(clean=False)
DIMS = (Dimension.flat("a", list("PQRS")), Dimension.flat("b", list("XYZ")))
TABLE = from_leaves(DIMS, np.array([[40, 50, 3], [60, 70, 30], [80, 90, 35], [20, 40, 60]]))


def always_narrow(until):
    """An audit that calls one cell too narrow for the first ``until`` times."""
    asked = []

    def attack(published, *, threshold, **_):
        report = audit_table(published)
        asked.append(report.hidden)
        if len(asked) > until:
            return report
        fall = Fall(("P", "Z"), 0, "narrow", "count", 1, 9)
        return AuditReport((fall,), report.cells, report.hidden, 0, threshold, {}, False)

    return attack, asked


def test_an_interval_that_stays_too_narrow_is_never_published(monkeypatch):
    attack, asked = always_narrow(99)
    monkeypatch.setattr(suppressor, "audit_table", attack)
    with pytest.raises(AuditFellError):
        suppress(TABLE, POLICY)
    assert asked[-1] == TABLE.size  # not before everything was hidden


def test_what_stays_narrow_is_hidden_more_widely(monkeypatch):
    attack, asked = always_narrow(10)
    monkeypatch.setattr(suppressor, "audit_table", attack)
    pattern = suppress(TABLE, POLICY)
    assert pattern.report.holds
    assert asked == sorted(asked)
    assert pattern.hidden.sum() == asked[-1] > asked[0]


@pytest.mark.parametrize("seed", first_of(range(6), 2))
def test_whatever_comes_out_reaches_from_floor_to_threshold(seed):
    """The whole rule once more, by the audit alone, without any offered proof."""
    chance = np.random.default_rng(seed)
    counts = chance.choice([0, 1, 2, 4, 7, 11, 25], (3, 3, 2))
    persons = np.where(counts > 0, np.maximum(1, chance.binomial(counts, 0.6)), 0)
    dims = [
        Dimension.flat(n, [f"{n}{i}" for i in range(k)])
        for n, k in zip("abc", (3, 3, 2), strict=True)
    ]
    table = from_leaves(dims, counts, persons)
    pattern = suppress(table, POLICY)
    joined = join_tables(table, (), (), 1, {})
    wanted = protection_levels(joined, start_search(joined.relations, POLICY))
    assert audit_table(pattern.published(), protection_levels=wanted).holds


def test_a_repair_that_persons_forbid_hides_whole_lines():
    """Every order is on a person of its own: a strict witness can't lower anything."""
    table = from_leaves(DIMS, np.full((4, 3), 2), np.full((4, 3), 2))
    joined = join_tables(table, (), (), 1, {})
    search = start_search(joined.relations, POLICY)
    protect(search)
    search.hidden[~search.primary] = False
    cell = joined.variable_of(0, ("P", "TOTAL"))
    search.strict = True
    search.goals, search.witnesses = [Goal(cell, -4.0)], {}
    with pytest.raises(CannotProtectError):
        protect(search)
    repair(search, [cell], None)
    assert search.hidden[joined.variable_of(0, ("P", "X"))]


def test_widening_goes_along_lines():
    joined = join_tables(TABLE, (), (), 1, {})
    search = start_search(joined.relations, POLICY)
    search.hidden[:] = False
    hide_neighbourhood(search, [joined.variable_of(0, ("P", "Z"))], 1)
    hidden = {labels for labels, h in zip(TABLE.labels(), search.hidden, strict=True) if h}
    assert hidden == {(a, b) for a, b in TABLE.labels() if a == "P" or b == "Z"}


def counted(shape, records, people, seed):
    """Records of persons who may have several: distinct persons in every cell and margin."""
    chance = np.random.default_rng(seed)
    who = chance.integers(0, people, records)
    weights = [chance.dirichlet(np.full(size, 2)) for size in shape]
    levels = [chance.choice(size, records, p=w) for size, w in zip(shape, weights, strict=True)]
    counts = np.zeros([size + 1 for size in shape], dtype=int)
    sets = {}
    for person, *at in zip(who, *levels, strict=True):
        for place in product(*zip(at, shape, strict=True)):
            counts[place] += 1
            sets.setdefault(place, set()).add(person)
    persons = np.zeros_like(counts)
    for place, found in sets.items():
        persons[place] = len(found)
    dims = [
        Dimension.flat(name, [f"{name}{i}" for i in range(size)])
        for name, size in zip(("region", "level", "sex"), shape, strict=True)
    ]
    return CellTable(tuple(dims), counts, persons)


@pytest.mark.long
@pytest.mark.parametrize(
    ("shape", "records", "people", "seed", "zeros"),
    [
        ((6, 3, 2), 90, 81, 125, "hidden"),  # once refused: persons left a strict repair no room
        ((9, 3, 2), 900, 810, 1, "published"),
        ((9, 3, 2), 60, 6, 2, "published"),
        ((9, 3, 2), 12, 9, 3, "hidden"),
    ],
)
def test_a_small_register_gets_a_table_and_not_a_refusal(shape, records, people, seed, zeros):
    table = counted(shape, records, people, seed)
    pattern = suppress(table, SuppressionPolicy(clean=False, zeros=zeros))
    assert audit_table(pattern.published(), zeros=zeros).holds
    assert pattern.hidden.sum() > 0

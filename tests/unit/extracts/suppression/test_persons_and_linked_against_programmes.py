"""Persons and linked tables against plain integer programmes of everything that may be true.

Persons: a variable for the orders and one for the persons of each cell, margins too, and the rules of
any set of persons. Linked tables: a variable for each cell of the finest table that nobody publishes.
"""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.model.tables import (
    CellTable,
    Dimension,
    SuppressionPolicy,
    publish,
    spread,
)
from extracts.suppression.solver.suppressor import suppress
from tests.examples import first_of
from tests.unit.extracts.suppression.tables import from_leaves

NAMES = "abc"


def dims_of(shape, names=NAMES):
    return [
        Dimension.flat(n, [f"{n}{i}" for i in range(size)])
        for n, size in zip(names, shape, strict=False)
    ]


def with_persons(shape, seed):
    """Some orders a person, a person in several cells: margins have fewer persons than their cells."""
    chance = np.random.default_rng(seed)
    counts = chance.choice([0, 3, 8, 11, 14, 20, 35], shape)
    people = np.where(
        counts > 0, np.maximum(1, (counts * chance.uniform(0.4, 1, shape)).astype(int)), 0
    )
    dims = tuple(dims_of(shape))
    margins = spread(dims, people)
    largest = people
    for axis in range(people.ndim):
        largest = np.concatenate([largest, largest.max(axis=axis, keepdims=True)], axis=axis)
    return CellTable(dims, spread(dims, counts), (largest + margins + 1) // 2)


def margins_of(dims, shape):
    """(margin, its cells) as flat numbers, one for each line of each dimension."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    for axis, dim in enumerate(dims):
        along = np.moveaxis(index, axis, 0).reshape(shape[axis], -1)
        for group, kids in dim.children:
            for column in along.T:
                yield int(column[group]), [int(column[k]) for k in kids]


class Possible:
    """Everything that may be true of a table with persons, as an integer programme."""

    def __init__(self, table, hidden):
        counts, people = table.counts.ravel().astype(float), table.persons.ravel().astype(float)
        away, size = hidden.ravel(), counts.size
        self.size, self.constraints = size, []
        low, high = np.concatenate([counts, people]), np.concatenate([counts, people])
        low[:size][away], high[:size][away] = 1, 1e6
        low[size:][away], high[size:][away] = 1, 1e6
        self.bounds = Bounds(low, high)
        for margin, cells in margins_of(table.dims, table.shape):
            self._add({margin: -1, **dict.fromkeys(cells, 1)}, 0, 0)
            self._add({size + margin: -1, **{size + c: 1 for c in cells}}, 0, np.inf)
            for cell in cells:
                self._add({size + margin: 1, size + cell: -1}, 0, np.inf)
        for cell in range(size):
            self._add({cell: 1, size + cell: -1}, 0, np.inf)

    def _add(self, terms, low, high):
        row = np.zeros(2 * self.size)
        for column, factor in terms.items():
            row[column] += factor
        self.constraints.append((row, low, high))

    def most(self, column, sign=1):
        rows, low, high = zip(*self.constraints, strict=True)
        costs = np.zeros(2 * self.size)
        costs[column] = -sign
        found = milp(
            costs,
            integrality=np.ones(2 * self.size),
            bounds=self.bounds,
            constraints=LinearConstraint(np.array(rows), low, high),
        )
        assert found.status == 0
        return round(-sign * found.fun)


@pytest.mark.long
@pytest.mark.parametrize("seed", first_of(range(4)))
@pytest.mark.parametrize("shape", [(4, 3), (3, 2, 2)])
def test_no_small_group_of_persons_is_proven_small(shape, seed):
    table = with_persons(shape, seed)
    pattern = suppress(table, SuppressionPolicy())
    possible = Possible(table, pattern.hidden)
    for cell in np.flatnonzero(pattern.hidden):
        assert possible.most(possible.size + cell) >= 10
        assert possible.most(cell, -1) < possible.most(cell)


@pytest.mark.parametrize("seed", first_of(range(4)))
def test_the_audit_finds_the_groups_of_persons_that_the_programmes_find(seed):
    table = with_persons((4, 3), seed)
    small = (table.persons > 0) & (table.persons < 10)
    report = audit_table(publish(table, small))
    labels = list(table.labels())
    possible = Possible(table, small)
    wanted = set()
    for cell in np.flatnonzero(small):
        wanted |= {(labels[cell], "below")} if possible.most(possible.size + cell) < 10 else set()
        wanted |= (
            {(labels[cell], "exact")} if possible.most(cell, -1) == possible.most(cell) else set()
        )
    assert wanted
    assert {(f.labels, f.how) for f in report.falls} == wanted


@pytest.mark.parametrize("seed", first_of(range(4)))
def test_two_groupings_of_one_set_give_nothing_away_together(seed):
    """a by b and a by c go out; what may be true is any a by b by c that has these margins."""
    chance = np.random.default_rng(seed)
    inner = chance.choice([0, 1, 3, 6, 12, 25], (3, 3, 3))
    tables = [
        from_leaves(dims_of((3, 3), names), inner.sum(axis=axis))
        for names, axis in (("ab", 2), ("ac", 1))
    ]
    pattern = suppress(tables[0], SuppressionPolicy(), linked=[tables[1]])
    everything = np.eye(27).reshape(27, 3, 3, 3)
    shown, values, hidden, primary = [], [], [], []
    for table, one, axis in zip(tables, (pattern, pattern.linked[0]), (2, 1), strict=True):
        sums = np.stack([spread(table.dims, e.sum(axis=axis)).ravel() for e in everything], axis=1)
        for row, away, small, count in zip(
            sums, one.hidden.ravel(), one.primary.ravel(), table.counts.ravel(), strict=True
        ):
            (hidden if away else shown).append(row)
            if away:
                primary.append(small)
            else:
                values.append(count)
    rules = [LinearConstraint(np.array(shown), values, values)]
    if hidden:
        rules.append(LinearConstraint(np.array(hidden), 1, np.inf))
    assert any(primary)
    for row, small in zip(hidden, primary, strict=True):
        low, high = (
            milp(s * row, integrality=np.ones(27), bounds=Bounds(0, 1e6), constraints=rules)
            for s in (1, -1)
        )
        assert low.status == high.status == 0
        assert round(low.fun) < round(-high.fun)
        if small:
            assert round(-high.fun) >= 10

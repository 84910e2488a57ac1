"""Several linked groupings against a plain attacker, who tries every table of the finest cells.

Nobody publishes these finest cells; the attacker knows every published value of all tables together,
the earlier ones too, and may know a cell in which they are alone.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model import Dimension, SuppressionPolicy
from extracts.suppression.solver import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.attacker import Attacker
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(threshold=3, spread=2)
NAMES = "abc"


def dimension(name, size, *, tree):
    leaves = [f"{name}{i}" for i in range(size)]
    if tree and size > 2:
        return Dimension.tree(name, leaves, dict.fromkeys(leaves[:2], f"{name}-first"))
    return Dimension.flat(name, leaves)


@st.composite
def groupings(draw):
    """Finest cells, and two or three tables of some of their dimensions each."""
    shape = draw(st.sampled_from([(2, 2, 2), (3, 2, 2), (3, 3, 1)]))
    size = int(np.prod(shape))
    values = draw(st.lists(st.sampled_from([0, 0, 1, 1, 2, 4, 6]), min_size=size, max_size=size))
    wanted = draw(
        st.lists(st.sampled_from(["ab", "ac", "bc", "a", "b"]), min_size=2, max_size=3, unique=True)
    )
    tree = draw(st.booleans())
    return np.array(values).reshape(shape), wanted, tree


def table(inner, names, *, tree):
    away = tuple(axis for axis, name in enumerate(NAMES) if name not in names)
    dims = [dimension(n, inner.shape[NAMES.index(n)], tree=tree) for n in names]
    return from_leaves(dims, inner.sum(axis=away))


def atoms_of(inner, one):
    """The finest cells of each cell of a table."""
    index = np.arange(inner.size).reshape(inner.shape)
    found = []
    for labels in one.labels():
        keep = [np.arange(n) for n in inner.shape]
        for dim, label in zip(one.dims, labels, strict=True):
            keep[NAMES.index(dim.name)] = np.flatnonzero(dim.spans[dim.position[label]])
        found.append(frozenset(index[np.ix_(*keep)].ravel().tolist()))
    return found


def check(inner, patterns):
    """Nothing hidden is exact, nothing small is proven so: not to anybody, nor to who is alone in a cell."""
    away: dict[frozenset[int], bool] = {}
    values: dict[frozenset[int], int] = {}
    for one in patterns:
        rows = zip(one.hidden.ravel().tolist(), one.table.counts.ravel().tolist(), strict=True)
        for atoms, (hidden, value) in zip(atoms_of(inner, one.table), rows, strict=True):
            away[atoms] = away.get(atoms, True) and hidden
            values[atoms] = value
    sets, hidden, counts = list(away), list(away.values()), list(values.values())
    assert all(h or n == 0 or n >= 3 for h, n in zip(hidden, counts, strict=True))
    everybody = Attacker(sets, counts, hidden)
    shown = zip(sets, counts, hidden, strict=True)
    nobody = frozenset[int]().union(*(s for s, n, h in shown if n == 0 and not h))
    real = [one - nobody for one in sets]  # two cells of one person may differ by empty ones alone
    for number, (is_hidden, count) in enumerate(zip(hidden, counts, strict=True)):
        if is_hidden:
            assert everybody.possible(number, lambda n, count=count: n != count)
            assert everybody.possible(number, lambda n: n >= 3)
    return [
        (sets[number], sets[own])
        for own in np.flatnonzero(np.array(counts) == 1)
        for knows in [[n for n, c in enumerate(counts) if c == 1 and _nested(real[n], real[own])]]
        for attacker in [Attacker(sets, counts, hidden, knows)]
        for number in np.flatnonzero(hidden).tolist()
        if 0 < counts[number] < 3 and number not in knows and attacker.proves(number, 3)
    ]


def _nested(one, other):
    return one <= other or other <= one


@pytest.mark.long
@examples(40, deadline=None)
@given(made=groupings())
def test_linked_groupings_give_nothing_away_together(made):
    inner, wanted, tree = made
    tables = [table(inner, names, tree=tree and n == 0) for n, names in enumerate(wanted)]
    try:
        pattern = suppress(tables[0], POLICY, linked=tables[1:])
    except CannotProtectError:
        assume(False)
        raise
    assert not check(inner, [pattern, *pattern.linked])


@pytest.mark.long
@examples(30, deadline=None)
@given(made=groupings())
def test_nor_do_they_together_with_what_was_published_before(made):
    inner, wanted, tree = made
    first, *others = (table(inner, names, tree=tree and n == 0) for n, names in enumerate(wanted))
    try:
        before = suppress(first, POLICY)
        pattern = suppress(others[0], POLICY, [before.published()], linked=others[1:])
    except CannotProtectError:
        assume(False)
        raise
    check(inner, [before, pattern, *pattern.linked])

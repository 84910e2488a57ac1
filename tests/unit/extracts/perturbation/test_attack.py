"""What noise leaves of a table: held to an attacker who writes down every table that fits."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.errors import NoiseUnfit
from extracts.perturbation import Noise, attack, perturb
from extracts.suppression import CellTable, Dimension, PublishedRow, PublishedTable, RevisedError
from extracts.suppression.model.tables import spread
from tests.examples import examples, first_of

TINY = [
    Noise("round", threshold=3, base=3),
    Noise("round", threshold=2, base=2),
    Noise("cell_key", threshold=2, deviation=3, variance=1),
]


def table_of(counts, names=("a", "b")):
    dims = tuple(
        Dimension.flat(n, [f"{n}{i}" for i in range(size)])
        for n, size in zip(names, np.shape(counts), strict=False)
    )
    return CellTable(dims, spread(dims, np.array(counts)))


def published(table, rows):
    return PublishedTable(tuple(d.name for d in table.dims), tuple(rows))


def keys(seed, shape):
    return np.random.default_rng(seed).integers(0, 2**64, shape, dtype=np.uint64)


def everything_that_fits(shown, noise, dims):
    """By enumeration: all inner cells, each with every count that can be shown as it is shown, whose margins can be, too.

    Each cell's counts, in all the tables that fit, one after the other.
    """
    inner = [labels for labels in shown if "TOTAL" not in labels]
    can = [
        [n for n in range(shown[labels] + noise.reach + 1) if chance(noise, n, shown[labels])]
        for labels in inner
    ]
    sizes = [len(d.leaves) for d in dims]
    shares = [spread(dims, one.reshape(sizes)).ravel() for one in np.eye(len(inner), dtype=int)]
    whole = dict(
        zip(product(*(d.nodes for d in dims)), (np.array([*product(*can)]) @ shares).T, strict=True)
    )
    fits = np.ones(len(whole[inner[0]]), dtype=bool)
    for labels, value in shown.items():
        there = np.unique(whole[labels]).tolist()
        fits &= np.isin(whole[labels], [n for n in there if chance(noise, n, value)])
    return {labels: counts[fits].tolist() for labels, counts in whole.items()}


@cache
def chance(noise, count, value):
    row = noise.persons(count)
    return row.chances[row.values == value].sum()


@pytest.mark.parametrize("noise", first_of(TINY), ids=lambda noise: noise.name)
@examples(25)
@given(
    counts=st.lists(st.integers(0, 5), min_size=4, max_size=4),
    seed=st.integers(0, 10**6),
    offered=st.booleans(),
)
def test_what_is_proven_is_what_every_table_that_fits_has(noise, counts, seed, offered):
    table = table_of(np.reshape(counts, (2, 2)))
    rows = perturb(table, keys(seed, table.shape), noise)
    shown = {row.labels: row.count for row in rows}
    fits = everything_that_fits(shown, noise, table.dims)
    wanted = {}
    for labels in shown:
        low, high = min(fits[labels]), max(fits[labels])
        if low > 0 and high < noise.threshold:
            wanted[labels] = ("below", low, high)
        elif 0 < low == high:
            wanted[labels] = ("exact", low, high)
    true = dict(zip(table.labels(), ((n, n) for n in table.counts.ravel().tolist()), strict=True))
    found = attack([published(table, rows)], noise, true=true if offered else None)
    assert {p.labels: p.how for p in found.proven} == {x: how for x, (how, _, _) in wanted.items()}
    for one in found.proven:
        _, low, high = wanted[one.labels]
        assert 0 < one.low <= low <= high <= one.high
        assert one.how == "exact" or one.high < noise.threshold
    assert found.cells == 9


def test_two_cells_under_a_margin_that_is_too_much_for_their_noise():
    """Rounded to ten: two cells at 0 hold 9 each at most, a margin of 20 holds 11 at least: 2 to 9 in both."""
    rows = [PublishedRow(("x",), 0), PublishedRow(("y",), 0), PublishedRow(("TOTAL",), 20)]
    found = attack([PublishedTable(("a",), tuple(rows))], Noise("round"))
    assert [(p.labels, p.how, p.low, p.high) for p in found.proven] == [
        (("x",), "below", 2, 9),
        (("y",), "below", 2, 9),
    ]
    assert not attack([PublishedTable(("a",), tuple(rows))], Noise("cell_key")).proven


def test_records_and_persons_together():
    """Each cell shows what its noise leaves; the sum of records is exact, that of persons a bound."""
    rows = [
        PublishedRow(("x",), 30, 20),
        PublishedRow(("y",), 0, 0),
        PublishedRow(("TOTAL",), 40, 30),
    ]
    assert not attack(
        [PublishedTable(("a",), tuple(rows), has_persons=True)], Noise("round")
    ).proven
    small = [
        PublishedRow(("x",), 20, 20),
        PublishedRow(("y",), 0, 0),
        PublishedRow(("TOTAL",), 40, 40),
    ]
    proven = attack([PublishedTable(("a",), tuple(small), has_persons=True)], Noise("round")).proven
    assert [(p.labels, p.how, p.low, p.high) for p in proven] == [(("y",), "below", 2, 9)]


def test_two_tables_of_the_same_records_are_attacked_together():
    """By c the total is 22 at least, which leaves s, at most 9, three and more; by b alone it could be empty."""

    def by(dim, **shown):
        return PublishedTable((dim,), tuple(PublishedRow((x,), n) for x, n in shown.items()))

    one, other = by("b", s=0, t=10, TOTAL=20), by("c", u=20, v=20, TOTAL=20)
    assert not attack([one], Noise("round")).proven
    assert not attack([other], Noise("round")).proven
    proven = attack([one, other], Noise("round")).proven
    assert [(p.labels, p.how, p.low, p.high) for p in proven] == [(("s",), "below", 3, 9)]
    with pytest.raises(RevisedError):
        attack([one, by("c", u=20, v=20, TOTAL=30)], Noise("round"))


def test_a_cell_has_the_same_noise_in_every_table():
    """The averaging attack has one value to average; another key is another draw."""
    noise, key = Noise("cell_key"), keys(3, (1,))
    draws = set()
    for width in range(1, 6):
        table = table_of([37] + [4] * width, ("a",))
        given_keys = keys(width, table.shape)
        given_keys[0] = key[0]
        draws.add(perturb(table, given_keys, noise)[0].count)
    assert len(draws) == 1
    table = table_of([37] * 400, ("a",))
    values = [row.count for row in perturb(table, keys(1, table.shape), noise)[:-1]]
    assert np.mean(values) == pytest.approx(37, abs=0.5)
    assert np.var(values) == pytest.approx(10, abs=2.5)


@examples(60)
@given(
    persons=st.integers(0, 60),
    further=st.integers(0, 8),
    seed=st.integers(0, 10**6),
    method=st.sampled_from(["round", "cell_key"]),
)
def test_records_and_persons_are_none_together_and_never_fewer_than_the_threshold(
    persons, further, seed, method
):
    noise = Noise(method)
    dims = (Dimension.flat("a", ["x"], total=False),)
    table = CellTable(dims, np.array([persons + further if persons else 0]), np.array([persons]))
    row = perturb(table, keys(seed, (1,)), noise)[0]
    assert (row.count == 0) == (row.persons == 0)
    assert row.count >= row.persons
    assert row.persons == 0 or row.persons >= 10
    assert abs(row.persons - persons) <= noise.reach


@pytest.mark.long
@pytest.mark.parametrize(
    "noise", [Noise("round"), Noise("round", base=3), Noise("cell_key")], ids=lambda n: n.name
)
@pytest.mark.parametrize(("persons", "records"), [(3, 4), (8, 10), (12, 15), (40, 44)])
def test_both_counts_are_unbiased(noise, persons, records):
    many = 4_000
    dims = (Dimension.flat("a", [str(i) for i in range(many)], total=False),)
    table = CellTable(dims, np.full(many, records), np.full(many, persons))
    rows = perturb(table, keys(5, (many,)), noise)
    for values, true in (([r.persons for r in rows], persons), ([r.count for r in rows], records)):
        assert abs(np.mean(values) - true) <= 5 * np.std(values) / many**0.5


def test_noise_needs_room():
    with pytest.raises(NoiseUnfit):
        Noise("round", base=1)

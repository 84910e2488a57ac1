"""Revealing from nothing: k at every step, versions in order, weights first, and not far from the best."""

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.deidentified import less_rare
from extracts.deidentified.less_rare import suppress_locally
from extracts.deidentified.revealing import Concept, _Search, reveal
from tests.examples import examples

CHAINS = (("half", "region"), ("span", "year"), ("sex",))
QUASI = ("half", "region", "span", "year", "sex")
HALF = {"a": "n", "b": "n", "c": "s", None: None}


def table(rows):
    """Rows of (person, region, year, sex)."""
    made = [
        {
            "person_ref": f"p{person}",
            "half": HALF[region],
            "region": region,
            "span": str(year // 4),
            "year": str(year),
            "sex": sex,
            "flag": "x",
        }
        for person, region, year, sex in rows
    ]
    names = ("person_ref", *QUASI, "flag")
    return pa.table({n: pa.array([r[n] for r in made], pa.string()) for n in names})


rows_of_people = st.lists(
    st.tuples(
        st.integers(0, 15), st.sampled_from(["a", "b", "c", None]), st.integers(0, 7),
        st.sampled_from("FM"),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


def suppressed(rows, k, **more):
    return suppress_locally(table(rows), QUASI, QUASI, k, chains=CHAINS, **more)


def told(row, name):
    """A cell as its reader sees it, with what the companion says of it."""
    plain = "not_recorded" if row[name] is None else "recorded"
    return f"{row[name]} {row.get(f'{name}_status', plain)}"


@examples(80)
@given(rows_of_people, st.integers(2, 4), st.sampled_from(["history", "row"]))
def test_k_persons_are_alike_in_every_version(rows, k, measure):
    got = suppressed(rows, k, measure=measure, together={"year": ("flag",)}).table.to_pylist()
    seen = defaultdict(list)
    for row in got:
        seen[row["person_ref"]].append(tuple(told(row, n) for n in QUASI))
    if measure == "history":
        sizes = Counter(tuple(sorted(history)) for history in seen.values())
    else:
        sizes = Counter(one for history in seen.values() for one in set(history))
    assert all(size >= k for size in sizes.values())
    for row in got:
        assert row["half"] is not None or row["region"] is None
        assert row["span"] is not None or row["year"] is None
        assert (row["year"] is None) == (row["flag"] is None)


@examples(80)
@given(rows_of_people, st.integers(2, 4))
def test_a_companion_says_of_each_cell_what_is_so(rows, k):
    """Recorded is what is there, not recorded what never was; which cells were emptied is no matter of their values."""
    before = table(rows).append_column("place", pa.array(range(len(rows))))
    after = suppress_locally(before, QUASI, QUASI, k, chains=CHAINS).table
    for row in after.to_pylist():
        had = {n: before[n][row["place"]].as_py() for n in QUASI}
        for name in QUASI:
            said = told(row, name)
            assert said in {f"{had[name]} recorded", "None not_recorded", "None emptied"}
            assert (said == f"{had[name]} not_recorded") <= (had[name] is None)
        for coarser, finer in CHAINS[
            :2
        ]:  # what a coarser version shows is not kept from the finer one
            absent = told(row, coarser).endswith("not_recorded")
            assert not absent or told(row, finer).endswith("not_recorded")


@examples(30)
@given(rows_of_people, st.integers(2, 3))
def test_the_order_of_rows_changes_nothing(rows, k):
    one, other = suppressed(rows, k).table, suppressed(rows[::-1], k).table
    assert Counter(map(str, one.to_pylist())) == Counter(map(str, other.to_pylist()))


def best(rows, k):
    """Most cells of one order a person that any assignment of versions shows, by trying all of one pattern a value."""
    options = list(product(range(3), range(3), range(2)))
    values = [(HALF[r], r, str(y // 4), str(y), s) for _, r, y, s in rows]

    def view(value, option):
        region, year, sex = option
        return (*value[:region], *value[2 : 2 + year], *value[4 : 4 + sex], option)

    found = 0
    for chosen in product(options, repeat=len({*values})):
        pattern = dict(zip(sorted({*values}, key=str), chosen, strict=True))
        sizes = Counter(view(v, pattern[v]) for v in values)
        if min(sizes.values()) >= k:
            found = max(
                found, sum((o[0] > 0) + (o[1] > 0) + o[2] for o in map(pattern.get, values))
            )
    return found


@pytest.mark.long
@examples(25)
@given(
    st.lists(
        st.tuples(st.sampled_from("ac"), st.sampled_from([0, 5]), st.sampled_from("FM")),
        min_size=3, max_size=8,
    ).filter(lambda r: len({*r}) <= 3)
)  # fmt: skip
def test_at_least_half_of_what_the_best_recoding_shows(rows):
    people = [(n, *row) for n, row in enumerate(rows)]
    got = suppressed(people, 2).table
    shown = sum(got.num_rows - got[n].null_count for n in ("half", "span", "sex"))
    assert 2 * shown >= best(people, 2)


def test_the_worked_table_of_the_document():
    places = ["bay", "bay", "bay", "bay", "sup", "coast", "orange", "orange", "la"]
    years = ["2020"] * 3 + ["2021"] * 3 + ["2020"] * 3
    data = pa.table({
        "person_ref": [f"p{n}" for n in range(9)],
        "half": ["north"] * 6 + ["south"] * 3,
        "region": places,
        "year": years,
    })  # fmt: skip
    order = ("half", "region", "year")
    got = suppress_locally(data, order, order, 3, chains=(("half", "region"), ("year",)))
    assert got.cells == {"region": 6}
    assert got.table["region"].to_pylist() == ["bay"] * 3 + [None] * 6
    assert got.table["region_status"].to_pylist() == ["recorded"] * 3 + ["emptied"] * 6
    assert got.table.column_names == ["person_ref", "half", "region", "region_status", "year"]


def test_what_weighs_more_is_revealed_first():
    rows = [(n, "abc"[n % 3], n % 8, "FM"[n // 8 % 2]) for n in range(48)]
    plain = suppressed(rows, 5).cells
    year = suppressed(rows, 5, weights={"year": 3.0}).cells
    place = suppressed(rows, 5, weights={"region": 3.0}).cells
    assert year.get("year", 0) == 0
    assert place.get("region", 0) == 0
    assert plain != year


def test_what_other_columns_tell_is_revealed_before_what_is_finer_elsewhere():
    rows = [(n, "abc"[n % 3], n % 8, "FM"[n // 8 % 2]) for n in range(48)]
    told = suppressed(rows, 7, determined=("region",)).cells
    assert told.get("region", 0) == 0
    assert suppressed(rows, 7).cells["region"] > 0


dates = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 7), st.sampled_from([0, 0, 0, 0, 1]), st.booleans()),
    min_size=1, max_size=40,
)  # fmt: skip


def of_dates(rows):
    """Concepts of two dates, the second that of the first or a year later, each also in fours; and one of two values."""
    issued = np.array([year for _, year, _, _ in rows], np.int32)
    served = issued + np.array([later for _, _, later, _ in rows], np.int32)
    one, sex = (1.0, 1.0), np.array([sex for *_, sex in rows], np.int32)
    dated = [
        Concept(((d // 4).astype(np.int32), np.unique(d, return_inverse=True)[1].astype(np.int32)), one)
        for d in (issued, served)
    ]  # fmt: skip
    persons = np.unique([person for person, *_ in rows], return_inverse=True)[1].astype(np.int32)
    return [*dated, Concept((sex,), (1.0,))], persons


@examples(60)
@given(dates, st.integers(2, 4))
def test_neither_of_two_tied_dates_is_seen_finer_than_the_other(rows, k):
    concepts, persons = of_dates(rows)
    tied = _Search(concepts, len(persons), k).tied
    levels = reveal(concepts, persons, k)
    for one, other in tied:
        if {one, other} == {0, 1}:
            assert not ((levels[:, one] > 1) & (levels[:, other] < 2)).any()
    shown = [
        [tuple(c.codes[v - 1][row] if v > 0 else None for c, v in zip(concepts, levels[row], strict=True))
         for row in np.flatnonzero(persons == person)]
        for person in range(persons.max() + 1) if (levels[persons == person] >= 0).all()
    ]  # fmt: skip
    sizes = Counter(tuple(sorted(map(str, one))) for one in shown)
    assert all(size >= k for size in sizes.values())


@examples(40)
@given(dates, st.integers(2, 4))
def test_a_class_too_small_to_be_parted_shows_what_stepping_would_show(rows, k):
    """The shortcut for classes under 2 k against the steps, one version after the other."""
    concepts, persons = of_dates(rows)

    class Stepping(_Search):
        def _agreed(self, one, rows):
            waiting = [one]
            while waiting[0].tier < len(self.targets):
                waiting = self._step(waiting[0], rows)
                assert len(waiting) == 1
            return waiting[0]

    fast, slow = _Search(concepts, len(persons), k), Stepping(concepts, len(persons), k)
    for units in fast.units(persons, by_row=False):
        if len(units) >= k:
            quick = {tuple(c.members): c.seen.tolist() for c in fast.classes(units)}
            assert quick == {tuple(c.members): c.seen.tolist() for c in slow.classes(units)}


def test_rows_of_persons_stand_side_by_side_the_commonest_first():
    """Ten persons with a common row and another: read in the order of their values, no row would be alike."""
    rows = [(p, y, 0, True) for p in range(10) for y in (4, p % 4 if p % 2 else 4 + p % 4)]
    concepts, persons = of_dates(rows)
    for units in _Search(concepts, len(persons), 5).units(persons, by_row=False):
        assert (concepts[0].codes[0][units[:, 0]] == 1).all()


def test_a_column_in_two_chains_is_refused():
    with pytest.raises(less_rare.ExtractFailed):
        suppress_locally(table([(0, "a", 0, "F")]), QUASI, QUASI, 2, chains=(*CHAINS, ("sex",)))


def test_large_registers_take_no_loop_over_persons():
    chance = np.random.default_rng(1)
    rows = [
        (int(p), "abc"[c], int(y), "FM"[s])
        for p, c, y, s in zip(
            chance.integers(0, 3000, 6000), chance.integers(0, 3, 6000),
            chance.integers(0, 8, 6000), chance.integers(0, 2, 6000), strict=True,
        )
    ]  # fmt: skip
    got = suppressed(rows, 10)
    assert got.persons_left_out < 40

"""Full names counted in the register, against plain loops; and families and namesakes that stay apart."""

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.arrays import numbering
from matching.comparison.fields import FIELDS, level
from matching.model.by_value import ByValue
from matching.model.chance import frequencies, near_names, values_of
from matching.model.model import FULL_NAME, NEAR_NAME, agreeing, prior_model, with_namesakes
from matching.model.namesakes import _EXPECTED, Kinds, People, _others, count_namesakes
from matching.normalise import encode
from matching.persons import resolve
from tests.examples import examples
from tests.two_tables import link
from tests.unit.matching.tables import cohort, linked, records

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["min", "jun", None]), st.sampled_from(["kim", "lee", None]),
        st.sampled_from(["ho", "su", None]), st.sampled_from(["1970-01-02", "1980-03-04", "1990-05-06", None]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@given(ROWS)
def test_other_people_of_a_full_name_are_those_with_other_birth_dates(rows):
    table = records(
        *(
            {"first_name": f, "last_name": n, "middle_name": m, "birth_date": b}
            for f, n, m, b in rows
        )
    )
    asked = {"first_name": "x", "last_name": "y", "middle_name": "z", "birth_date": "1999-09-09"}
    people = People.of(encode(cohort(asked), table).records)
    dated = any(f and n and b for f, n, _, b in rows)
    known = defaultdict(set)
    for i, (f, n, _, b) in enumerate(rows):
        if f and n:
            known[f, n].add((b or "none") if dated else i)
    others = _others(people.name)
    for i, (f, n, _, _) in enumerate(rows):
        if f and n:
            assert others[people.which[i]] == len(known[f, n]) - 1
        else:
            assert people.which[i] == -1


@examples(20)
@given(ROWS, st.integers(1, 6))
def test_people_that_are_told_apart_in_parts_say_the_same(rows, part):
    table = records(
        *(
            {"first_name": f, "last_name": n, "middle_name": m, "birth_date": b, "sex": "M", "street": "9 Elm St"}
            for f, n, m, b in rows
        )
    )  # fmt: skip
    side = encode(table.rename_columns(["cohort_id", *table.column_names[1:]]), None).cohort
    model = prior_model(len(rows), len(rows))
    whole = count_namesakes(People.of(side), side, model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbering, "_PART", part)
        cut = count_namesakes(People.of(side), side, model)
    assert (cut.average, cut.same_middle) == (whole.average, whole.same_middle)
    for name in ("full_name", "middle", "given", "heir"):
        assert np.array_equal(getattr(cut, name), getattr(whole, name))


def _registered(count=400, names=6):
    """Different people of a community of few names: each full name comes with many birth dates and addresses.

    Who is called by one first name has one middle name.
    """
    rng = random.Random(3)
    first, last = [f"fi{i}rst" for i in range(names)], [f"la{i}st" for i in range(names)]
    return [
        {
            "first_name": (given := rng.choice(first)), "middle_name": f"mi{given}", "last_name": rng.choice(last), "sex": "F",
            "birth_date": f"{rng.randint(1940, 2005)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "street": f"{rng.randint(1, 9999)} oak st", "zip": str(rng.randint(90001, 90400)),
        }
        for _ in range(count)
    ]  # fmt: skip


def test_a_common_full_name_is_worth_its_own_share():
    people = [
        *_registered(),
        {"first_name": "odalys", "last_name": "quintanar", "birth_date": "1971-08-09"},
    ]
    encoded = encode(cohort(*people), records(*people))
    found = count_namesakes(People.of(encoded.records), encoded.records, prior_model(401, 401))
    share = found.average * np.exp(found.full_name.astype(np.float64))
    assert share[:400].mean() == pytest.approx(1 / 36, rel=0.3)
    assert share[400] < share[:400].min() / 5
    assert found.same_middle > 0.9  # whoever is called so has that middle name, too


def _two_origins():
    """Many people of many names, some of few names, and one whose full name of these nobody else bears."""
    rng = random.Random(5)
    many = [(f"an{rng.randrange(60)}", f"br{rng.randrange(60)}") for _ in range(1_800)]
    few = [(f"ki{i}", f"la{j}") for i in range(6) for j in range(6) if i != j for _ in range(5)]
    return [
        {"first_name": first, "last_name": last, "birth_date": f"{1940 + i % 60}-{1 + i % 12:02}-{1 + i // 60 % 28:02}"}
        for i, (first, last) in enumerate([*many, *few, ("ki0", "la0")])
    ]  # fmt: skip


def test_a_full_name_that_nobody_else_bears_is_as_common_as_names_of_its_kind_say():
    """Six first and six last names that stand with each other alone: the 36th full name is no rarer than chance among them."""
    people = _two_origins()
    side = encode(cohort(people[0]), records(*people)).records
    found = count_namesakes(People.of(side), side, prior_model(1, len(people)))
    expected = len(people) * found.average * np.exp(float(found.full_name[-1]))
    # one of six among the 26 of either name, and nobody was seen
    assert expected == pytest.approx(1 / (6 / 26 + 1), rel=0.3)
    alone = found.full_name[:1_800][_others(People.of(side).name)[:1_800] == 0]
    assert found.full_name[-1] > alone.mean() + 0.3


@given(ROWS)
def test_kinds_are_what_a_loop_over_all_people_finds(rows):
    table = records(
        *({"first_name": f or "an", "last_name": n or "ho", "birth_date": b} for f, n, _, b in rows)
    )
    people = People.of(encode(table.rename_columns(["cohort_id", *table.column_names[1:]]), None).cohort)  # fmt: skip
    kinds, whole = Kinds.of(people, 2.0), slice(0, len(people.rows))
    names = [*zip(people.first.tolist(), people.last.tolist(), strict=True)]
    others, chances = kinds.pairs(people, whole)
    for i, mine in enumerate(names):
        assert others[i] == names.count(mine) - 1
        first, last = (sum(mine[k] == name[k] for name in names) - 1 for k in (0, 1))
        assert chances[i] == first * last
    for kind in (0, 1):
        for code in {name[kind] for name in names}:
            here = [i for i, name in enumerate(names) if name[kind] == code]
            want = (sum(others[here]) + 2 * _EXPECTED) / (
                sum(chances[here]) / max(len(names) - 1, 1) + _EXPECTED
            )
            assert kinds.lifts(kind, np.array([code]))[0] == pytest.approx(want)


@given(ROWS)
def test_given_names_that_go_together_are_counted_in_the_records(rows):
    """Of those of a first name who have a middle one, how many others share it, with chance for one of them."""
    table = records(
        *(
            {"first_name": f or "an", "last_name": n or "ho", "middle_name": m, "birth_date": b}
            for f, n, m, b in rows
        )
    )
    people = People.of(encode(table.rename_columns(["cohort_id", *table.column_names[1:]]), None).cohort)  # fmt: skip
    average, found = people.middles(people.first, 0.01, 0.01)
    assert average == 0.01
    for i, (first, middle) in enumerate(zip(people.first, people.middle, strict=True)):
        beside = (people.first == first) & (people.middle >= 0)
        want = 0.0
        if middle >= 0 and beside.sum() > 1:
            both = (beside & (people.middle == middle)).sum() - 1
            want = np.log(max((both + 0.01) / beside.sum(), 0.01) / 0.01)
        assert found[i] == pytest.approx(want, abs=1e-6)


def test_what_is_learnt_by_value_says_the_same_of_its_own_rows_and_of_new_names_what_their_kind_says():
    people = _two_origins()
    mine = [row | {"middle_name": ("thi", "ngoc")[i % 3 == 0]} for i, row in enumerate(people)]
    encoded = encode(cohort(people[0]), records(*mine))
    side, model = encoded.records, prior_model(1, len(people))
    namesakes = count_namesakes(People.of(side), side, model)
    model = with_namesakes(model, namesakes.average, namesakes.same_middle)
    table = frequencies(values_of(encoded), model, namesakes)
    known = ByValue.of(side, table, model)
    again = known.frequencies(side, model).by_row
    assert again.keys() == table.by_row.keys()
    for name, values in table.by_row.items():
        assert again[name] == pytest.approx(values, abs=1e-6), name
    # without the last one, who is new
    others = encode(cohort(people[0]), records(*mine[:-1], mine[-1] | {"first_name": None})).records
    fewer = count_namesakes(People.of(others), others, model)
    table = frequencies(values_of(encoded), model, fewer)
    new = ByValue.of(others, table, model).frequencies(
        side.take(np.array([len(people) - 1])), model
    )
    assert new.by_row[FULL_NAME][0] == pytest.approx(again[FULL_NAME][-1], abs=0.3)


def test_a_full_name_counts_past_a_slip_where_it_is_common_alone():
    full = np.array([-2.0, 3.0], np.float32)
    assert near_names(full).tolist() == [0.0, 3.0]
    levels = [np.zeros(6, np.int64) for _ in FIELDS]
    levels[0][:] = [level("first", n) for n in ("same", "same", "close", "same", "different", "swapped")]  # fmt: skip
    levels[1][:] = [level("last", n) for n in ("same", "close", "same", "different", "same", "missing")]  # fmt: skip
    assert agreeing(FULL_NAME, levels).tolist() == [True, *[False] * 5]
    assert agreeing(NEAR_NAME, levels).tolist() == [False, True, True, False, False, False]


def test_no_two_people_whose_birth_dates_are_years_apart_become_one():
    people = _registered()
    index = resolve(records(*people, *people[:100])).to_pylist()  # some of them twice
    dates = defaultdict(set)
    for line in index:
        dates[line["identity"]].add(people[(line["record_id"] - 1) % 400]["birth_date"])
    assert all(len(found) == 1 for found in dates.values())
    lower = {line["record_id"]: line["identity_lower"] for line in index}
    assert all(lower[i] == lower[i + 400] for i in range(1, 101))


@pytest.mark.long
def test_of_many_namesakes_a_row_gets_its_own_and_no_other():
    people = _registered()
    result = link(cohort(*people[:200]), records(*people))
    truth = {(f"c{i}", i) for i in range(1, 201)}
    found = linked(result)
    assert not found - truth
    assert len(found) > 190

"""Full names counted in the register, against plain loops; and families and namesakes that stay apart."""

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.arrays import numbering
from matching.model.model import prior_model
from matching.model.namesakes import People, _others, count_namesakes
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
    for name in ("full_name", "middle", "heir"):
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
    assert share[400] < share[:400].min() / 10
    assert found.same_middle > 0.9  # whoever is called so has that middle name, too


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

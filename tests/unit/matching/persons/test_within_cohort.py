"""A cohort against itself: probing is caught, honest people are left alone."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.arrays import numbering
from matching.linking.linking import table_source
from matching.persons import within_cohort
from matching.persons.within_cohort import find_duplicates
from matching.scoring import scoring
from tests.examples import examples
from tests.unit.matching.tables import cohort, people


def withheld(*rows, after=None):
    """Ids of the withheld among these rows, which may stand after those of a table."""
    table = cohort(*rows)
    if after is not None:
        ids = pa.array([f"c{i}" for i in range(after.num_rows + 1, after.num_rows + len(rows) + 1)])
        more = [table.set_column(0, "cohort_id", ids)] if rows else []
        table = pa.concat_tables([after, *more], promote_options="default")
    found = find_duplicates(table_source(table, "cohort")).to_pylist()
    return {row["cohort_id"] for row in found}


HONEST = people(400, 31)


@pytest.mark.long
def test_honest_people_are_left_alone():
    assert withheld(*HONEST) == set()


def test_one_name_with_every_birth_date_is_withheld():
    probe = [
        {
            "first_name": "Zebulon",
            "last_name": "Quimby",
            "birth_date": f"19{50 + i % 50}-{1 + i % 12:02}-{1 + i % 28:02}",
        }
        for i in range(366)
    ]
    ids = {f"c{i}" for i in range(401, 767)}
    assert withheld(*HONEST, *probe) == ids
    assert len(withheld(*probe)) == 366  # also where the cohort holds nothing else


def test_a_common_name_is_no_probe():
    rng = random.Random(2)
    namesakes = [
        row | {"first_name": "maria", "last_name": "garcia", "sex": "F"} for row in people(3, 8)
    ]
    rng.shuffle(namesakes)
    assert withheld(*HONEST, *namesakes) == set()


def many_namesakes(rows):
    """A long cohort in which names are as unequal as people's: the common ones are there many times."""
    rng = random.Random(11)
    words = [
        "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(4))
        for _ in range(200)
    ]
    often = [k**-0.5 for k in range(1, 101)]
    names = zip(
        rng.choices(words[:100], often, k=rows),
        rng.choices(words[100:], often, k=rows),
        strict=True,
    )
    return [
        {
            "first_name": first,
            "last_name": last,
            "birth_date": f"{rng.randrange(1930, 2006)}-{1 + rng.randrange(12):02}-{1 + rng.randrange(28):02}",
            "zip": str(90000 + rng.randrange(5)),
        }
        for first, last in names
    ]  # fmt: skip


@pytest.fixture(scope="module")
def many():
    return cohort(*many_namesakes(40_000))


@pytest.mark.long
def test_the_namesakes_of_a_long_cohort_are_no_probes(many):
    assert len(withheld(after=many)) < 60  # of one name and one birth date, by chance


@pytest.mark.long
def test_a_probe_is_found_among_many_namesakes(many):
    """Also of a surname that many have, and of a name that many have."""
    name = many.slice(0, 1).to_pylist()[0]
    for first in ("Zebulon", name["first_name"]):
        probe = [
            {"first_name": first, "last_name": name["last_name"], "birth_date": f"1980-{1 + i % 12:02}-{1 + i % 28:02}"}
            for i in range(300)
        ]  # fmt: skip
        assert withheld(*probe, after=many) >= {f"c{i}" for i in range(40_001, 40_301)}


@pytest.mark.long
def test_a_small_origin_keeps_its_names(many):
    """Few have these names, and those have them together: no chance of a whole cohort, but their own."""
    rng = random.Random(3)
    first = [
        "Lusine",
        "Anahit",
        "Gayane",
        "Mane",
        "Siranush",
        "Varduhi",
        "Hasmik",
        "Zaruhi",
        "Nune",
        "Karine",
        "Astghik",
        "Tatevik",
    ]
    last = [
        "Khachatryan",
        "Grigoryan",
        "Sargsyan",
        "Petrosyan",
        "Ter-Minasian",
        "Bagdasarian",
        "Yeghiazaryan",
    ]
    few = [
        {"first_name": rng.choice(first), "last_name": rng.choice(last), "birth_date": f"{1930 + i}-{1 + 5 * i % 12:02}-{1 + 11 * i % 28:02}"}
        for i in range(70)
    ]  # fmt: skip
    assert not {f"c{i}" for i in range(40_001, 40_071)} & withheld(*few, after=many)


def test_a_row_given_twice_is_withheld():
    assert withheld(*HONEST, HONEST[7]) == {"c8", "c401"}


@pytest.mark.long
@pytest.mark.parametrize("shared", ["street", "ssn", "phone"])
def test_one_name_and_one_number_with_two_birth_dates_is_withheld(shared):
    kept = ("first_name", "last_name", shared)
    again = {k: v for k, v in HONEST[7].items() if k in kept} | {"birth_date": "1931-09-17"}
    assert withheld(*HONEST, again) == {"c8", "c401"}


def test_brothers_are_two_people():
    brother = HONEST[7] | {
        "first_name": "Ezekiel",
        "birth_date": "1961-02-03",
        "ssn": None,
        "phone": None,
    }
    assert withheld(*HONEST, brother) == set()


def test_senior_and_junior_are_two_people():
    father = HONEST[7] | {"ssn": None, "phone": None, "name_suffix": "Sr"}
    son = father | {"birth_date": "1999-09-17", "name_suffix": "Jr."}
    assert withheld(*HONEST[8:], father, son) == set()


def test_an_empty_cohort_has_no_groups():
    assert find_duplicates(table_source(cohort(), "cohort")).num_rows == 0


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), max_size=30))
def test_neighbours_of_one_key_are_as_by_hand(values):
    a, b = (np.array([pair[side] for pair in values], np.int64) for side in (0, 1))
    last, wanted = {}, set()
    for row, pair in enumerate(values):
        if min(pair) < 0:
            continue
        if pair in last:
            wanted.add((last[pair], row))
        last[pair] = row
    left, right = within_cohort._chained(a, b)
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == wanted
    assert len(left) == len(wanted)


@given(
    cases=st.lists(
        st.tuples(
            st.integers(1, 500), st.floats(0, 400) | st.sampled_from([0.0, 1e-12, 1e-3, 0.3])
        ),
        min_size=1,
    ),
    names=st.integers(1, 10**7),
)
def test_what_is_rare_is_what_the_distribution_says(cases, names):
    """Oracle: SciPy's Poisson distribution, asked of every name."""
    from scipy.stats import poisson

    least, mean = np.array([k for k, _ in cases]), np.array([m for _, m in cases])
    expected = poisson.sf(least - 1, mean) * names < within_cohort._RARE
    assert within_cohort._rare(least, mean, names).tolist() == expected.tolist()


@pytest.mark.long
@examples(15)
@given(part=st.integers(1, 90), seed=st.integers(0, 9))
def test_rows_that_are_looked_at_in_parts_are_the_same_ones(part, seed):
    """Those of a name, and those of a ZIP code, stay together however small the parts are."""
    rng = random.Random(seed)
    rows = many_namesakes(150)
    probe = {"first_name": "Zebulon", "last_name": "Quimby", "zip": "90001"}
    rows += [probe | {"phone": rng.choice([None, "5305550101"])} for _ in range(12)]
    rows += rng.sample(rows, 6)
    rng.shuffle(rows)
    source = table_source(cohort(*rows), "cohort")
    whole = find_duplicates(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbering, "_PART", part)
        patch.setattr(scoring, "_LARGE", 0)
        assert find_duplicates(source).equals(whole)
    assert whole.num_rows >= 12

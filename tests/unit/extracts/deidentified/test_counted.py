"""What is said of each column's values is what whoever has the rows can count, and stands for nobody too few."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.deidentified import count_values, rounded
from extracts.rows import emptied, plan_for
from systems.description import load_system
from tests.examples import examples

COLUMNS = ("person_sex", "order_issue_year", "order_issue_two_years", "order_brady")
NAMES = ("person_sex", "order_issue_year", "order_issue_two_years", "order_brady")


@pytest.fixture(scope="module")
def plan():
    return plan_for(load_system("CARPOS"), "deidentified", COLUMNS)


cell = st.sampled_from(["recorded", "not_recorded", "emptied"])
rows_of_people = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from("FM"), cell, cell, cell, cell), max_size=60
)


def table(rows):
    """Rows of (person, sex, and what is said of sex, year, two years and Brady)."""
    given = {
        "person_sex": pa.array([sex for _, sex, *_ in rows], pa.string()),
        "order_issue_year": pa.array([2020] * len(rows), pa.int64()),
        "order_issue_two_years": pa.array(["2020-2021"] * len(rows), pa.string()),
        "order_brady": pa.array(["Y"] * len(rows), pa.string()),
    }
    made = pa.table({
        "person_ref": pa.array([f"p{person}" for person, *_ in rows], pa.string()),
        "order_ref": pa.array([f"o{n}" for n in range(len(rows))], pa.string()),
        **{
            name: pa.array([v if r[at] == "recorded" else None for v, r in zip(cells.to_pylist(), rows, strict=True)], cells.type)
            for at, (name, cells) in enumerate(given.items(), start=2)
        },
    })  # fmt: skip
    for at, name in enumerate(NAMES, start=2):
        made = emptied(made, name, np.array([r[at] == "emptied" for r in rows], bool))
    return made


@examples(80)
@given(rows_of_people, st.integers(2, 5))
def test_every_number_is_the_rows_own_and_stands_for_enough_persons(plan, rows, threshold):
    found = count_values(table(rows), plan, threshold)
    assert set(found) == set(COLUMNS)
    for at, name in enumerate(NAMES, start=2):
        sizes = Counter(r[at] for r in rows)
        said = {s: getattr(found[name], s) for s in ("recorded", "not_recorded", "emptied")}
        for status, number in said.items():
            persons = {r[0] for r in rows if r[at] == status}
            assert number is None or abs(number - sizes[status]) <= threshold / 2
            assert number is None or number % threshold == 0
            assert number is None or not persons or len(persons) >= threshold
        untold = [s for s, number in said.items() if number is None]
        assert len(untold) != 1 or len([s for s in said if sizes[s]]) == 1  # nobody subtracts
        for groups in found[name].by_group.values():
            for group, (gone, _) in groups.items():
                of = [
                    r
                    for r in rows
                    if (
                        r[2] == "emptied"
                        if group == "emptied"
                        else (r[2] == "recorded" and r[1] == group)
                    )
                ]
                share = [r for r in of if r[at] == "emptied"]
                assert gone is None or gone == round(100 * len(share) / len(of))  # fmt: skip


def test_a_coarser_version_is_counted_for_the_finer_one(plan):
    rows = [
        (n, "F", "recorded", "emptied", "recorded" if n < 6 else "emptied", "recorded")
        for n in range(12)
    ]
    found = count_values(table(rows), plan, 5)
    assert (found["order_issue_year"].emptied, found["order_issue_year"].coarser) == (10, 5)
    assert found["order_issue_year"].by_group["person_sex"] == {"F": (100, 50)}
    assert (found["person_sex"].generalised, found["order_issue_two_years"].generalised) == (0, 5)  # fmt: skip


def test_what_stays_out_is_told_in_steps_and_not_of_few():
    assert [rounded(n, n, 10) for n in (0, 9, 10, 14, 16, 3382)] == [None, None, 10, 10, 20, 3380]
    assert rounded(40, 9, 10) is None  # forty orders of nine persons

"""A cohort file: what makes it useless is an error, a bad value keeps its row."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.errors import DuplicateIds, MissingIdColumn, MissingIds
from matching.tables import ColumnMap
from pipelines.cohort.errors import CohortColumnsUnknown, CohortHasNoIdentifier
from pipelines.cohort.reading import _ids, unusable_rows
from pipelines.cohort.reading import standardised as standardised_file
from systems.tabular import Stream

TODAY = date(2026, 11, 23)


def refusals(cohort: pa.Table, on: date) -> pa.Table:
    return unusable_rows(lambda names: [cohort.select(names)], cohort.column_names, on)


def standardised(given_, columns):
    def coded(wanted, _as_codes):
        return iter([given_.select(list(wanted))])

    stream = Stream(tuple(given_.column_names), given_.num_rows, coded)
    ids = _ids(stream, columns.theirs("cohort_id", "cohort"))
    return standardised_file(stream, columns, ids).read()


def table(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def test_rows_are_numbered_and_values_kept_as_written():
    given_ = table(cohort_id=["b", "a"], last_name=[" O'Neil ", None], zip=["00501", "95616"])
    made = standardised(given_, ColumnMap())
    assert made.column_names == ["row_number", "row_id", "last_name", "zip"]
    assert made.to_pylist()[0] == {
        "row_number": 1, "row_id": "b", "last_name": " O'Neil ", "zip": "00501",
    }  # fmt: skip


def test_a_map_brings_their_names_to_ours():
    given_ = table(cohort_id=["1"], surname=["Doe"], dob=["1990-01-31"])
    made = standardised(given_, ColumnMap(cohort={"last_name": "surname", "birth_date": "dob"}))
    assert made.column_names[2:] == ["last_name", "birth_date"]


def test_a_map_names_the_ids_too():
    given_ = table(study_no=["1"], last_name=["Doe"])
    made = standardised(given_, ColumnMap(cohort={"cohort_id": "study_no"}))
    assert made.column_names == ["row_number", "row_id", "last_name"]
    with pytest.raises(MissingIdColumn):
        standardised(given_, ColumnMap(cohort={"cohort_id": "number"}))


@pytest.mark.parametrize(
    ("columns", "error", "fact"),
    [
        ({"last_name": ["x"]}, MissingIdColumn, None),
        ({"cohort_id": ["1", None, " "], "last_name": ["x"] * 3}, MissingIds, ("rows", (2, 3))),
        ({"cohort_id": ["1", "2", "1"], "last_name": ["x"] * 3}, DuplicateIds, ("rows", (1, 3))),
        ({"cohort_id": ["1"], "JANE DOE": ["x"]}, CohortColumnsUnknown, ("positions", (2,))),
        ({"cohort_id": ["1"], "sex": ["F"], "zip": ["9"]}, CohortHasNoIdentifier, None),
    ],
)
def test_what_makes_the_file_useless(columns, error, fact):
    with pytest.raises(error) as caught:
        standardised(table(**columns), ColumnMap())
    assert "JANE" not in str(caught.value)
    if fact:
        assert caught.value.facts[fact[0]] == fact[1]


def test_bad_values_keep_their_row_and_get_a_code():
    cohort = standardised(
        table(
            cohort_id=["1", "2", "3", "4", "5", "6", "7"],
            last_name=["a", "b", "x" * 201, "d", "e\x00", None, "g"],
            birth_date=["1990-02-30", "2999-01-01", None, "01/31/1990", None, None, "not a date"],
        ),
        ColumnMap(),
    )
    assert refusals(cohort, TODAY).to_pylist() == [
        {"row_number": 1, "code": "impossible_birth_date"},
        {"row_number": 2, "code": "impossible_birth_date"},
        {"row_number": 3, "code": "unusable_last_name"},
        {"row_number": 5, "code": "unusable_last_name"},
        {"row_number": 6, "code": "no_identifier"},
        {"row_number": 7, "code": "impossible_birth_date"},
    ]


@given(st.dates(min_value=date(1910, 1, 1), max_value=TODAY))
def test_every_day_of_the_calendar_is_possible(day):
    cohort = standardised(
        table(cohort_id=["1"], last_name=["a"], birth_date=[f"{day}"]), ColumnMap()
    )
    assert refusals(cohort, TODAY).num_rows == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["13/01/1990", "02/03/1990", "31/12/2999", "", None, "1990-02-30"]),
            st.sampled_from([None, "Doe", "x" * 201, "e\x07"]),
        ),
        min_size=1,
    ),
    st.integers(1, 4),
)
def test_what_is_unusable_does_not_depend_on_the_parts(values, size):
    """What a date means is seen in the whole column: day first, where one says so."""
    rows = pa.table(
        {
            "row_number": pa.array(range(1, len(values) + 1), pa.int64()),
            "birth_date": pa.array([date for date, _ in values], pa.string()),
            "last_name": pa.array([name for _, name in values], pa.string()),
        }
    )

    def parts(columns):
        chosen = rows.select(list(columns))
        return (chosen.slice(start, size) for start in range(0, len(values), size))

    whole = unusable_rows(lambda columns: [rows.select(list(columns))], rows.column_names, TODAY)
    assert unusable_rows(parts, rows.column_names, TODAY).equals(whole)

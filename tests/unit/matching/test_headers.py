"""Headers: what is plain is taken and said, what is doubtful is left and said; a column map always wins."""

import pytest

from matching.headers import recognised
from matching.tables import STANDARD, ColumnMap


def read(*names, side="cohort", columns=None, id_name=None):
    """What is taken, and the codes of what is said with its column."""
    own = "cohort_id" if side == "cohort" else "record_id"
    mapped, findings = recognised(names, columns or ColumnMap(), side, id_name or own)
    taken = mapped.cohort if side == "cohort" else mapped.records
    return dict(taken), {(f.code, f.column) for f in findings}


@pytest.mark.parametrize(
    ("header", "standard"),
    [
        ("Birth_Date", "birth_date"), ("BirthDate", "birth_date"), ("BIRTH DATE", "birth_date"), ("birth-date", "birth_date"),
        ("FirstName", "first_name"), ("First Name", "first_name"), ("LAST_NAME", "last_name"), ("Zip", "zip"),
        ("dob", "birth_date"), ("D.O.B.", "birth_date"), ("Date of Birth", "birth_date"), ("date_of_birth", "birth_date"),
        ("surname", "last_name"), ("lname", "last_name"), ("fname", "first_name"), ("given_name", "first_name"),
        ("zip_code", "zip"), ("dl_number", "driver_license"), ("Gender", "sex"), ("Street Address", "street"),
        ("Phone Number", "phone"), ("Social Security Number", "ssn"), ("MI", "middle_name"), ("Suffix", "name_suffix"),
    ],
)  # fmt: skip
def test_a_header_of_another_case_or_a_usual_synonym_is_taken_and_said(header, standard):
    assert read("cohort_id", header) == ({standard: header}, {("column_taken", standard)})


def test_a_name_is_the_full_one_where_first_and_last_names_are_missing():
    assert read("cohort_id", "Name")[0] == {"full_name": "Name"}
    assert read("cohort_id", "Name", "fname", "surname")[0] == {
        "first_name": "fname",
        "last_name": "surname",
    }


def test_ids_are_taken_by_case_alone():
    assert read("Record_ID", "last_name", side="records")[0] == {"record_id": "Record_ID"}
    assert read("id", "last_name", side="records") == ({}, set())


def test_two_columns_that_may_be_one_are_both_left():
    assert read("cohort_id", "dob", "Birth_Date", "surname") == (
        {"last_name": "surname"},
        {("column_doubtful", "birth_date"), ("column_taken", "last_name")},
    )
    assert read("cohort_id", "home_phone", "cell_phone") == ({}, {("column_doubtful", "phone")})


def test_beside_the_standard_column_nothing_is_taken():
    assert read("cohort_id", "birth_date", "DOB") == ({}, {("column_alike", "birth_date")})


def test_a_longer_name_that_says_a_standard_one_is_told_and_left():
    assert read("cohort_id", "patient_dob") == ({}, {("column_doubtful", "birth_date")})
    assert read("cohort_id", "motherLastName") == ({}, {("column_doubtful", "last_name")})
    assert read("cohort_id", "last_visit", "first_seen", "site") == ({}, set())


def test_what_a_map_or_an_option_says_is_not_thought_over():
    columns = ColumnMap(cohort={"birth_date": "dob"})
    assert read("cohort_id", "dob", "Birth_Date", columns=columns)[1] == set()
    assert read("SSN", "last_name", id_name="SSN") == ({}, set())


def test_what_is_said_shows_no_header_that_is_not_on_the_list():
    _, findings = recognised(["cohort_id", "Mr. Roe's DOB"], ColumnMap(), "cohort", "cohort_id")
    assert [f.text() for f in findings] == [
        "cohort, birth_date: column 2 of the file looks like it and is not read; name it in a column map"
    ]


def test_no_synonym_stands_for_two_columns():
    from matching.headers import _plain, _table

    names, alike = _table()
    assert alike <= set(names)
    assert {_plain(name) for name in STANDARD} <= set(names)
    import tomllib
    from importlib import resources

    listed = tomllib.loads((resources.files("matching") / "headers.toml").read_text("utf-8"))
    words = [w for line in listed["names"].values() for w in line.split()]
    assert len(words) == len(set(words))
    assert all(w == _plain(w) for w in words)

"""Only entries on orders that the project may see are compared; only approved columns leave."""

import datetime as dt

import pytest

from extracts.deidentified import extract as deidentified
from extracts.errors import ColumnPlanRefused, ScopeEmpty
from extracts.package.dictionary import dictionary_for
from extracts.rows import RowScope
from extracts.rows.in_scope import pairs_in_scope, records_in_scope
from tests.examples import first_of
from tests.unit.extracts.making import build_identified


def order(order_id, code="OGV", **more):
    return {
        "order_id": order_id,
        "order_code": code,
        "issue_date": dt.date(2020, 5, 17),
        "county_fips": "001",
    } | more


@pytest.fixture
def con(open_register):
    return open_register(
        person=[{"person_id": n} for n in range(1, 8)],
        order_entry=[
            order(10),
            order(11, "TRO"),
            order(12, issue_date=dt.date(2015, 1, 1)),
            order(13, confidential_minor=True),
            order(14),
        ],
        order_party=[
            {"order_id": o, "person_id": p, "role": r}
            for o, p, r in [
                (10, 1, "respondent"),
                (10, 2, "petitioner"),
                (11, 3, "respondent"),
                (12, 4, "respondent"),
                (13, 5, "respondent"),
                (14, 1, "respondent"),
                (14, 6, "protected"),
            ]
        ],
    )


@pytest.mark.parametrize(
    ("families", "years", "anyway", "found"),
    [
        (("GV",), (2016, 2025), (), [1]),
        (("GV",), None, (), [1, 4]),
        (("GV", "DV"), (2016, 2025), (), [1, 3]),
        (("GV",), (2016, 2025), ("confidential_minor",), [1, 5]),
        (("CH",), None, (), []),
    ],
)
def test_candidates(con, carpos, families, years, anyway, found):
    got = records_in_scope(con, carpos, RowScope(families, years, anyway))
    assert got["record_id"].to_pylist() == found


@pytest.mark.parametrize(
    ("families", "years", "pairs"),
    first_of(
        [
            (("GV",), (2016, 2025), 2),
            (("GV", "DV"), None, 4),
            (("GV",), None, 3),
            (("CH",), None, 0),
        ],
        2,
        several=True,
    ),
)
def test_pairs_are_what_the_deidentified_rows_are(con, carpos, ids, families, years, pairs):
    assert pairs_in_scope(con, carpos, RowScope(families, years)) == pairs
    made = deidentified.build_deidentified(
        con, carpos, RowScope(families=families, years=years), ids
    )
    assert made.table.num_rows == pairs


def test_an_unknown_family_has_no_candidates(con, carpos):
    with pytest.raises(ScopeEmpty):
        records_in_scope(con, carpos, RowScope(("XX",)))


def test_only_columns_that_the_approval_names_leave(con, carpos, ids, bring_cohort):
    bring_cohort(con, [{"row_number": 1, "row_id": "a"}])
    spec = RowScope(families=("GV",), columns=("order_county",))
    made = build_identified(con, carpos, spec, ids)
    assert made.table.column_names == ["row_id", "matched", "order_ref", "order_county"]
    dictionary_for(carpos, "identified", columns=("order_county",)).check(made.table.schema)
    rows = deidentified.build_deidentified(
        con, carpos, RowScope(families=("GV",), columns=("order_county",)), ids
    )
    assert rows.table.column_names == ["person_ref", "order_ref", "order_county"]


def test_a_column_that_the_system_does_not_give_is_refused(con, carpos, ids):
    with pytest.raises(ColumnPlanRefused):
        deidentified.build_deidentified(
            con, carpos, RowScope(families=("GV",), columns=("dob",)), ids
        )

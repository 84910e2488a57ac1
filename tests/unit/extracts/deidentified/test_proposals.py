"""Proposals for rows that are too rare: made and measured as the release would be."""

import datetime as dt

import pytest

from extracts.deidentified import extract as deidentified
from extracts.deidentified.defence import treat
from extracts.deidentified.less_rare import level_columns, propose, replaced
from extracts.deidentified.risk import RiskLimit
from extracts.rows import RowScope

COLUMNS = (
    "person_ref",
    "order_ref",
    "person_sex",
    "person_age_band",
    "order_issue_month",
    "order_county",
)
LIMIT = RiskLimit(k=3, max_prosecutor=1 / 3, max_marketer=1 / 3)  # fmt: skip


@pytest.fixture
def make(carpos, ids, open_register):
    """Six persons of one region: alike in the year, unlike in months and counties."""
    people = range(1, 7)
    con = open_register(
        person=[{"person_id": n, "sex": "F"} for n in people],
        order_entry=[
            {
                "order_id": n,
                "order_code": "OGV",
                "issue_date": dt.date(2020, n, 3),
                "county_fips": ("001", "013")[n % 2],
            }
            for n in people
        ],
        order_party=[
            {"order_id": n, "person_id": n, "role": "respondent", "age_at_issue": 31 + n}
            for n in people
        ],
    )

    def make_(columns):
        spec = RowScope(families=("GV",), columns=columns)
        return deidentified.build_deidentified(con, carpos, spec, ids)

    return make_


@pytest.mark.long
def test_each_proposal_says_what_it_would_leave(carpos, make):
    found = propose(carpos, make, COLUMNS, LIMIT, treat)
    told = {
        p.options: (p.passes, p.risk.history.smallest, p.persons, p.values_kept)
        for p in found
        if not p.keep
    }
    assert told == {
        "--coarser all": (True, 6, 6, 1.0),  # one group: 30 to 44, 2020, Bay Area
        "--coarser all --suppress-locally": (True, 6, 6, 1.0),
        "--coarser dates": (False, 1, 6, 1.0),
        "--coarser dates --suppress-locally": (True, 3, 6, 0.75),  # ages or counties go
        "--suppress-locally": (True, 3, 6, 0.5),
    }
    asked = next(p for p in found if p.keep)
    assert asked.options == f"--suppress-locally --keep {asked.keep}=3"
    assert asked.as_json()[f"{asked.keep} kept"] == round(asked.kept, 3)
    assert [p.passes for p in found] == sorted((p.passes for p in found), reverse=True)
    assert found[0].values_kept == max(p.values_kept for p in found)


def test_a_coarser_column_takes_the_place_of_the_finer_one(carpos):
    known = carpos.release.deidentified.coarser
    assert replaced(COLUMNS, ("order_issue_month",), known) == (
        *COLUMNS[:4],
        "order_issue_year",
        "order_county",
    )
    both = ("order_issue_month", "order_issue_year")
    assert replaced(both, ("order_issue_month",), known) == ("order_issue_year",)


def test_levels_are_those_of_the_system(carpos):
    assert set(level_columns(carpos, "dates")) == {
        f"order_{what}_month" for what in ("issue", "expiration", "service")
    }
    assert set(level_columns(carpos, "all")) > set(level_columns(carpos, "dates"))
    assert level_columns(carpos, "") == ()


def test_without_coarser_columns_local_suppression_is_what_is_left(carpos, make):
    plain = ("person_ref", "order_ref", "person_sex", "order_family")
    assert [p.options for p in propose(carpos, make, plain, LIMIT, treat)] == ["--suppress-locally"]

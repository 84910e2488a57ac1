"""Switches of policy on tables: county exemption, whose persons count, zeros."""

import datetime as dt

import pyarrow as pa
import pytest

from extracts.aggregated.coarser import coarser_versions
from extracts.aggregated.extract import build_aggregate
from extracts.aggregated.tabulation import AggregateSpec, tabulate
from extracts.errors import CountyExemptRefused, RolesMixed
from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.tables import SuppressionPolicy
from systems.errors import NotDescribed

ON = dt.date(2026, 11, 23)
POLICY = SuppressionPolicy()
DAY = dt.date(2024, 5, 1)


def spec(*dims, families=("DV", "GV")):
    return AggregateSpec((2024, 2024), families, ON, dims=dims)


def register(open_register, orders):
    """Orders as (county, code, sex of the restrained, sexes of the protected)."""
    entries, people, parties = [], [], []
    for number, (county, code, sex, protected) in enumerate(orders):
        entries.append(
            {"order_id": number, "order_code": code, "county_fips": county, "issue_date": DAY}
        )
        for place, (role, own) in enumerate(
            [("respondent", sex), *zip(("petitioner", "minor_child"), protected, strict=False)]
        ):
            person = number * 10 + place
            people.append({"person_id": person, "sex": own})
            parties.append({"order_id": number, "person_id": person, "role": role})
    return open_register(person=people, order_entry=entries, order_party=parties)


@pytest.fixture
def small_county(open_register):
    """Alameda has 60 orders, Alpine 3: one of them against a woman, all of one family but one."""
    orders = [("001", ("OGV", "OAH")[n % 2], "MF"[n % 3 == 0], "F") for n in range(60)]
    return register(
        open_register, [*orders, *[("003", ("OGV", "OAH", "OAH")[n], "FMM"[n], "M") for n in range(3)]]
    )  # fmt: skip


def by_county(made):
    return {r["county"]: (r["orders"], r["status"]) for r in made.table.to_pylist()}


def test_without_the_exemption_a_small_county_is_hidden(small_county, carpos):
    found = by_county(build_aggregate(small_county, carpos, spec("county"), POLICY))
    assert found["003"] == (None, "suppressed")


def test_county_totals_alone_go_out_where_policy_says_so(small_county, carpos):
    made = build_aggregate(small_county, carpos, spec("county"), POLICY, county_exempt=True)
    found = by_county(made)
    assert (found["003"], found["001"], found["TOTAL"]) == (
        (3, "published"),
        (60, "published"),
        (63, "published"),
    )
    assert made.exempt
    assert made.audit.holds
    assert made.explanation.num_rows == 0


@pytest.mark.parametrize("dims", [("county", "sex"), ("family",), ("county", "family")])
def test_anything_else_is_no_exempt_table(small_county, carpos, dims):
    made = build_aggregate(small_county, carpos, spec(*dims), POLICY, county_exempt=True)
    assert not made.exempt
    assert all(r["persons"] >= 10 for r in made.table.to_pylist() if r["orders"])


@pytest.mark.parametrize("dims", [("county", "sex"), ("sex",), ("family", "sex")])
def test_beside_a_stratified_table_of_the_year_the_exemption_is_refused(small_county, carpos, dims):
    before = build_aggregate(small_county, carpos, spec(*dims), POLICY)
    with pytest.raises(CountyExemptRefused):
        build_aggregate(
            small_county, carpos, spec("county"), POLICY, [before.table], county_exempt=True
        )


def test_another_scope_is_a_stratified_table_too(small_county, carpos):
    """County totals of DV beside county totals of DV and GV are a table by county and family."""
    before = build_aggregate(small_county, carpos, spec("county"), POLICY, county_exempt=True)
    with pytest.raises(CountyExemptRefused):
        build_aggregate(
            small_county,
            carpos,
            spec("county", families=("DV",)),
            POLICY,
            [before.table],
            county_exempt=True,
        )


def test_a_stratified_table_after_exempt_county_totals_is_refused(small_county, carpos):
    """Three orders in Alpine are public: every cell beneath them is proven small."""
    before = build_aggregate(small_county, carpos, spec("county"), POLICY, county_exempt=True)
    with pytest.raises(CannotProtectError):
        build_aggregate(small_county, carpos, spec("county", "sex"), POLICY, [before.table])


def test_what_went_out_exempt_goes_out_again(small_county, carpos):
    first = build_aggregate(small_county, carpos, spec("county"), POLICY, county_exempt=True)
    again = build_aggregate(
        small_county, carpos, spec("county"), POLICY, [first.table], county_exempt=True
    )
    assert again.frozen == (2024,)
    assert again.table.equals(first.table)


def test_protected_persons_are_counted_where_policy_says_so(open_register, carpos):
    con = register(
        open_register,
        [("001", "OGV", "M", "FF"), ("001", "OGV", "M", "M"), ("003", "OGV", "F", "")],
    )
    own = tabulate(con, carpos, spec("county", "sex", families=("GV",)))
    other = tabulate(con, carpos.counting("protected"), spec("county", "sex", families=("GV",)))

    def cell(table, *labels):
        at = tuple(d.position[x] for d, x in zip(table.dims, ("2024", *labels), strict=True))
        return int(table.counts[at]), int(table.people[at])

    assert (cell(own, "001", "M"), cell(own, "TOTAL", "TOTAL")) == ((2, 2), (3, 3))
    assert (cell(other, "001", "F"), cell(other, "001", "M")) == ((2, 2), (1, 1))
    assert (cell(other, "003", "TOTAL"), cell(other, "TOTAL", "TOTAL")) == ((0, 0), (3, 3))


def test_what_the_measures_mean_follows_the_persons_counted(carpos):
    told = carpos.counting("protected").release.aggregated
    assert all("rotected" in m.description for m in told.measures)
    assert "protected" in told.dimension("sex").description
    assert carpos.counting("respondent") == carpos
    with pytest.raises(NotDescribed):
        carpos.counting("bystander")


def test_tables_of_other_persons_of_the_same_year_are_refused(small_county, carpos):
    before = build_aggregate(small_county, carpos, spec("family"), POLICY)
    other = carpos.counting("protected")
    with pytest.raises(RolesMixed):
        build_aggregate(small_county, other, spec("family"), POLICY, [before.table])
    alone = build_aggregate(small_county, other, spec("family"), POLICY)
    assert build_aggregate(small_county, other, spec("family"), POLICY, [alone.table]).frozen == (
        2024,
    )


def test_hidden_zeros_show_nobody_where_nobody_is(small_county, carpos):
    policy = SuppressionPolicy(zeros="hidden")
    made = build_aggregate(small_county, carpos, spec("family", "sex"), policy)
    assert all(r["orders"] is None or r["persons"] >= 10 for r in made.table.to_pylist())
    assert made.audit.holds


def other_year(table):
    years = [2023 if year == 2024 else year for year in table["year"].to_pylist()]
    return pa.array(years, table["year"].type)


def test_a_mostly_hidden_table_comes_with_coarser_ones(open_register, carpos):
    """Six persons in each county and sex: hidden by county, published by region or without sex."""
    counties = ("001", "013", "041", "075", "081", "085")
    orders = [(c, "OGV", s, "") for c in counties for s in "MF" for _ in range(6)]
    con = register(open_register, orders)
    asked = spec("county", "sex", families=("GV",))
    made = build_aggregate(con, carpos, asked, POLICY)
    found = coarser_versions(con, carpos, asked, POLICY, [], made)
    told = {one.as_json()["options"]: one.seen.share_shown for one in found}
    assert told == {
        "--dims region,sex": 1.0,
        "--dims county": 1.0,
        "--dims sex": 1.0,
        "--dims region": 1.0,
    }
    place = made.table.column_names.index("year")
    before = made.table.set_column(place, made.table.schema.field(place), other_year(made.table))
    with_earlier = coarser_versions(con, carpos, asked, POLICY, [before], made)
    assert with_earlier == found  # an earlier table without this year says nothing about it
    coarser = build_aggregate(con, carpos, spec("region", "sex", families=("GV",)), POLICY)
    assert coarser_versions(con, carpos, asked, POLICY, [], coarser) == ()  # fmt: skip

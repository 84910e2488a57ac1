"""CARPOS's description is complete, and a description whose parts don't fit is refused."""

import tomllib
from pathlib import Path

import pytest

from systems import __file__
from systems.description import NUMBERS
from systems.description.loading import load_system, read_system, system_codes
from systems.errors import DescriptionBroken, NotDescribed, UnknownSystem

TOML = (Path(__file__).parent / "carpos.toml").read_text()
STANDARD = [
    "first_name",
    "middle_name",
    "last_name",
    "name_suffix",
    "birth_date",
    "sex",
    "ssn",
    "driver_license",
    "dl_state",
    "street",
    "city",
    "zip",
    "county",
    "phone",
]


@pytest.fixture(scope="module")
def carpos():
    return load_system("CARPOS")


def test_the_tables_of_the_domain_facts_are_there(carpos):
    assert carpos.table_names == (
        "agency",
        "court",
        "person",
        "person_name",
        "person_identifier",
        "person_contact",
        "vehicle",
        "restraint",
        "order_entry",
        "order_party",
        "order_condition",
        "service_event",
        "order_event",
        "firearm",
        "relinquishment",
    )
    required = {table.name for table in carpos.tables if table.required}
    assert required == {"person", "person_name", "order_entry", "order_party"}


def test_every_column_has_a_class_and_a_meaning_and_every_direct_identifier_its_item(carpos):
    for table in carpos.tables:
        for column in table.columns:
            assert column.identifier_class in "DQSNK"
            assert column.description
            assert bool(column.item) == (column.identifier_class == "D"), (table.name, column.name)


def test_identifier_classes_of_the_domain_facts(carpos):
    expected = {
        "person.person_id": "K", "person.dob": "D", "person.birth_year": "Q", "person.pob": "D",
        "person.smt": "D", "person.deceased": "S", "person_name.last": "D", "person_contact.zip": "Q",
        "person_contact.street": "D", "person_identifier.value": "D", "vehicle.plate": "D",
        "restraint.fcn": "D", "order_entry.court_case_no": "D", "order_entry.oca": "D",
        "order_entry.judge": "D", "order_entry.remarks": "D", "order_entry.order_code": "S",
        "order_entry.county_fips": "Q", "order_entry.prior_order_id": "K", "order_condition.terms": "D",
        "service_event.server_name": "D", "order_event.note": "D", "firearm.serial": "D",
        "order_party.relationship_code": "S", "relinquishment.disposition": "S",
    }  # fmt: skip
    found = {source: carpos.identifier_class(*source.split(".")) for source in expected}
    assert found == expected


def test_counties_regions_families(carpos):
    counties = carpos.code_list("county")
    assert len(counties.codes) == 58
    assert counties.labels["001"] == "Alameda"
    assert counties.labels["037"] == "Los Angeles"
    assert counties.labels["115"] == "Yuba"
    assert set(counties.attribute("region").values()) == set(carpos.code_list("region").values)
    codes = carpos.code_list("order_code")
    families = codes.attribute("family")
    assert {families[code] for code in ("EGV", "TGV", "HGV", "OGV")} == {"GV"}
    assert families["EPO"] == "EPO"
    assert codes.attribute("stage")["TRO"] == "temporary"
    assert carpos.order_scope_default == ("GV",)


def test_race_is_the_list_and_the_letter_together(carpos):
    races = carpos.code_list("race").attribute("group")
    assert races["NCIC:U"] == "UNKNOWN"
    assert races["CADOJ:U"] == "ASIAN_PI"


def test_every_age_falls_into_exactly_one_band(carpos):
    for name in ("age_band", "age_group"):
        codes = [code for code in carpos.code_list(name).codes if code.attributes]
        for age in range(131):
            hits = [
                c
                for c in codes
                if int(c.attributes["lowest"]) <= age <= int(c.attributes["highest"])
            ]
            assert len(hits) == 1, (name, age)


def test_nothing_direct_leaves_but_as_a_keyed_reference(carpos):
    for kind in ("identified", "deidentified"):
        for column in getattr(carpos.release, kind).columns:
            if carpos.source(column.source).identifier_class in "DK":
                assert column.generalise in {"reference", "present"} or column.combine in NUMBERS
    dims = carpos.release.aggregated
    assert dims.default_dimensions == ("year", "county", "family", "sex")
    direct = [d for d in dims.dimensions if carpos.source(d.source).identifier_class in "DK"]
    assert {d.generalise for d in direct} <= {"present"}


def test_dates_of_deidentified_rows_are_months(carpos):
    for column in carpos.release.deidentified.columns:
        if carpos.source(column.source).type == "date":
            assert column.generalise in {"month", "quarter", "year", "two_years", "six_years"} or (
                column.since and column.generalise == "band"
            )


def test_linkage_has_every_standard_column_and_links_respondents_only(carpos):
    assert [column.name for column in carpos.linkage.columns] == STANDARD
    assert carpos.linkage.linked_roles == ("respondent",)


def test_entities_and_agencies_get_aggregates_only(carpos):
    kinds = {requester.name: requester.kinds for requester in carpos.requesters}
    assert kinds["entity"] == kinds["public_agency"] == ("aggregated",)
    assert "identified" in kinds["bona_fide_researcher"]


def test_unknown_names_are_errors(carpos):
    with pytest.raises(UnknownSystem):
        load_system("NOPE")
    for ask in (
        lambda: carpos.table("x"),
        lambda: carpos.code_list("x"),
        lambda: carpos.source("person.x"),
    ):
        with pytest.raises(NotDescribed):
            ask()
    assert "CARPOS" in system_codes()


BREAKS = {
    "unknown key": ('code = "CARPOS"', 'code = "CARPOS"\nsurprise = 1'),
    "unknown code list": (
        'codes = "brady", description = "Brady indicator." },\n    { name = "out',
        'codes = "nope", description = "Brady indicator." },\n    { name = "out',
    ),
    "source leads nowhere": ('source = "order_entry.brady"', 'source = "order_entry.brody"'),
    "a birth date would leave": ('source = "order_entry.hearing_date"', 'source = "person.dob"'),
    "a serial number would leave": (
        'source = "firearm.firearm_id", combine = "count"',
        'source = "firearm.serial"',
    ),
    "foreign key leads nowhere": (
        'table = "restraint", references',
        'table = "restraints", references',
    ),
    "value outside its output list": (
        'attributes = { family = "SV"',
        'attributes = { family = "SX"',
    ),
    "days to what is no day": (
        'since = "order_entry.issue_date", codes',
        'since = "order_entry.brady", codes',
    ),
    "another code by another table's column": (
        'instead = { source = "order_entry.renewal_of"',
        'instead = { source = "restraint.status"',
    ),
    "another code that no list has": ('code = "renewal" }, codes', 'code = "renewed" }, codes'),
    "not TOML": ("[linkage]", "[linkage"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_description_that_does_not_fit_is_refused(case):
    before, after = BREAKS[case]
    assert before in TOML
    with pytest.raises(DescriptionBroken) as caught:
        read_system(TOML.replace(before, after, 1).encode())
    assert caught.value.facts["problems"]


def test_every_code_list_is_used(carpos):
    used = {column.codes for table in carpos.tables for column in table.columns}
    releases = carpos.release
    outputs = (
        *releases.identified.columns,
        *releases.deidentified.columns,
        *releases.aggregated.dimensions,
    )
    used |= {output.codes for output in outputs} | {releases.identified.scope.codes}
    assert set(tomllib.loads(TOML)["code_lists"]) <= used

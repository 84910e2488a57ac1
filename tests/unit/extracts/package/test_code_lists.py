"""The dictionary lists the codes of what was approved, and says what a group stands for."""

import pyarrow as pa
import pytest

from extracts.package.code_lists import codes_within, groups_of
from extracts.package.dictionary import aggregated_dictionary, dictionary_for
from extracts.package.workbook import build_workbook
from systems.description import load_system

SYSTEMS = ("CARPOS", "ACHS", "JCPSS", "CURES", "RIPA")


def fields(made):
    return {field.name: field for field in made.fields}


def test_codes_of_families_outside_the_approval_are_not_listed(carpos):
    families = ("GV", "DV")
    codes = carpos.code_list("order_code").codes
    found = fields(dictionary_for(carpos, "identified", families=families))
    assert [c for c, _ in found["order_family"].codes] == ["DV", "GV"]
    expected = {c.value for c in codes if c.attributes["family"] in families}
    assert {c for c, _ in found["order_code"].codes} == expected
    assert len(found["order_county"].codes) == len(carpos.code_list("county").codes)
    schema = pa.schema([("year", pa.int64()), ("county", pa.string()), ("family", pa.string())])
    table = fields(aggregated_dictionary(carpos, schema, families=families))
    assert [c for c, _ in table["family"].codes] == ["DV", "GV", "TOTAL"]


@pytest.mark.parametrize("code", SYSTEMS)
def test_what_a_record_in_scope_can_have_is_listed(code):
    """By an oracle: each code of the register in scope, led through attribute and list."""
    system = load_system(code)
    release = system.rows("deidentified")
    scope = release.scope
    listed = system.code_list(system.source(scope.source).codes).codes
    family = listed[0].attributes[scope.attribute]
    for column in (c for c in release.columns if c.codes and c.source == scope.source):
        got = {v for v, _ in codes_within(system, column, scope, (family,))}
        for one in listed:
            value = one.attributes.get(column.attribute) if column.attribute else one.value
            if column.then and value:
                name, _, attribute = column.then.partition(".")
                value = system.code_list(name).by_value[value].attributes.get(attribute)
            if one.attributes.get(scope.attribute) == family and value is not None:
                assert value in got
        assert codes_within(system, column, scope, None) == tuple(system.code_list(column.codes).labels.items())  # fmt: skip


def test_a_region_is_said_with_its_counties(carpos):
    release = carpos.release.aggregated
    groups = dict(groups_of(carpos, release.dimension("region"), release.scope))
    counties = [c for members in groups.values() for c in members]
    assert sorted(counties) == sorted(c.label for c in carpos.code_list("county").codes if "region" in c.attributes)  # fmt: skip
    assert "Alameda" in groups["San Francisco Bay Area"]
    schema = pa.schema([("year", pa.int64()), ("county", pa.string())])
    told = fields(aggregated_dictionary(carpos, schema))["county"].treatment
    assert "San Francisco Bay Area: Alameda, Contra Costa, Marin" in told


@pytest.mark.parametrize("code", SYSTEMS)
def test_a_group_names_each_member_once_and_none_says_itself_alone(code):
    release = load_system(code).rows("deidentified")
    for column in release.columns:
        for group, members in groups_of(load_system(code), column, release.scope):
            assert len(members) == len({*members})
            assert members != (group,)


@pytest.mark.long
def test_about_says_it_too(carpos):
    import io

    import openpyxl

    table = pa.table({"year": [2020, 2020], "county": ["001", "TOTAL"], "orders": [20, 20], "persons": [15, 15],
                      "status": ["published", "published"]})  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(build_workbook(table, carpos, title="T")))
    told = [text for name, text in book["About"].iter_rows(values_only=True) if name == "Region"]
    assert any(text.startswith("San Francisco Bay Area: Alameda, ") for text in told)

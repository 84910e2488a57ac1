"""The identified extract on small registers, written as tables that a reader can check."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from extracts import identified
from extracts.deidentified import build_deidentified
from extracts.errors import ColumnNotAllowed, LinkOutsideRegister, ScopeEmpty, SuppliedRowsUnsound
from extracts.rows import RowScope
from tests.unit.extracts.making import build_identified

GV = RowScope(families=("GV",))
ISSUED = dt.date(2020, 5, 17)


def order(order_id: int, code: str = "OGV", **more: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "order_code": code,
        "issue_date": ISSUED,
        "county_fips": "001",
        "confidential_minor": False,
        "safe_at_home": False,
    } | more


def party(order_id: int, person_id: int, role: str = "respondent", **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "person_id": person_id, "role": role} | more


def link(cohort_id: str, record_id: int, decision: str = "link") -> dict[str, Any]:
    return {"cohort_id": cohort_id, "record_id": record_id, "decision": decision}


PEOPLE = [{"person_id": n} for n in range(1, 9)]
COHORT = [
    {"row_number": 1, "row_id": "a", "first_name": "Ana", "ssn": "001-02-0003"},
    {"row_number": 2, "row_id": "b", "first_name": "Bo", "ssn": None},
    {"row_number": 3, "row_id": "c", "first_name": " O'Neil ", "ssn": "=1+1"},
]


def rows_of(extract: Any) -> list[dict[str, Any]]:
    return extract.table.to_pylist()


@pytest.fixture
def build(carpos, ids, open_register, bring_cohort):
    def build_(spec=GV, *, role=None, cohort=COHORT, links=(), codes=None, index=None, **tables):
        con = open_register(index, **({"person": PEOPLE} | tables))
        bring_cohort(con, cohort, links, codes)
        return build_identified(con, carpos.linking(role), spec, ids)

    return build_


def test_every_cohort_row_stays_and_only_supplied_values_are_echoed(build):
    extract = build(links=[link("a", 1)], order_entry=[order(10)], order_party=[party(10, 1)])
    got = [
        (r["row_id"], r["supplied_first_name"], r["supplied_ssn"], r["matched"])
        for r in rows_of(extract)
    ]
    assert got == [
        ("a", "Ana", "001-02-0003", "yes"),
        ("b", "Bo", None, "no"),
        ("c", " O'Neil ", "=1+1", "no"),
    ]
    assert extract.counts["matched"] == 1
    assert extract.counts["cohort_rows"] == extract.persons == 3


def test_unmatched_rows_have_no_order_data(build):
    extract = build(order_entry=[order(10)], order_party=[party(10, 1)])
    for row in rows_of(extract):
        held = {k: v for k, v in row.items() if k.startswith("order_") and v is not None}
        assert held == {}


def test_one_row_for_each_order_in_scope_of_all_linked_entries(build):
    extract = build(
        links=[link("b", 2), link("b", 3)],
        order_entry=[order(10), order(11, "TGV"), order(12, "TRO"), order(13)],
        order_party=[party(10, 2), party(11, 3), party(12, 2), party(13, 4)],
    )
    codes = sorted(r["order_code"] for r in rows_of(extract) if r["row_id"] == "b")
    assert codes == ["OGV", "TGV"]


def test_echo_can_be_switched_off(build):
    extract = build(RowScope(families=("GV",), echo_supplied=False))
    assert not [n for n in extract.table.column_names if n.startswith("supplied_")]


def test_only_orders_against_the_person_count(build):
    roles = {"petitioner": 10, "protected": 11, "minor_child": 12, "requesting_officer": 13}
    extract = build(
        links=[link("a", 1)],
        order_entry=[order(n) for n in roles.values()],
        order_party=[p for role, n in roles.items() for p in (party(n, 1, role), party(n, 2))],
    )
    assert [r["matched"] for r in rows_of(extract)] == ["no"] * 3


def test_a_withheld_order_does_not_show_through(build):
    extract = build(
        links=[link("a", 1), link("b", 2)],
        order_entry=[order(10, confidential_minor=True), order(11, safe_at_home=True)],
        order_party=[party(10, 1), party(11, 2)],
    )
    assert [r["matched"] for r in rows_of(extract)] == ["no"] * 3
    assert extract.counts["orders_withheld"] == 2


def test_policy_can_release_a_flagged_order(build):
    spec = RowScope(families=("GV",), released_anyway=("safe_at_home",))
    extract = build(
        spec,
        links=[link("a", 1)],
        order_entry=[order(10, safe_at_home=True)],
        order_party=[party(10, 1)],
    )
    assert rows_of(extract)[0]["matched"] == "yes"


def test_doubtful_pairs_and_rows_with_a_code_are_not_attempted(build):
    extract = build(
        links=[link("a", 1, "review"), link("b", 2), link("c", 3), link("c", 4, "review")],
        codes={2: "WITHHELD"},
        order_entry=[order(n) for n in (10, 11, 12, 13)],
        order_party=[party(10, 1), party(11, 2), party(12, 3), party(13, 4)],
    )
    assert [r["matched"] for r in rows_of(extract)] == ["not_attempted", "not_attempted", "yes"]
    assert len(rows_of(extract)) == 3


@pytest.mark.parametrize(
    "attempted", [[(3, None), (1, None)], [(1, None), (2, "UNUSABLE"), (2, None), (3, None)]]
)
def test_a_row_is_attempted_where_it_is_said_in_whatever_order(
    carpos, ids, open_register, bring_cohort, attempted
):
    tables = {"order_entry": [order(10)], "order_party": [party(10, n) for n in (1, 2, 3)]}
    con = open_register(**({"person": PEOPLE} | tables))
    bring_cohort(con, COHORT, [link("a", 1), link("b", 2), link("c", 3)])
    numbers, codes = zip(*attempted, strict=True)
    said = {"row_number": pa.array(numbers, pa.int64()), "code": pa.array(codes, pa.string())}
    con.register("attempted", pa.table(said))
    extract = build_identified(con, carpos, GV, ids)
    assert [r["matched"] for r in rows_of(extract)] == ["yes", "not_attempted", "yes"]


def test_years_limit_the_orders(build):
    extract = build(
        RowScope(families=("GV",), years=(2021, 2022)),
        links=[link("a", 1)],
        order_entry=[order(n, issue_date=dt.date(2018 + n, 1, 1)) for n in range(1, 6)],
        order_party=[party(n, 1) for n in range(1, 6)],
    )
    years = sorted(r["order_issue_date"].year for r in rows_of(extract) if r["matched"] == "yes")
    assert years == [2021, 2022]


def test_details_of_an_order(build):
    extract = build(
        links=[link("a", 1)],
        order_entry=[
            order(
                10,
                fcn="2320000000001",
                renewal_of=5,
                expiration_date=dt.date(2021, 5, 16),
                brady="Y",
            )
        ],
        restraint=[{"fcn": "2320000000001", "status": "active"}],
        order_party=[
            party(10, 1, relationship_code="dating"),
            party(10, 2, "petitioner", petitioner_kind="LE"),
        ],
        order_condition=[{"order_id": 10, "pco": p} for p in ("07", "01", "07")],
        service_event=[
            {"order_id": 10, "kind": "attempt", "served_on": dt.date(2020, 5, 18)},
            {"order_id": 10, "kind": "mail", "served_on": dt.date(2020, 5, 21)},
            {"order_id": 10, "kind": "personal", "served_on": dt.date(2020, 5, 20)},
        ],
        firearm=[{"firearm_id": 1, "order_id": 10}, {"firearm_id": 2, "order_id": 10}],
        relinquishment=[
            {
                "order_id": 10,
                "ordered": True,
                "filed_on": dt.date(2020, 6, 1),
                "disposition": "not_filed",
            },
            {
                "order_id": 10,
                "ordered": False,
                "filed_on": dt.date(2020, 7, 1),
                "disposition": "sold_dealer",
                "count": 2,
            },
        ],
    )
    row = rows_of(extract)[0]
    assert row["order_family"] == "GV"
    assert row["order_stage"] == "renewal"
    assert row["order_status"] == "active"
    assert row["order_renewal"] is True
    assert row["order_petitioner_kind"] == "LE"
    assert row["order_conditions"] == "01;07"
    assert (row["order_service_date"], row["order_service_kind"]) == (
        dt.date(2020, 5, 20),
        "personal",
    )
    assert row["order_firearms"] == 2
    assert row["order_relinquishment_ordered"] is True
    assert row["order_relinquishment_disposition"] == "sold_dealer"
    assert row["order_relinquishment_count"] == 2


def test_references_are_stable_in_a_project_and_differ_between_projects(
    carpos, open_register, bring_cohort, make_ids
):
    con = open_register(person=PEOPLE, order_entry=[order(10)], order_party=[party(10, 1)])
    bring_cohort(con, COHORT, [link("a", 1)])
    refs = [
        build_identified(con, carpos, GV, make_ids(secret)).table["order_ref"][0].as_py()
        for secret in ("one", "one", "two")
    ]
    assert refs[0] == refs[1] != refs[2]


def test_references_do_not_join_identified_rows_to_deidentified_ones(
    carpos, open_register, bring_cohort, make_ids
):
    """Both may be approved for one project: whoever is named in the one would be named in the other."""
    con = open_register(person=PEOPLE, order_entry=[order(10)], order_party=[party(10, 1)])
    bring_cohort(con, COHORT, [link("a", 1)])
    named = build_identified(con, carpos, GV, make_ids("one")).table["order_ref"].to_pylist()
    nameless = build_deidentified(con, carpos, GV, make_ids("one")).table["order_ref"].to_pylist()
    assert len(named) > 0 < len(nameless)
    assert set(named).isdisjoint(nameless)


class TestRefused:
    def test_unknown_family(self, build):
        with pytest.raises(ScopeEmpty):
            build(RowScope(families=("XX",)))

    def test_no_family(self, build):
        with pytest.raises(ScopeEmpty):
            build(RowScope(families=()))

    @pytest.mark.parametrize("change", [{"row_id": "a"}, {"row_number": 1}, {"row_id": None}])
    @pytest.mark.parametrize("at_once", [1, 100])
    def test_rows_without_an_id_of_their_own(self, build, change, at_once, monkeypatch):
        monkeypatch.setattr(identified, "_AT_ONCE", at_once)
        with pytest.raises(SuppliedRowsUnsound):
            build(cohort=[*COHORT[:2], COHORT[2] | change])

    @pytest.mark.parametrize("strange", [link("zz", 1), link("a", 99)])
    def test_links_from_elsewhere(self, build, strange):
        with pytest.raises(LinkOutsideRegister):
            build(links=[strange])

    def test_a_supplied_column_without_a_standard_name(self, build):
        with pytest.raises(ColumnNotAllowed) as caught:
            build(cohort=[{"row_number": 1, "row_id": "a", "Maria Canary": "x"}])
        assert "Canary" not in str(caught.value)


PROTECTED = {
    "order_entry": [order(10), order(11, confidential_minor=True), order(12, "TRO")],
    "order_party": [
        party(10, 1),
        party(10, 2, "petitioner", petitioner_kind="family", is_minor=False),
        party(10, 3, "protected", is_minor=True),
        party(10, 4, "minor_child"),
        party(10, 5, "protected", is_minor=False),
        party(10, 6, "protected"),  # nobody knows
        party(11, 2, "petitioner", is_minor=False),
        party(12, 5, "petitioner", is_minor=False),
    ],
}


@pytest.mark.parametrize(
    ("person", "matched"), [(2, "yes"), (5, "yes"), (1, "no"), (3, "no"), (4, "no"), (6, "no")]
)
def test_a_cohort_of_protected_persons_gets_the_orders_that_protect_them(build, person, matched):
    extract = build(role="protected", links=[link("a", person)], **PROTECTED)
    row = rows_of(extract)[0]
    assert (row["matched"], extract.counts["matched"]) == (matched, int(matched == "yes"))
    assert row["order_petitioner_kind"] == ("family" if matched == "yes" else None)
    assert len(rows_of(extract)) == len(
        COHORT
    )  # neither the confidential order nor one out of scope


def test_only_those_in_the_role_are_candidates(carpos, open_register):
    from extracts.rows import records_in_scope

    con = open_register(person=PEOPLE, **PROTECTED)
    found = {
        role: records_in_scope(con, carpos.linking(role), GV)["record_id"].to_pylist()
        for role in (None, "protected")
    }
    assert found == {None: [1], "protected": [2, 5]}

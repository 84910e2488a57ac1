"""Extract, dictionary and data package describe one thing: real extracts pass frictionless."""

import datetime as dt
import io
import zipfile

import frictionless
import pyarrow as pa
import pytest

from extracts.deidentified import extract as deidentified
from extracts.package.bag import iter_parts
from extracts.package.dictionary import aggregated_dictionary, dictionary_for
from extracts.rows import RowScope
from tests.unit.extracts.making import build_identified


@pytest.fixture
def con(open_register):
    """Two orders with everything filled, one with nothing but what it must have."""
    full = {
        "county_fips": "073",
        "fcn": "2320000000001",
        "effective_date": dt.date(2020, 5, 18),
        "expiration_date": dt.date(2021, 5, 17),
        "brady": "Y",
    }
    orders = [
        {"order_id": n, "order_code": code, "issue_date": dt.date(2020, 5, n), "county_fips": "001"}
        | more
        for n, code, more in [(10, "OGV", full), (11, "TGV", full), (12, "EGV", {})]
    ]
    parties = [
        {"order_id": n, "person_id": n, "role": "respondent", "age_at_issue": 3 * n}
        for n in (10, 11, 12)
    ]
    return open_register(
        person=[{"person_id": n, "sex": sex} for n, sex in [(10, "F"), (11, "M"), (12, None)]],
        order_entry=orders,
        restraint=[{"fcn": "2320000000001", "status": "active"}],
        order_party=[
            *parties,
            {"order_id": 10, "person_id": 12, "role": "petitioner", "petitioner_kind": "spouse"},
        ],
        order_condition=[{"order_id": 10, "pco": pco} for pco in ("01", "07")],
        service_event=[{"order_id": 10, "kind": "personal", "served_on": dt.date(2020, 5, 19)}],
        relinquishment=[
            {"order_id": 10, "ordered": True, "disposition": "sold_dealer", "count": 1}
        ],
    )


def validated(parts, folder):
    for part in parts:
        with zipfile.ZipFile(io.BytesIO(part.content)) as archive:
            archive.extractall(folder)
    report = frictionless.validate(str(folder / "datapackage.json"))
    return report.valid, report.flatten(["rowNumber", "fieldName", "type"])


def test_identified(carpos, ids, con, bring_cohort, facts, tmp_path):
    cohort = [{"row_number": n, "row_id": f"c{n}", "zip": "00123"} for n in (1, 2, 3)]
    links = [{"cohort_id": f"c{n}", "record_id": 9 + n, "decision": "link"} for n in (1, 3)]
    bring_cohort(con, cohort, links)
    made = build_identified(con, carpos, RowScope(families=("GV",)), ids)
    described = dictionary_for(carpos, "identified", made.supplied)
    assert validated(iter_parts(facts(), made.table, described, "<p>"), tmp_path) == (True, [])


def test_deidentified(carpos, ids, con, facts, tmp_path):
    made = deidentified.build_deidentified(con, carpos, RowScope(families=("GV",)), ids)
    assert made.table.num_rows == 3
    parts = iter_parts(
        facts(kind="deidentified"), made.table, dictionary_for(carpos, "deidentified"), "<p>"
    )
    assert validated(parts, tmp_path) == (True, [])


def test_aggregated(carpos, facts, tmp_path):
    table = pa.table(
        {
            "year": pa.array([2024, 2024, 2025], pa.int64()),
            "county": ["001", "TOTAL", "073"],
            "county_label": ["Alameda", "Total", "San Diego"],
            "sex": ["F", "TOTAL", "U"],
            "orders": [40, 52, None],
            "persons": [31, 38, None],
            "status": ["published", "published", "suppressed"],
        }
    )
    described = aggregated_dictionary(carpos, table.schema)
    parts = iter_parts(facts(kind="aggregated"), table, described, "<p>")
    assert validated(parts, tmp_path) == (True, [])

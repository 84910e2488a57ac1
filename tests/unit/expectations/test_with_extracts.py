"""What `extracts` makes from a register that keeps its rules passes the suite of its kind."""

import hashlib
from datetime import date

import pyarrow as pa
import pytest

from expectations.validation import validate
from extracts.rows import RowScope
from systems.database import connect
from tests.unit.extracts.making import build_identified

pytestmark = pytest.mark.long


class Ids:
    """Stands in for the project's secret: plain hashes, long enough for the format check."""

    def ids(self, label, values):
        return pa.array(
            [hashlib.sha256(f"{label}{v}".encode()).hexdigest()[:26] for v in values.to_pylist()]
        )

    def order(self, label, values):
        return pa.array(
            [hashlib.sha256(f"o{label}{v}".encode()).digest() for v in values.to_pylist()],
            pa.binary(32),
        )


@pytest.fixture
def register(good):
    return good("register").con


def scope(system, kind, everything):
    """Of what leaves by default, or of every column that an application may name."""
    columns = system.rows(kind).column_names if everything else None
    return RowScope(families=("GV",), years=(2016, 2025), columns=columns)


@pytest.mark.parametrize("everything", [False, True])
def test_identified(register, system, everything):
    supplied = pa.table(
        {"row_number": [1, 2, 3], "row_id": ["a", "b", "c"], "last_name": ["X", "Y", None]}
    )
    attempted = pa.table({"row_number": [1, 2, 3], "code": pa.array([None, None, "MATCH-20"])})
    links = pa.table({"cohort_id": ["a", "a"], "record_id": [1, 2], "decision": ["link", "link"]})
    for name, table in (("supplied", supplied), ("attempted", attempted), ("links", links)):
        register.register(name, table)
    allowed = scope(system, "identified", everything)
    made = build_identified(register, system, allowed, Ids())
    con = connect(threads=1)
    con.register("extract", made.table)
    con.register("supplied", supplied)
    con.register("untried", pa.table({"row_id": ["c"]}))
    con.register("linked", pa.table({"cohort_id": ["a"]}))
    told = {"supplied": "supplied", "supplied_columns": ("last_name",), "families": ("GV",), "first_year": 2016,
            "last_year": 2025, "not_attempted": "untried", "linked": "linked", "columns": allowed.columns}  # fmt: skip
    verdict = validate("identified", system, con, "extract", told)
    assert [c.id for c in verdict.checks if not c.success] == []
    assert verdict.rows == 4


@pytest.mark.parametrize("everything", [False, True])
def test_deidentified(register, system, everything):
    from extracts.deidentified import extract as deidentified

    allowed = scope(system, "deidentified", everything)
    made = deidentified.build_deidentified(register, system, allowed, Ids())
    con = connect(threads=1)
    con.register("extract", made.table)
    told = {
        "families": ("GV",),
        "first_year": 2016,
        "last_year": 2025,
        "expected_rows": made.table.num_rows,
        "columns": allowed.columns,
    }
    verdict = validate("deidentified", system, con, "extract", told)
    assert [c.id for c in verdict.checks if not c.success] == []
    assert verdict.rows == 2


def test_aggregated(register, system):
    from extracts.aggregated import extract as aggregated
    from extracts.aggregated.tabulation import AggregateSpec
    from extracts.suppression.model.tables import SuppressionPolicy

    register.execute("""
      CREATE TEMP TABLE more AS SELECT 1000 + i AS id, i % 3 AS county, i % 2 AS sex FROM range(90) t(i);
      INSERT INTO person (person_id, sex) SELECT id, CASE sex WHEN 0 THEN 'M' ELSE 'F' END FROM more;
      INSERT INTO person_index SELECT id, id, id FROM more;
      INSERT INTO order_entry (order_id, fcn, order_code, issue_date, county_fips)
        SELECT id, '2320000000001', 'OGV', '2021-05-06', ['001', '003', '037'][county + 1] FROM more;
      INSERT INTO order_party (order_id, person_id, role) SELECT id, id, 'respondent' FROM more;
    """)
    dims = ("year", "county", "sex")
    spec = AggregateSpec(years=(2020, 2021), families=("GV",), on=date(2026, 11, 23), dims=dims)
    made = aggregated.build_aggregate(register, system, spec, SuppressionPolicy())
    con = connect(threads=1)
    con.register("extract", made.table)
    told = {"dims": dims, "first_year": 2020, "last_year": 2021, "last_full_year": 2025, "falls": len(made.audit.falls),
            "audited_cells": made.audit.cells}  # fmt: skip
    verdict = validate("aggregated", system, con, "extract", told)
    assert [c.id for c in verdict.checks if not c.success] == []
    assert "suppressed" in made.table["status"].to_pylist()


def test_perturbed(register, system):
    """Every cell with noise: near what was tabulated, never 1 to 9, never called published."""
    from extracts.aggregated import build_perturbed
    from extracts.aggregated.tabulation import AggregateSpec
    from extracts.perturbation import Noise
    from extracts.suppression.model.tables import SuppressionPolicy

    register.execute("""
      CREATE TEMP TABLE more AS SELECT 1000 + i AS id, i % 3 AS county, i % 2 AS sex FROM range(90) t(i);
      INSERT INTO person (person_id, sex) SELECT id, CASE sex WHEN 0 THEN 'M' ELSE 'F' END FROM more;
      INSERT INTO person_index SELECT id, id, id FROM more;
      INSERT INTO order_entry (order_id, fcn, order_code, issue_date, county_fips)
        SELECT id, '2320000000001', 'OGV', '2021-05-06', ['001', '003', '037'][county + 1] FROM more;
      INSERT INTO order_party (order_id, person_id, role) SELECT id, id, 'respondent' FROM more;
    """)
    dims, noise = ("year", "county", "sex"), Noise("cell_key")
    spec = AggregateSpec(years=(2020, 2021), families=("GV",), on=date(2026, 11, 23), dims=dims)
    made = build_perturbed(
        register,
        system,
        spec,
        SuppressionPolicy(),
        noise,
        lambda _, ids: pa.array(ids.cast(pa.uint64()).to_numpy() * 11400714819323198485),
    )
    con = connect(threads=1)
    con.register("given", made.table)
    con.execute("CREATE TABLE extract AS SELECT * FROM given")
    con.register("cells", made.cells)
    told = {"dims": dims, "first_year": 2020, "last_year": 2021, "last_full_year": 2025, "falls": 0,
            "audited_cells": made.audit.cells, "cells": "cells", "noise": noise.reach}  # fmt: skip

    def failed(**other):
        verdict = validate("aggregated", system, con, "extract", told | other)
        return [c.id for c in verdict.checks if not c.success]

    assert failed() == []
    assert "aggregated.status_known" in failed(noise=0)  # called exact, it fails
    con.execute(
        "UPDATE extract SET persons = 9, orders = 9 WHERE county = 'TOTAL' AND sex = 'TOTAL' AND year = 2021"
    )
    assert failed() == ["aggregated.threshold_on_persons", "aggregated.values_near"]

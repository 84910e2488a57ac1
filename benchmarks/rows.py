"""How long extracts, risk, scan and package take: `python benchmarks/rows.py [ORDERS]`.

The register is made up by SQL (two persons an order, three conditions, most orders served), so that
this measures the extracts alone; everything is in memory, nothing is sealed.
"""

import datetime as dt
import hashlib
import resource
import sys
import time

import pyarrow as pa

from extracts.deidentified import extract as deidentified
from extracts.deidentified.risk import risk_report
from extracts.package.bag import iter_parts
from extracts.package.dictionary import dictionary_for
from extracts.package.facts import ReleaseFacts
from extracts.rows import RowScope
from extracts.rows.plan import plan_for
from systems.database import connect
from systems.description.loading import load_system
from tests.unit.extracts.making import build_identified, content_scan

COHORT = 5_000  # rows


class Ids:
    """Keyed digests like the real ones; their cost is part of the measure."""

    def ids(self, label, values):
        """One id a value."""
        return pa.array([self._digest(label, v).hexdigest() for v in values.to_pylist()])

    def order(self, label, values):
        """One sort key a value."""
        return pa.array(
            [self._digest(label, v).digest() for v in values.to_pylist()], pa.binary(12)
        )

    def _digest(self, label, value):
        return hashlib.blake2b(f"{label}/{value}".encode(), key=b"benchmark", digest_size=12)


def register(orders):
    system, con = load_system("CARPOS"), connect()
    con.execute("SET VARIABLE codes = $c", {"c": list(system.code_list("order_code").values)})
    con.execute("SET VARIABLE counties = $c", {"c": list(system.code_list("county").values)})
    many = f"range({orders}) r(i)"
    made = {
        "person": f"SELECT i AS person_id, ['F', 'M'][i % 2 + 1] AS sex FROM range({2 * orders}) r(i)",
        "order_entry": f"""SELECT i AS order_id, i::VARCHAR AS fcn, DATE '2016-01-01' + (hash(i) % 3650)::INT AS issue_date,
            getvariable('codes')[(hash(i * 5) % len(getvariable('codes')))::INT + 1] AS order_code,
            getvariable('counties')[(hash(i * 3) % 58)::INT + 1] AS county_fips FROM {many}""",
        "order_party": f"""SELECT i AS order_id, 2 * i AS person_id, 'respondent' AS role,
            (hash(i) % 80)::INT AS age_at_issue, NULL AS petitioner_kind FROM {many}
            UNION ALL SELECT i, 2 * i + 1, 'petitioner', NULL, 'LE' FROM {many}""",
        "restraint": f"SELECT i::VARCHAR AS fcn, 'active' AS status FROM {many}",
        "order_condition": f"SELECT i // 3 AS order_id, ['01', '05', '07'][i % 3 + 1] AS pco FROM range({3 * orders}) r(i)",
        "service_event": f"SELECT i AS order_id, 'personal' AS kind, DATE '2020-01-01' AS served_on FROM {many} WHERE i % 5 > 0",
        "relinquishment": f'SELECT i AS order_id, true AS "ordered" FROM {many} WHERE i % 20 = 0',
    }
    for table in system.tables:
        columns = ", ".join(f'"{c.name}" {c.sql_type}' for c in table.columns)
        con.execute(f"CREATE TABLE {table.name} ({columns})")
        if table.name in made:
            con.execute(f"INSERT INTO {table.name} BY NAME {made[table.name]}")
    con.execute(
        f"CREATE TABLE person_index AS SELECT i AS record_id, i // 4 AS identity FROM range({2 * orders}) r(i)"
    )
    con.execute(
        f"CREATE TABLE supplied AS SELECT i AS row_number, 'c' || i AS row_id FROM range({COHORT}) r(i)"
    )
    con.execute("CREATE TABLE attempted AS SELECT row_number, NULL::VARCHAR AS code FROM supplied")
    con.execute(
        f"CREATE TABLE links AS SELECT 'c' || i AS cohort_id, 2 * i AS record_id, 'link' AS decision FROM range({COHORT}) r(i)"
    )
    return system, con


def facts(families):
    day = dt.date(2026, 1, 1)
    return ReleaseFacts(
        "2026-001", "Benchmark", "deidentified", "CARPOS", "CARPOS", "R-1", day, day, day, (2016, 2025),
        families, (("m-1", "ab" * 32),), "S-1", "0", "none",
    )  # fmt: skip


def timed(what, work, rows):
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    print(f"{what:<34}{rows:>10,}{seconds:>10.2f}")
    return result


def main(orders):
    system, con = register(orders)
    families = tuple(sorted(plan_for(system, "deidentified").families))
    described = dictionary_for(system, "deidentified")
    print(f"{'':<34}{'rows':>10}{'seconds':>10}")
    rows = timed(
        "de-identified, all families",
        lambda: deidentified.build_deidentified(con, system, RowScope(families), Ids()),
        orders,
    )
    timed(
        "identified, cohort of 5,000",
        lambda: build_identified(con, system, RowScope(families), Ids()),
        COHORT,
    )
    timed(
        "risk report",
        lambda: risk_report(rows.table, rows.quasi_identifiers, sensitive=rows.sensitive),
        orders,
    )
    timed("content scan", lambda: content_scan(rows.table), orders)
    size = timed(
        "package (CSV, Parquet, hashes, ZIP)",
        lambda: sum(
            len(p.content) for p in iter_parts(facts(families), rows.table, described, "<p>")
        ),
        orders,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"package {size / 2**20:,.0f} MiB; peak memory {peak:,.0f} MiB, register included")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250_000)

"""Seconds and memory of validating an identified extract: ``python benchmarks/validation.py [rows…]``.

Default sizes: 1 and 5 million rows. The extract is made up in DuckDB (one row a person, half of them
matched, 24 order columns); making it and importing Great Expectations are reported apart. Each size
runs in a process of its own, so that peak memory is its own; the relation itself, which the pipeline
holds anyway, is part of that peak and is reported too.
"""

import resource
import subprocess
import sys
import time


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _make(con, system, rows: int) -> dict:
    types = {"date": "DATE", "number": "BIGINT", "yes/no": "BOOLEAN"}
    values = {
        "order_ref": "printf('%032x', hash(i))",
        "order_code": "'OGV'",
        "order_family": "'GV'",
        "order_stage": "'after_hearing'",
        "order_issue_date": "DATE '2016-01-01' + CAST(i % 3600 AS INTEGER)",
        "order_expiration_date": "DATE '2016-01-01' + CAST(i % 3600 + 365 AS INTEGER)",
        "order_service_date": "DATE '2016-01-01' + CAST(i % 3600 + 2 AS INTEGER)",
        "order_county": "printf('%03d', (i % 58) * 2 + 1)",
        "order_conditions": "CASE WHEN i % 3 = 0 THEN '01;05;07' ELSE '07' END",
        "order_firearms": "i % 3",
    }
    columns = ", ".join(
        f"CASE WHEN i % 2 = 0 THEN CAST({values.get(o.name, 'NULL')} AS {types.get(o.type, 'VARCHAR')}) END AS {o.name}"
        for o in system.release.identified.columns
    )
    con.execute(
        f"CREATE TABLE supplied AS SELECT i + 1 AS row_number, 'r' || i AS row_id, 'First' || (i % 5000) AS first_name, "
        f"'Last' || (i % 90000) AS last_name, CAST(DATE '1940-01-01' + CAST(i % 20000 AS INTEGER) AS VARCHAR) AS birth_date "
        f"FROM range({rows}) t(i)"
    )
    con.execute(
        "CREATE TABLE extract AS SELECT row_id, first_name AS supplied_first_name, last_name AS supplied_last_name, "
        "birth_date AS supplied_birth_date, CASE WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS matched, "
        f"{columns} FROM (SELECT *, row_number - 1 AS i FROM supplied)"
    )
    return {
        "supplied": "supplied",
        "supplied_columns": ("first_name", "last_name", "birth_date"),
        "families": ("GV",),
        "first_year": 2016,
        "last_year": 2025,
    }


def one(rows: int) -> None:
    """Run one size and print its line."""
    from expectations import checks_for, quiet, validate
    from systems import load_system
    from systems.database import connect

    quiet()
    started = time.perf_counter()
    __import__("great_expectations")
    imported = time.perf_counter() - started
    system, con = load_system("CARPOS"), connect(threads=2)
    context = _make(con, system, rows)
    before = _mib()
    checks = len(checks_for("identified", system, con, "extract", context))
    started = time.perf_counter()
    verdict = validate("identified", system, con, "extract", context)
    seconds = time.perf_counter() - started
    assert verdict.passed, [c.id for c in verdict.failed]
    print(
        f"{rows:>10,} {checks:>7} {imported:>9.1f} {seconds:>9.1f} {before:>11.0f} {_mib():>10.0f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        one(int(sys.argv[2]))
        return
    sizes = sys.argv[1:] or ["1000000", "5000000"]
    print(
        f"{'rows':>10} {'checks':>7} {'import s':>9} {'suite s':>9} {'data MiB':>11} {'peak MiB':>10}",
        flush=True,
    )
    for size in sizes:
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


if __name__ == "__main__":
    main()

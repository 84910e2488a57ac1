"""Seconds and memory of validating an identified extract: ``python benchmarks/validation.py [rows…]``.

Default sizes: 1 and 5 million rows. The extract and the cohort are made up by one process (one row
a person, half of them matched, 24 order columns) and written to staging as the pipeline does:
Parquet under AES-256. Another process validates them from there, as the stage ``validate`` does.
Its peak memory is that of the whole process, interpreter included; Great Expectations runs in a process of its own,
whose start is reported apart, in seconds and in MiB.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
from watched import memory, tree

KEY = bytes(range(32))
SUPPLIED = ("first_name", "last_name", "birth_date")


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def make(rows: int, folder: Path) -> None:
    """Write the made-up extract and the cohort it comes from."""
    from crypto.resting import staging
    from crypto.secret import StagingKey
    from systems.database import connect
    from systems.description.loading import load_system

    system, con, key = load_system("CARPOS"), connect(threads=2), StagingKey("benchmark", KEY)
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
    supplied = (
        "SELECT i + 1 AS row_number, 'r' || i AS row_id, 'First' || (i % 5000) AS first_name, "
        "'Last' || (i % 90000) AS last_name, CAST(DATE '1940-01-01' + CAST(i % 20000 AS INTEGER) AS VARCHAR) "
        f"AS birth_date FROM range({rows}) t(i)"
    )
    extract = (
        "SELECT row_id, first_name AS supplied_first_name, last_name AS supplied_last_name, "
        "birth_date AS supplied_birth_date, CASE WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS matched, "
        f"{columns} FROM (SELECT *, row_number - 1 AS i FROM ({supplied}))"
    )
    for name, query in (("supplied", supplied), ("extract", extract)):
        reader = con.sql(query).to_arrow_reader(100_000)
        staging.write_staged(reader, folder / f"{name}.parquet", key)


def one(rows: int, folder: Path) -> None:
    """Validate one size from staging and print its line."""
    from crypto.resting import staging
    from crypto.secret import StagingKey
    from expectations.checks import Check
    from expectations.judging import Shown, judge
    from expectations.suite import checks_for
    from expectations.validation import validate
    from systems.database import connect
    from systems.description.loading import load_system

    started = time.perf_counter()
    judge([Shown("counts", pa.table({"t.a": [0]}), [Check("t.a", "A", violations=0)])])
    imported = time.perf_counter() - started
    loaded = memory(tree(os.getpid())) / 1024 - _mib()
    system, con = load_system("CARPOS"), connect(threads=2)
    name = staging.attach_key(con, StagingKey("benchmark", KEY))
    for relation in ("supplied", "extract"):
        source = staging.scan_staged(folder / f"{relation}.parquet", name)
        con.execute(f"CREATE VIEW {relation} AS SELECT * FROM {source}")
    # The links that hold, and the rows that could not be tried (none), as the stage gives them.
    con.execute(
        f"CREATE VIEW linked AS SELECT 'r' || i * 2 AS cohort_id FROM range({(rows + 1) // 2}) t(i)"
    )
    con.execute("CREATE VIEW untried AS SELECT 'r' || i AS row_id FROM range(0) t(i)")
    context = {
        "linked": "linked",
        "not_attempted": "untried",
        "supplied": "supplied",
        "supplied_columns": SUPPLIED,
        "families": ("GV",),
        "first_year": 2016,
        "last_year": 2025,
    }
    checks = len(checks_for("identified", system, con, "extract", context))
    started, used = time.perf_counter(), _cpu()
    verdict = validate("identified", system, con, "extract", context)
    seconds, used = time.perf_counter() - started, _cpu() - used
    assert verdict.passed, [c.id for c in verdict.failed]
    assert verdict.rows == rows
    size = sum(p.stat().st_size for p in folder.iterdir()) / 2**20
    print(
        f"{rows:>10,} {checks:>7} {size:>9.0f} {imported:>9.1f} {loaded:>11.0f} {seconds:>9.1f} {used:>7.1f} {_mib():>10.0f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 4:
        {"--make": make, "--one": one}[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
        return
    sizes = sys.argv[1:] or ["1000000", "5000000"]
    print(
        f"{'rows':>10} {'checks':>7} {'files MiB':>9} {'import s':>9} {'import MiB':>11} {'suite s':>9} {'CPU s':>7} {'peak MiB':>10}",
        flush=True,
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for step in ("--make", "--one"):
                subprocess.run([sys.executable, __file__, step, size, folder], check=True)


if __name__ == "__main__":
    main()

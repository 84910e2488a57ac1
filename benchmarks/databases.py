"""What a register's table costs on its way into a snapshot: `python benchmarks/databases.py [ROWS]`.

`person` of CARPOS, made up by SQL, from PostgreSQL and MariaDB (both on a socket of this machine, as Debian has them) and from a CSV file:
checked, encrypted, written. Each in a process of its own, at a quarter of the rows and at all, so that the peaks show what grows.
"""

import datetime as dt
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from crypto.secret import StagingKey
from systems.database import connect
from systems.databases import Login, open_database
from systems.description import load_system
from systems.register import AsNamed, FileSource
from systems.register.incoming import stage_table
from tests.servers import mariadb, server

COLUMNS = "person_id BIGINT PRIMARY KEY, sex CHAR(1), birth_year SMALLINT, dob DATE, height_in SMALLINT, weight_lb SMALLINT"
POSTGRES = (
    "SELECT i, CASE WHEN i % 2 = 0 THEN 'F' ELSE 'M' END, NULL, DATE '1940-01-01' + (i % 25000)::int,"
    " 55 + i % 25, 100 + i % 150 FROM generate_series(1, {rows}) AS i"
)
MARIADB = (
    "SELECT seq, IF(seq % 2 = 0, 'F', 'M'), NULL, DATE '1940-01-01' + INTERVAL (seq % 25000) DAY,"
    " 55 + seq % 25, 100 + seq % 150 FROM seq_1_to_{rows}"
)


def stage(kind, address):
    """In a process of its own: rows, seconds, and the peak before and after."""
    system = load_system("CARPOS")
    source = FileSource([Path(address)]) if kind == "CSV" else open_database(address, Login())
    key, before = StagingKey("benchmark", secrets.token_bytes(32)), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, closing(connect()) as con:
        parts = AsNamed(system, source).parts("person")
        target = Path(folder) / "person.parquet"
        staged = stage_table(
            con, system, system.table("person"), parts, target, key, dt.date(2026, 1, 1)
        )
    assert not staged.problems, staged.problems
    seconds, used = time.monotonic() - before, resource.getrusage(resource.RUSAGE_SELF)
    print(staged.rows, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def told(kind, rows, address):
    """One line of the table."""
    words = [sys.executable, __file__, kind, address]
    made, seconds, cpu, peak = map(
        float, subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    )
    assert made == rows
    print(
        f"| {kind} | {rows:,} | {seconds:.1f} | {cpu:.1f} | {rows / seconds:,.0f} | {peak:,.0f} |",
        flush=True,
    )


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    print("| from | rows | s | CPU s here | rows a second | peak MiB |\n|---|---|---|---|---|---|")
    with server() as place, mariadb() as address, tempfile.TemporaryDirectory() as folder:
        pg = f"postgresql://owner@/postgres?host={place.removeprefix('host=')}"
        engines = {
            "PostgreSQL": (sa.create_engine(f"postgresql+psycopg://owner@/postgres?{place}"), pg, POSTGRES, most),
            "MariaDB": (sa.create_engine(address.replace("mysql:", "mysql+pymysql:")), address, MARIADB, most // 4),
        }  # fmt: skip
        for name, (engine, where, query, upto) in engines.items():
            for rows in (upto // 4, upto):
                with engine.begin() as connection:
                    connection.exec_driver_sql("DROP TABLE IF EXISTS person")
                    connection.exec_driver_sql(f"CREATE TABLE person ({COLUMNS})")
                    filled = query.replace("%", "%%")
                    connection.exec_driver_sql("INSERT INTO person " + filled.format(rows=rows))
                told(name, rows, where)
        for rows in (most // 4, most):
            with closing(connect()) as con:
                path = Path(folder) / "person.csv"
                con.execute(
                    "COPY (SELECT i AS person_id, CASE WHEN i % 2 = 0 THEN 'F' ELSE 'M' END AS sex, NULL AS birth_year,"
                    " DATE '1940-01-01' + (i % 25000)::int AS dob, 55 + i % 25 AS height_in, 100 + i % 150 AS weight_lb"
                    f" FROM range(1, {rows + 1}) AS r(i)) TO '{path}'"
                )
            told("CSV", rows, str(path))


if __name__ == "__main__":
    main() if len(sys.argv) < 3 else stage(*sys.argv[1:])

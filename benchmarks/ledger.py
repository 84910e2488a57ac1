"""How fast the ledger appends, verifies and is searched, at a million events, on SQLite and PostgreSQL.

python benchmarks/ledger.py [--events 1000000] [--database sqlite|postgresql]... [--url URL]

PostgreSQL is a server of its own on a local socket, made and removed as the tests do; its data goes to
the disk as usual. ``--url`` names an empty database elsewhere.
"""

import argparse
import contextlib
import itertools
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from approvals.ledger.database import EVENTS, writing
from approvals.ledger.events import Event
from approvals.ledger.ledger import Ledger, _newest
from approvals.ledger.search import Sought, find_events, find_page
from approvals.ledger.verification import verify_chain

BATCH = 20_000  # events in one transaction
LIMIT = 30.0  # seconds that verify may take


def events(count):
    for n in range(count):
        facts = {"pair": f"{n:064x}", "decision": "link"}
        yield Event("pair_decided", "p-reviewer", "2026-001", "2026-001-R001", facts)


def append(ledger, count):
    """Valid events as the product makes them, many in one transaction."""
    made = events(count)
    while batch := list(itertools.islice(made, BATCH)):
        with writing(ledger.engine) as connection:
            seq, previous, _ = _newest(connection)
            rows = []
            for event in batch:
                entry, row = ledger._row(event, seq := seq + 1, previous, datetime.now(UTC))
                previous = entry.hash
                rows.append(row)
            connection.execute(insert(EVENTS), rows)


@contextlib.contextmanager
def place(database):
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        return
    from tests.servers import server

    with server(fsync=True) as running:
        yield f"postgresql+psycopg://owner@/postgres?{running}"


def measure(url, count, single):
    """The table of one database; returns the seconds of ``verify``."""
    ledger = Ledger.open(url, create=True)
    print(f"\n{ledger.engine.dialect.name}")
    print(f"{'what':32}{'events':>11}{'seconds':>10}{'CPU':>8}{'per second':>12}", flush=True)

    def timed(what, count, work):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        wall, used = time.perf_counter() - start, time.process_time() - cpu
        print(f"{what:32}{count:>11,}{wall:>10.2f}{used:>8.2f}{count / wall:>12,.0f}", flush=True)
        return wall

    timed(
        "append, one transaction each", single, lambda: [ledger.append(e) for e in events(single)]
    )
    timed("append, in batches", count, lambda: append(ledger, count))
    rare = f"{count // 2:064x}"
    for what, sought in (
        ("newest 50", Sought()),
        ("50 of a release", Sought(release="2026-001-R001")),
        ("of a project without any", Sought(project="2026-009")),
        ("of a person without any", Sought(actor="p-nobody")),
        ("of an hour", Sought(since=datetime.now(UTC) - timedelta(hours=1))),
        ("with an old digest, one look", Sought(text=rare)),
    ):
        timed(f"find {what}", 1, lambda sought=sought: find_page(ledger, sought))
    timed("find an old digest, to the end", 1, lambda: find_events(ledger, Sought(text=rare)))
    return timed("verify", ledger.size(), lambda: verify_chain(ledger).check())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--single", type=int, default=300, help="events appended one by one")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--url", help="an empty database instead")
    options = parser.parse_args()
    seconds = []
    for database in () if options.url else options.database or ("sqlite", "postgresql"):
        with place(database) as url:
            seconds.append(measure(url, options.events, options.single))
    if options.url:
        seconds.append(measure(options.url, options.events, options.single))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:.0f} MiB")
    if max(seconds) > LIMIT:
        sys.exit(f"verify took longer than {LIMIT:.0f} s")


if __name__ == "__main__":
    main()

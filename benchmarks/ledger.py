"""How fast the ledger appends and verifies, at a million events; on PostgreSQL too with --url.

python benchmarks/ledger.py [--events 1000000] [--url postgresql+psycopg://owner@/empty]
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from approvals.events import Event
from approvals.ledger import Ledger
from approvals.ledger_verify import verify

BATCH = 10_000  # events in one transaction


def events(count):
    for n in range(count):
        facts = {"pair": f"{n:064x}", "decision": "link"}
        yield Event("pair_decided", "p-reviewer", "2026-001", "2026-001-R001", facts)


def append(ledger, count):
    made = events(count)
    for start in range(0, count, BATCH):
        ledger.append_all(next(made) for _ in range(min(BATCH, count - start)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--single", type=int, default=300, help="events appended one by one")
    parser.add_argument("--url", help="an empty PostgreSQL database instead of SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        ledger = Ledger.open(url, create=True)
        print(f"{ledger.engine.dialect.name}")
        print(f"{'what':32}{'events':>11}{'seconds':>10}{'CPU':>8}{'per second':>12}")

        def timed(what, count, work):
            start, cpu = time.perf_counter(), time.process_time()
            work()
            wall, used = time.perf_counter() - start, time.process_time() - cpu
            print(f"{what:32}{count:>11,}{wall:>10.2f}{used:>8.2f}{count / wall:>12,.0f}")

        timed("append, one transaction each", options.single,
              lambda: [ledger.append(e) for e in events(options.single)])  # fmt: skip
        timed("append, in batches", options.events, lambda: append(ledger, options.events))
        timed("verify", ledger.size(), lambda: verify(ledger).check())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()

"""How fast the ledger appends and verifies: python benchmarks/ledger.py [--events 1000000]."""

import argparse
import tempfile
import time
from pathlib import Path

from approvals.events import Event
from approvals.ledger import Ledger
from approvals.ledger_verify import verify


def events(count):
    for n in range(count):
        facts = {"pair": f"{n:064x}", "decision": "link"}
        yield Event("pair_decided", "p-reviewer", "2026-001", "2026-001-R001", facts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--single", type=int, default=300, help="events appended one by one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.at(Path(folder) / "ledger.sqlite3", create=True)
        rows = []

        def timed(what, count, work):
            start = time.perf_counter()
            work()
            seconds = time.perf_counter() - start
            rows.append((what, count, seconds, count / seconds))

        timed("append, one transaction each", options.single,
              lambda: [ledger.append(e) for e in events(options.single)])  # fmt: skip
        timed("append, one transaction", options.events,
              lambda: ledger.append_all(events(options.events)))  # fmt: skip
        timed("verify", ledger.size(), lambda: verify(ledger).check())
        timed("read one project", ledger.size(), lambda: ledger.events(project="2026-001"))
    print(f"{'what':32}{'events':>10}{'seconds':>10}{'per second':>12}")
    for what, count, seconds, rate in rows:
        print(f"{what:32}{count:>10,}{seconds:>10.2f}{rate:>12,.0f}")


if __name__ == "__main__":
    main()

"""How fast lists and the queue are with many projects: ``python benchmarks/desk.py [--projects N] [--releases M]``.

The home is made up: its events are written many in a transaction, in the shapes that the commands record, and its applications lie
encrypted as real ones do; no register and no package stand behind them. *Cold* is a process of its own, as a command is; *warm* is
what the desk does, which keeps what it read.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import insert

from approvals.application import example_application
from approvals.ledger import Entry, Event
from approvals.ledger.database import EVENTS, writing
from approvals.ledger.ledger import _newest
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.made_up import record_checks
from pipelines.session import Session, today

BATCH = 20_000  # events in one transaction
KINDS = ("identified", "deidentified", "aggregated")
# Of twenty projects: still undecided, denied, completed; the others are in force. Of twenty releases likewise.
UNDECIDED, DENIED, COMPLETED = range(2), range(2, 3), range(3, 8)
WAITING, RETURNED, REVIEW, UNSEALED, REFUSED, DESTROYED = 0, 1, 2, 3, range(4, 6), range(6, 9)


def make_home(root: Path, projects: int, releases: int) -> None:
    """A home with so many projects and releases in it, in all states, from the first day of last year on."""
    init_home(root, demo=True)
    with Session(open_home(root)) as session:
        patterns = {kind: _pattern(session, root, kind) for kind in KINDS}
        _append(session, _events(session, patterns, projects, releases))


def _pattern(session: Session, root: Path, kind: str) -> tuple[bytes, list[Entry]]:
    """An application, and the events of a project in force, as the commands record them."""
    aggregated, path = kind == "aggregated", root.parent / f"{kind}.toml"
    form = "aggregated" if aggregated else "standard"
    path.write_text(example_application(form, on=today(), kind=None if aggregated else kind))
    store, who = session.projects, session.person
    number = store.submit(path, who, today()).number
    store.approve(number, who, today())
    record_checks(store, number, who, today(), root.parent)
    if kind == "identified":
        store.register_cohort(number, digest="c" * 64, rows=100, actor=who, on=today())
        store.confirm_cohort(number, None, who, today())
    for member in ("desk", "data-desk") if aggregated else ("lead", "analyst"):
        key = session.keyring.digest("made up", f"{number}{member}".encode())
        store.add_recipient(number, key, member, who, today(), certificate=b"none")
        store.confirm_recipient(key, who, today(), number)
    return path.read_bytes(), list(store.entries(number))


def _events(
    session: Session, patterns: dict[str, tuple[bytes, list[Entry]]], projects: int, releases: int
) -> Iterator[Event]:
    of = {kind: [] for kind in KINDS}
    for n in range(projects):
        kind, number = KINDS[n % 3], f"{today().year - 1}-{n + 1:04}"
        content, pattern = patterns[kind]
        content += f"# {number}\n".encode()  # an application of its own
        folder = session.projects.folder(number)
        own = {"application": folder.put("application", content)}
        for entry in pattern if n % 20 not in UNDECIDED else pattern[:1]:
            facts = {k: own.get(k, v) for k, v in entry.facts.items()}
            if entry.kind == "project_approved" and n % 20 in DENIED:
                denied = {"on": facts["on"], "statement": "d" * 64}
                yield Event("project_denied", entry.actor, number, facts=denied)
                break
            yield Event(entry.kind, entry.actor, number, facts=facts)
        else:
            if n % 20 in COMPLETED:
                done = {"on": str(today()), "completed_on": str(today())}
                yield Event("project_completed", session.person.id, number, facts=done)
            elif n % 20 not in UNDECIDED:
                of[kind].append(number)
    for n in range(releases):
        kind = KINDS[n % 3]
        number = of[kind][n // 3 % len(of[kind])]
        yield from _release(session.person.id, number, f"{number}-R{n:05}", kind, n % 20, today())


def _release(who: str, number: str, release: str, kind: str, how: int, on: date) -> Iterator[Event]:
    def event(name: str, **facts: object) -> Event:
        return Event(name, who, number, release, facts)

    day, report = on.isoformat(), {"report": "e" * 64}
    yield event("release_ordered", kind=kind, system="CARPOS", on=day, snapshot="CARPOS-1", years="2016-2025")  # fmt: skip
    if how in REFUSED:
        yield event("gate_refused", stage="run", on=day, rules=["C-17"])
        return
    yield event("gate_allowed", stage="run", on=day)
    yield event("intake_taken", rows=100, refused=0)
    yield event("cohort_matched", linked=90, unmatched=8, review=2)
    yield event("review_requested", pairs=2)
    if how == REVIEW:
        return
    yield event("sheet_imported", links=1, non_links=1)
    yield event("extract_made", rows=200, individuals=90)
    yield event("release_validated", outcome="passed", expectations=40, failed=0)
    yield event("report_attached", **report, recipient="a" * 64, model="b" * 64)
    if how == WAITING:
        return
    if how == RETURNED:
        yield event("release_returned", **report, comment="f" * 64, on=day)
        return
    yield event("gate_allowed", stage="approve", on=day)
    yield event("release_approved", **report, policy="second_person", on=day)
    if how == UNSEALED:
        return
    yield event("release_resumed", on=day)
    yield event("gate_allowed", stage="run", on=day)
    member = "desk" if kind == "aggregated" else "lead"
    package = {"member": member, "fingerprint": "1" * 64}
    yield event("package_sealed", **package, parts=1, bytes=9999, sums="2" * 64, hashes=["3" * 64])
    yield event("gate_allowed", stage="record", on=day)
    yield event("release_recorded", on=day, packages=1, individuals=90)
    yield event("staging_destroyed")
    yield event("run_measured", stages=["gate"], milliseconds=["9"], rows=["0"], bytes=["0"])
    yield event("gate_allowed", stage="handover", on=day)
    yield event("package_handed_over", **package, on=day, sums="2" * 64)
    yield event("receipt_recorded", member=member, on=day)
    if how in DESTROYED:
        yield event("release_destroyed", on=day)


def _append(session: Session, made: Iterator[Event]) -> None:
    ledger, now = session.ledger, datetime.now(UTC)
    while batch := list(itertools.islice(made, BATCH)):
        with writing(ledger.engine) as connection:
            seq, previous, _ = _newest(connection)
            rows = []
            for event in batch:
                entry, row = ledger._row(event, seq := seq + 1, previous, now)
                previous = entry.hash
                rows.append(row)
            connection.execute(insert(EVENTS), rows)
        session._note_head(seq, previous)


def timed(work, times: int) -> list[float]:
    """Milliseconds of the processor for each call: other work on the machine does not count."""
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append((time.process_time() - began) * 1000)
    return took


def works(session: Session) -> dict[str, object]:
    """What is measured: what pages and commands show."""
    from pipelines.operations import waiting_for

    return {
        "queue (status --all)": lambda: waiting_for(session, everybody=True),
        "project list": lambda: [s.as_dict(today()) for s in session.projects.list()],
        "release list": lambda: [s.as_dict() for s in session.releases.list()],
        "deadlines": lambda: session.deadlines(today()),
    }


def cold(root: Path, name: str) -> float:
    """The same of one of them in a process that has just opened the home, imports left out."""
    done = subprocess.run(
        [sys.executable, __file__, "--cold", name, "--home", str(root)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


def main() -> int:
    """Print milliseconds of each, cold and warm, and the memory of the process that keeps it all."""
    given = argparse.ArgumentParser()
    given.add_argument("--projects", type=int, default=1000)
    given.add_argument("--releases", type=int, default=3000)
    given.add_argument("--home", type=Path)
    given.add_argument("--cold", help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.cold:
        with Session(open_home(asked.home)) as session:
            assert session.person.active
            print(timed(works(session)[asked.cold], 1)[0])
        return 0
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        root = asked.home or Path(folder) / "home"
        if not root.exists():
            make_home(root, asked.projects, asked.releases)
        with Session(open_home(root)) as session:
            print(f"{asked.projects:,} projects, {asked.releases:,} releases, {session.ledger.size():,} events")  # fmt: skip
            print(f"{'milliseconds of CPU':24}{'cold':>10}{'warm':>10}")
            for name, work in works(session).items():
                work()
                warm = sorted(timed(work, 5))[2]
                print(f"{name:24}{cold(root, name):10.0f}{warm:10.0f}", flush=True)
        print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

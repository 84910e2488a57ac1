"""A whole identified release by size: seconds and memory by stage, disk, and what a larger one would take.

    python benchmarks/size.py [--orders 3000000] [--cohort 100000,1000000,10000000] [--form csv] [--data DIR [--scratch]]

One made-up register of so many orders (about as many persons, and 2.5 entries each), and cohorts of which one row in
twenty stands on an order, up to half a million. Registering a cohort, the run up to the approval, and the run after it are commands of their own; memory is
that of all processes of a command together, disk what the home and the temporary folder grow by at their
largest. The register is loaded once, and its cost is printed apart. What ``--data`` holds already is used: a home, files of a
register (``source``, ``members.parquet``), cohorts (``cohort-ROWS.csv``); with ``--scratch`` a copy of the home is worked on, and removed.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from watched import memory, tree

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

BIN = Path(sys.executable).parent
SHARE = 0.05  # of the cohort stand on an order
MEMBERS = 500_000  # people on orders that are made up for cohorts, at most
PART = 1_000_000  # rows of a cohort that are made up at a time
VOTERS = 28_800_000  # rows of the largest cohort that is known of (LongSHOT)
_SAMPLED = 0.25  # seconds between looks at memory and disk


@dataclass
class Spent:
    """What one command took."""

    seconds: float
    processor: float
    gib: float
    disk: int  # bytes in use at most, of earlier releases, too
    stages: dict[
        str, float
    ]  # most GiB from when each stage of the run had finished until the next one had


def main() -> None:
    """Make the register, then one release for each size."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--orders", type=int, default=3_000_000)
    ask.add_argument("--cohort", default="100000,1000000,10000000")
    ask.add_argument("--form", choices=("csv", "parquet"), default="csv", help="of the cohort")
    ask.add_argument("--data", type=Path, help="where everything goes; kept afterwards")
    ask.add_argument("--scratch", action="store_true", help="leave the home in --data as it is")
    given = ask.parse_args()
    sizes = [int(n) for n in given.cohort.split(",")]
    folder = given.data or Path(tempfile.mkdtemp(prefix="size-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    os.environ |= {"TMPDIR": str(folder / "tmp")}
    try:
        if not (folder / "members.parquet").exists():
            made("make-source", folder, given.orders)
        if not (folder / "home").exists():
            made("load-register", folder, given.orders)
        if given.scratch:
            _copy_home(folder)
        os.environ["DOJ_RELEASE_HOME"] = str(home_of(folder))
        print(
            "| cohort rows | registering | run | after approval | processor s | µs per row | peak GiB | input MiB | disk MiB | disk / input | stages |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
        took = [(size, _size(folder, size, given.form)) for size in sizes]
        if len(took) > 1:
            (small, a), (large, b) = took[0], took[-1]
            slope = (b - a) / (large - small)
            print(
                f"\nEach further row: {slope * 1e6:.1f} µs between the first and the last size. {VOTERS:,} rows"
                f" at that pace: {(b + slope * (VOTERS - large)) / 60:.0f} min (not measured)"
            )
    finally:
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        if given.data is None:
            shutil.rmtree(folder, ignore_errors=True)


def made(what: str, *words: object) -> None:
    """Make something up in a process of its own, so that its memory goes back."""
    subprocess.run([sys.executable, __file__, f"--{what}", *map(str, words)], check=True)


def home_of(folder: Path) -> Path:
    """Where releases are made."""
    scratch = folder / "scratch"
    return scratch if scratch.exists() else folder / "home"


def _copy_home(folder: Path) -> None:
    """A copy of the home; a snapshot of a register, which nothing changes, by links."""

    def copied(source: str, target: str) -> None:
        if source.startswith(f"{folder / 'home' / 'register'}/") and source.endswith(".parquet"):
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    shutil.rmtree(folder / "scratch", ignore_errors=True)
    shutil.copytree(folder / "home", folder / "scratch", symlinks=True, copy_function=copied)


def _size(folder: Path, size: int, form: str) -> float:
    """One release of a cohort; its seconds."""
    cohort = folder / f"cohort-{size}.{form}"
    if not cohort.exists():
        made("make-cohort", folder, cohort, size)
    home, before = home_of(folder), _used(folder)
    number = project(folder, size)
    registered = timed(folder, "cohort", "add", number, str(cohort))
    confirm(home, number)
    ask = ["run", number, "--kind", "identified", "--doubtful", "exclude", "--no-orchestrator"]
    run = timed(folder, *ask, allowed=7)
    release = max((home / "runs").glob("*/stages"), key=lambda p: p.stat().st_mtime).parent.name
    timed(folder, "release", "approve", release)
    sealed = timed(folder, "run", number, "--resume", release, "--no-orchestrator")
    spent = (registered, run, sealed)
    seconds, read = sum(s.seconds for s in spent), cohort.stat().st_size
    disk = max(s.disk for s in spent) - before
    shares = stages(home / "runs" / release / "stages")
    print(
        f"| {size:,} | {registered.seconds:.1f} s | {run.seconds:.1f} s | {sealed.seconds:.1f} s"
        f" | {sum(s.processor for s in spent):.0f} | {seconds / size * 1e6:.1f} | {' / '.join(f'{s.gib:.2f}' for s in spent)} | {read / 2**20:.0f}"
        f" | {disk / 2**20:.0f} | {disk / read:.1f} | {shares} |",
        flush=True,
    )
    told = ", ".join(f"{after or 'the start'} {gib:.2f}" for after, gib in run.stages.items())
    print(f"\nMost GiB in the run, from each stage on: {told}; {run.processor:.0f} processor s\n")
    return seconds


def stages(folder: Path) -> str:
    """The stages of a run that took longest, with their seconds."""
    took = {p.stem: json.loads(p.read_text())["seconds"] for p in folder.glob("*.json")}
    return ", ".join(f"{n} {s:.1f}" for n, s in sorted(took.items(), key=lambda i: -i[1])[:6])


def timed(folder: Path, *words: str, allowed: int = 0) -> Spent:
    """Run a command of the product; look at its processes' memory and at the disk while it runs."""
    began, processor = time.perf_counter(), _processor()
    child = subprocess.Popen(
        [str(BIN / "doj-release"), "--json", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak, done, most = [0, 0], threading.Event(), dict[str, float]()
    known = set((home_of(folder) / "runs").glob("*/stages/*.json"))

    def watch() -> None:
        looked = 0
        while not done.wait(_SAMPLED):
            now, looked = memory(tree(child.pid)), looked + 1
            peak[0] = max(peak[0], now)
            finished = set((home_of(folder) / "runs").glob("*/stages/*.json")) - known
            after = max((p.stat().st_mtime_ns, p.stem) for p in finished)[1] if finished else ""
            most[after] = max(most.get(after, 0.0), now / 2**20)
            if looked % 20 == 0:  # a walk over the home takes longer
                peak[1] = max(peak[1], _used(folder))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    _, told = child.communicate()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if child.returncode != allowed:
        raise SystemExit(f"{words[0]} ended with {child.returncode}: {told[-2000:]}")
    spent = _processor() - processor
    return Spent(seconds, spent, peak[0] / 2**20, max(peak[1], _used(folder)), most)


def _processor() -> float:
    """Processor seconds of the commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _used(folder: Path) -> int:
    """Bytes on the disk in the home and the temporary folder."""
    total = 0
    for place in (home_of(folder), folder / "tmp"):
        for at, _, names in os.walk(place):
            for name in names:
                try:
                    total += os.lstat(f"{at}/{name}").st_blocks * 512
                except OSError:
                    continue  # it is gone again
    return total


def make_source(folder: Path, orders: int) -> None:
    """The files of a register, and people on its orders for the cohorts to come."""
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    from pipelines.demo import SCOPE
    from pipelines.session import today
    from synthetic.cohorts import make_cohort as synthetic_make_cohort
    from synthetic.registers.system import make_system

    last = today().year - 1
    truth = make_system(
        "CARPOS", folder / "source", records=orders, seed=5, first_year=last - 9, last_year=last
    )
    available = len(truth.respondents(SCOPE))
    synthetic_make_cohort(
        folder / "members",
        truth,
        rows=min(MEMBERS, available),
        share_with_order=1.0,
        seed=5,
        families=SCOPE,
    )
    pq.write_table(pc.read_csv(folder / "members" / "cohort.csv"), folder / "members.parquet")


def load_register(folder: Path, orders: int) -> None:
    """A home with the register loaded."""
    from pipelines import registers
    from pipelines.deployment.init import init_home
    from pipelines.home.home import open_home
    from pipelines.session import Session

    init_home(folder / "home", demo=True)
    office = Session(open_home(folder / "home"))
    began = time.perf_counter()
    files = sorted((folder / "source").glob("*.parquet"))
    told = registers.load_register(office, "CARPOS", files, lambda _text: None)
    seconds = time.perf_counter() - began
    told = {k: v for k, v in told.items() if isinstance(v, int)}
    print(f"register of {orders:,} orders loaded in {seconds:.0f} s: {told}\n", flush=True)
    office.close()


def make_cohort(folder: Path, file: Path, size: int) -> None:
    """People on orders first, then strangers, numbered anew and as text; in parts, each of its own seed."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from pyarrow.csv import CSVWriter

    from tests.two_tables import make_linkage

    members = pq.read_table(folder / "members.parquet")
    wanted = min(round(size * SHARE), members.num_rows)
    members = members.slice(0, wanted)
    names = [n for n in members.column_names if n != "cohort_id"]
    members = pa.table({n: pc.cast(members[n], pa.string()) for n in names})
    done, writer = 0, None
    opened = pq.ParquetWriter if file.suffix == ".parquet" else CSVWriter
    while done < size:
        if done < wanted:
            part = members
        else:
            rows = min(PART, size - done)
            part, _, _ = make_linkage(1, rows, 1_000 + done, share_in_records=0.0)
            part = pa.table({n: pc.cast(part[n], pa.string()) for n in names})
        ids = pa.array([f"C{n:08d}" for n in range(done + 1, done + part.num_rows + 1)])
        part = part.add_column(0, "cohort_id", ids)
        writer = writer or opened(file, part.schema)
        writer.write_table(part, 500_000)
        done += part.num_rows
    assert writer is not None
    writer.close()


def project(folder: Path, rows: int) -> str:
    """An approved project for a cohort of so many rows, with one confirmed recipient."""
    from approvals.application.reading import example_application
    from crypto.cms.certificates import make_recipient
    from crypto.cms.recipients import Recipient
    from pipelines.demo import SCOPE
    from pipelines.home.home import open_home
    from pipelines.keys import add_recipient, confirm_recipient
    from pipelines.made_up import record_checks
    from pipelines.session import Session, today

    office = Session(open_home(home_of(folder)))
    text = example_application("standard", on=today(), kind="identified")
    scope = ", ".join(f'"{family}"' for family in SCOPE)
    text = text.replace('order_scope = ["GV"]', f"order_scope = [{scope}]")
    text = text.replace("Gun violence restraining orders", "Restraining orders")
    text = text.replace("gun violence restraining orders", "restraining orders")
    form = folder / "application.toml"
    form.write_text(text.replace("max_rows = 80000", f"max_rows = {max(80_000, rows)}"))
    state = office.projects.submit(form, office.person, today())
    office.projects.approve(state.number, office.person, today())
    record_checks(office.projects, state.number, office.person, today(), folder)
    _, pem = make_recipient("p384", "Recipient")
    (folder / "lead.pem").write_bytes(pem)
    add_recipient(office, state.number, folder / "lead.pem", "lead")
    confirm_recipient(office, Recipient.from_pem(pem, on=today()).fingerprint)
    office.close()
    return state.number


def confirm(home: Path, project: str) -> None:
    """Confirm the cohort of a project."""
    from pipelines.home.home import open_home
    from pipelines.session import Session, today

    office = Session(open_home(home))
    office.projects.confirm_cohort(project, None, office.person, today())
    office.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--register"]:
        made("make-source", *sys.argv[2:])
        made("load-register", *sys.argv[2:])
    elif sys.argv[1:2] == ["--make-source"]:
        make_source(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["--load-register"]:
        load_register(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["--make-cohort"]:
        make_cohort(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()

"""A first load of a register by stage: processor seconds of all its processes, what two quiet cores would take, memory at most.

    python benchmarks/load_stages.py [--orders 200000] [--data DIR]

What two quiet cores would take is estimated while it runs, however busy the machine: each moment's processor time, over as many
threads as could run then (two at most). A stage that works inside another is counted in both.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from watched import memory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

_SAMPLED = 0.02  # seconds


class Stages:
    """What each stage took so far; ``now`` are those under way."""

    def __init__(self) -> None:
        self.now, self.took = ["all"], dict[str, list[float]]()
        self.done = threading.Event()

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Count a block as a stage."""
        began = _processor()
        self.now.append(name)
        try:
            yield
        finally:
            self.now.remove(name)
            self.of(name)[0] += _processor() - began

    def of(self, name: str) -> list[float]:
        """Processor seconds, seconds of two quiet cores, GiB at most."""
        return self.took.setdefault(name, [0.0, 0.0, 0.0])

    def watch(self) -> None:
        """Look at what is under way, until it is done."""
        last, mine = time.process_time(), time.thread_time()
        while not self.done.wait(_SAMPLED):
            running, gib = _running(), memory([os.getpid()]) / 2**20
            spent, own = time.process_time(), time.thread_time()
            quiet = max(0.0, spent - last - (own - mine)) / min(2, max(1, running))
            last, mine = spent, own
            for name in set(self.now):
                at = self.of(name)
                at[1] += quiet
                at[2] = max(at[2], gib)

    def wrap(self, place: Any, name: str, stage: str, *, parts: bool = False) -> None:
        """Count calls of a function, or what a generator does until its next value, as a stage."""
        real: Callable[..., Any] = getattr(place, name)

        def whole(*given: Any, **named: Any) -> Any:
            with self.stage(stage):
                return real(*given, **named)

        def by_part(*given: Any, **named: Any) -> Generator[Any]:
            made, end = real(*given, **named), object()
            while True:
                with self.stage(stage):
                    part = next(made, end)
                if part is end:
                    return
                yield part

        setattr(place, name, by_part if parts else whole)


def _running() -> int:
    """Threads that could run, this one left out."""
    count = 0
    for thread in Path("/proc/self/task").iterdir():
        try:
            told = (thread / "stat").read_text()
        except OSError:  # it has ended
            continue
        count += (
            told.rpartition(")")[2].split()[0] == "R"
            and int(thread.name) != threading.get_native_id()
        )
    return count


def _processor() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def main() -> None:
    """Make a register apart, then load it."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--orders", type=int, default=200_000)
    ask.add_argument("--data", type=Path, help="where everything goes; kept afterwards")
    given = ask.parse_args()
    folder = given.data or Path(tempfile.mkdtemp(prefix="load-stages-"))
    try:
        if not (folder / "source").exists():
            make = [sys.executable, __file__, "--make", str(folder / "source"), str(given.orders)]
            subprocess.run(make, check=True)
        _load(folder)
    finally:
        if given.data is None:
            shutil.rmtree(folder, ignore_errors=True)


def _load(folder: Path) -> None:
    import matching.persons.register as persons
    from matching import scoring
    from pipelines import registers
    from pipelines.deployment.init import init_home
    from pipelines.home.home import open_home
    from pipelines.registers import indexing, loading, resolving
    from pipelines.session import Session
    from systems.register import store

    stages = Stages()
    stages.wrap(store, "stage_table", "checked and staged")
    stages.wrap(store, "key_problems", "keys and references", parts=True)
    stages.wrap(resolving.Resolution, "__call__", "resolved")
    stages.wrap(resolving.Resolution, "_entries", "of it brought together", parts=True)
    stages.wrap(scoring.Scorer, "__post_init__", "of it planned")
    stages.wrap(scoring.Scorer, "run", "of it trained and scored")
    stages.wrap(persons.Pieces, "persons", "of it persons")
    stages.wrap(store, "write_tables", "index")
    stages.wrap(indexing, "_released", "of it what may leave", parts=True)
    stages.wrap(loading, "validate", "suite")
    stages.wrap(loading, "judgement_for", "judged")
    shutil.rmtree(folder / "home", ignore_errors=True)
    init_home(folder / "home", demo=True)
    office = Session(open_home(folder / "home"))
    watcher = threading.Thread(target=stages.watch, daemon=True)
    watcher.start()
    began = _processor()
    files = sorted((folder / "source").glob("*.parquet"))
    told = registers.load_register(office, "CARPOS", files, lambda _text: None)
    stages.of("all")[0] = _processor() - began
    stages.done.set()
    watcher.join()
    office.close()
    print(f"| {told['entries']:,} entries | CPU s | two quiet cores, s | GiB at most |")
    print("|---|---|---|---|")
    for name, (processor, quiet, gib) in stages.took.items():
        print(f"| {name} | {processor:.1f} | {quiet:.1f} | {gib:.2f} |")


def make(folder: Path, orders: int) -> None:
    """The files of a register."""
    from synthetic.registers.system import make_system

    last = time.localtime().tm_year - 1
    make_system("CARPOS", folder, records=orders, seed=5, first_year=last - 9, last_year=last)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()

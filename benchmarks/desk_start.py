"""How long the desk takes to start and to show its first page, and its memory after every page: ``python benchmarks/desk_start.py HOME``."""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.desk import PROGRAM, Served

ROUNDS = 5


def resident(process: int) -> int:
    """MiB of a process, the code of its libraries included."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) >> 10


def main(home: str) -> None:
    """Start it some times; then look at two pages of each route."""
    starts: list[float] = []
    firsts: list[float] = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        served = Served(Path(home), PROGRAM)
        starts.append(time.perf_counter() - began)
        visitor = served.visitor()
        began = time.perf_counter()
        visitor.send("GET", "/")
        firsts.append(time.perf_counter() - began)
        if number == ROUNDS - 1:
            before, pages = resident(served.pid), len(list(visitor.every_page(each=2)))
            print(f"{before} MiB at the start, {resident(served.pid)} after {pages} pages")
        served.end()
    print(f"start {statistics.median(starts):.2f} s, first page {statistics.median(firsts):.3f} s")


if __name__ == "__main__":
    main(sys.argv[1])

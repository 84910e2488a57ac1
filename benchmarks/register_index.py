"""A release of 1,000 cohort rows with a register's index and without: seconds, processor, memory and stages.

    python benchmarks/register_index.py [--orders 600000,3000000] [--cohort 1000] [--data DIR]

600,000 orders have 1.5 million entries, 3 million 7.6 million. Both runs are commands without Prefect, up to the approval, of one home
and one cohort; without the index its manifest does not name it. Links must be the same. Made with the parts of `size.py`.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import size

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    """A register and two releases for each size."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--orders", default="600000")
    ask.add_argument("--cohort", type=int, default=1_000)
    ask.add_argument("--data", type=Path, help="where everything goes; kept afterwards")
    given = ask.parse_args()
    folder = given.data or Path(tempfile.mkdtemp(prefix="register-index-"))
    try:
        print("| orders | index | seconds | processor s | peak GiB | stages (s) |", flush=True)
        print("|---|---|---|---|---|---|", flush=True)
        for orders in map(int, given.orders.split(",")):
            compare(folder / str(orders), orders, given.cohort)
    finally:
        if given.data is None:
            shutil.rmtree(folder, ignore_errors=True)


def compare(folder: Path, orders: int, rows: int) -> None:
    """One release with the index, one without."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    os.environ |= {"TMPDIR": str(folder / "tmp"), "DOJ_RELEASE_HOME": str(folder / "home")}
    if not (folder / "home").exists():
        size.made("register", folder, orders)
    cohort = folder / f"cohort-{rows}.csv"
    if not cohort.exists():
        size.made("make-cohort", folder, cohort, rows)
    project = size.project(folder, rows)
    size.timed(folder, "cohort", "add", project, str(cohort))
    size.confirm(folder / "home", project)
    [manifest] = (folder / "home" / "register" / "CARPOS").glob("*/manifest.json")
    kept, links = manifest.read_text(), []
    for named in (True, False):
        if not named:
            body = json.loads(kept)
            del body["index"]
            manifest.write_text(json.dumps(body))
        try:
            ask = ["run", project, "--kind", "identified", "--doubtful", "exclude"]
            spent = size.timed(folder, *ask, "--no-orchestrator", allowed=7)
        finally:
            manifest.write_text(kept)
        run = max((folder / "home" / "runs").glob("*/stages"), key=lambda p: p.stat().st_mtime)
        stages = size.stages(run)
        links.append(json.loads((run.parent / "match" / "LINKS.json").read_text()))
        print(
            f"| {orders:,} | {'yes' if named else 'no'} | {spent.seconds:.1f} | {spent.processor:.1f} | {spent.gib:.2f} | {stages} |",
            flush=True,
        )
    for report in links:
        del report["seconds"]
    assert links[0] == links[1], "the index changes a link"


if __name__ == "__main__":
    main()

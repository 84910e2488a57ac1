"""Loading a register by size: a first load, and a month's load against it with full files and as a delta.

    python benchmarks/loading.py [--orders 400000,1200000,3000000] [--data DIR]

Made-up registers of CARPOS (2.5 entries an order). A month changes the names of one entry in a thousand and ends as many orders'
firearm records. Each load is a command of its own; memory is that of all its processes together, at its largest.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from watched import timed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.deployment.init import init_home

BIN = Path(sys.executable).parent / "doj-release"
_EACH = 1_000  # of so many entries one changes in a month


def main() -> None:
    """Make, load and change a register for each size."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--orders", default="400000,1200000,3000000")
    ask.add_argument("--data", type=Path, help="where everything goes; kept afterwards")
    given = ask.parse_args()
    folder = given.data or Path(tempfile.mkdtemp(prefix="loading-"))
    print("| orders | load | seconds | processor s | peak GiB | resolved of entries |")
    print("|---|---|---|---|---|---|", flush=True)
    try:
        for orders in map(int, given.orders.split(",")):
            _size(folder / str(orders), orders)
    finally:
        if given.data is None:
            shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path, orders: int) -> None:
    if not (folder / "month").exists():
        subprocess.run([sys.executable, __file__, "--make", str(folder), str(orders)], check=True)
    shutil.rmtree(folder / "home", ignore_errors=True)
    init_home(folder / "home", demo=True)
    whole, month, delta = (
        sorted((folder / name).glob("*.parquet")) for name in ("whole", "month", "delta")
    )
    command, first = [str(BIN), "--json", "--home", str(folder / "home"), "register", "load"], ""
    for name, files in (("first", whole), ("month, full files", month), ("month, delta", delta)):
        more = ["--against", first] if first else []
        more += ["--delta"] if files is delta else []
        run = timed([*command, "CARPOS", *map(str, files), *more])
        told = json.loads(run.output)
        first = first or told["snapshot"]
        print(
            f"| {orders:,} | {name} | {run.seconds:.0f} | {run.cpu:.0f} | {run.gib:.2f} |"
            f" {told.get('resolved') or told['entries']:,} of {told['entries']:,} |",
            flush=True,
        )


def make(folder: Path, orders: int) -> None:
    """A register, the same a month later, and what changed alone."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from matching.arrow import pc
    from synthetic.registers.system import make_system

    year = time.localtime().tm_year - 1
    make_system(
        "CARPOS", folder / "whole", records=orders, seed=5, first_year=year - 9, last_year=year
    )
    for name in ("month", "delta"):
        (folder / name).mkdir()
        (folder / name / "SYNTHETIC").touch()
    for path in sorted((folder / "whole").glob("*.parquet")):
        (folder / "month" / path.name).hardlink_to(path)
    names = pq.read_table(folder / "whole" / "person_name.parquet")
    chosen = np.arange(0, names.num_rows, _EACH)
    at = names.schema.get_field_index("last")
    mask = np.zeros(names.num_rows, np.bool_)
    mask[chosen] = True
    last = pc.if_else(pa.array(mask), "Quimby", names["last"])
    month = names.set_column(at, "last", last.cast(names.schema.field(at).type))
    _put(month, folder / "month" / "person_name.parquet")
    _put(month.take(pa.array(chosen)), folder / "delta" / "person_name.parquet")
    arms = pq.read_table(folder / "whole" / "firearm.parquet")
    stay = np.ones(arms.num_rows, np.bool_)
    stay[::_EACH] = False
    _put(arms.filter(pa.array(stay)), folder / "month" / "firearm.parquet")
    gone = arms.filter(pa.array(~stay)).select(["firearm_id"])
    _put(gone, folder / "delta" / "deleted_firearm.parquet")


def _put(table: object, path: Path) -> None:
    import pyarrow.parquet as pq

    path.unlink(missing_ok=True)
    pq.write_table(table, path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()

"""Speed, memory and accuracy of the linkage, beside Splink 5 (`make peers`) on the same tables.

    python benchmarks/linkage.py [--records 1000000] [--cohort 100000] [--runs 3] [--wide] [--jobs link,resolve]
    python benchmarks/linkage.py --jobs steps --records 10000000 --steps 1000000,3000000 [--data FOLDER]
    python benchmarks/linkage.py --jobs steps --steps 1,10,200

``link`` makes a register and a cohort with known truth, then runs `doj-release tools match` and
`splink_peer.py` in turn, each as its own process from file to file, start-up included: seconds and
processor seconds (medians), the memory of all its processes added up (PSS, sampled), precision, recall and F1 of the links
and with the pairs to review settled by the truth. ``resolve`` resolves the register within itself.
``steps`` runs growing parts of one cohort against one register, with the memory of all processes and what a row costs in each
shard, which must stay flat (`match` itself, from file to file, with a clock around each shard); with a few rows it shows what a
small cohort costs, nearly all of it for the register's own reading and counting.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from watched import Run, timed

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
PEER = HERE.parent / ".venv-peers" / "bin" / "python"
_ROWS = 500_000  # of a row group of the tables made here
_PART = 1_000_000  # cohort rows that are made up at a time


MADE = f"""
import sys, pyarrow as pa, pyarrow.parquet as pq
from tests.two_tables import make_linkage
folder, records, cohort, noise, seed = sys.argv[1], *map(int, sys.argv[2:4]), sys.argv[4], int(sys.argv[5])
first = min(cohort, {_PART})
members, table, truth = make_linkage(records, first, seed, noise=noise)
for name, made in (("records", table), ("truth", truth)):
    pq.write_table(made, f"{{folder}}/{{name}}.parquet", row_group_size={_ROWS})
del table, truth
with pq.ParquetWriter(f"{{folder}}/cohort.parquet", members.schema) as out:
    out.write_table(members, row_group_size={_ROWS})
    for start in range(first, cohort, {_PART}):
        rows = min({_PART}, cohort - start)
        part = make_linkage(1, rows, seed + start, noise=noise, share_in_records=0.0)[0]
        ids = pa.array([f"C{{n:08d}}" for n in range(start + 1, start + rows + 1)])
        out.write_table(part.set_column(0, "cohort_id", ids), row_group_size={_ROWS})
"""


def make(folder: Path, records: int, cohort: int, noise: str, seed: int) -> None:
    """Write the tables, in a process of its own so that its memory goes back.

    Half of the first million rows of a cohort have a record; what is beyond are strangers, made up in parts.
    """
    command = [sys.executable, "-c", MADE, str(folder), str(records), str(cohort), noise, str(seed)]
    subprocess.run(command, check=True, cwd=HERE.parent)


def ours(folder: Path, cohort: str = "cohort") -> Run:
    return timed(
        [
            str(BIN / "doj-release"), "--json", "match", str(folder / f"{cohort}.parquet"),
            str(folder / "records.parquet"), "--out", str(folder / "LINKS.parquet"),
        ]
    )  # fmt: skip


def splink(folder: Path, *, wide: bool) -> Run:
    files = [str(folder / f"{name}.parquet") for name in ("cohort", "records", "SPLINK")]
    more = ["--wide"] if wide else []
    return timed([str(PEER), str(HERE / "splink_peer.py"), *files, *more])


def keys(table: pa.Table, cohort: pa.Array, records: pa.Array) -> np.ndarray:
    """Pairs as whole numbers."""
    a = pc.index_in(table["cohort_id"].cast(pa.string()), cohort).to_numpy().astype(np.int64)
    b = pc.index_in(table["record_id"].cast(pa.string()), records).to_numpy().astype(np.int64)
    return a << 32 | b


def scores(folder: Path, name: str) -> dict[str, float]:
    """Precision, recall and F1 of the links, and F1 with the pairs to review settled by the truth."""
    cohort = pq.read_table(folder / "cohort.parquet", columns=["cohort_id"])[0].combine_chunks()
    ids = pq.read_table(folder / "records.parquet", columns=["record_id"])[0]
    records = ids.combine_chunks().cast(pa.string())
    true = keys(pq.read_table(folder / "truth.parquet"), cohort, records)
    found = pq.read_table(folder / name)
    pairs, right = keys(found, cohort, records), None
    linked = np.ones(len(pairs), np.bool_)
    if "decision" in found.column_names:
        linked = pc.equal(found["decision"], "link").to_numpy()
    right = np.isin(pairs, true)
    sure, settled = int((right & linked).sum()), int(right.sum())
    links, doubt = int(linked.sum()), int((~linked).sum())
    return {
        "P": sure / max(links, 1),
        "R": sure / len(true),
        "F1": 2 * sure / (links + len(true)),
        "settled": 2 * settled / (links + settled - sure + len(true)),
        "review": doubt / max(links, 1),
    }


def link(args: argparse.Namespace, folder: Path) -> None:
    wide = " (wide blocking)" if args.wide else ""
    head = f"{args.records:,} records x {args.cohort:,} cohort rows, noise {args.noise}"
    print(f"\n{head}, median of {args.runs} alternating runs{wide}\n")
    print(
        "| | s | CPU s | peak GiB | P | R | F1 | F1 settled | review | pairs looked at (Splink: kept) |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    runs: dict[str, list[Run]] = {"doj-release": []}
    if PEER.exists():
        runs["Splink 5.0.0"] = []
    for _ in range(args.runs):
        for name, done in runs.items():
            done.append(ours(folder) if name == "doj-release" else splink(folder, wide=args.wide))
    middle = {n: statistics.median(r.seconds for r in done) for n, done in runs.items()}
    busy = {n: statistics.median(r.cpu for r in done) for n, done in runs.items()}
    for name, done in runs.items():
        mine = name == "doj-release"
        s = scores(folder, "LINKS.parquet" if mine else "SPLINK.parquet")
        pairs = json.loads((folder / "LINKS.json").read_text())["pairs"] if mine else None
        pairs = pairs if mine else json.loads(done[-1].output.splitlines()[-1])["pairs"]
        print(
            f"| {name} | {middle[name]:.1f} | {busy[name]:.1f} | {max(r.gib for r in done):.2f}"
            f" | {s['P']:.4f} | {s['R']:.4f} | {s['F1']:.4f} | {s['settled']:.4f}"
            f" | {s['review']:.1%} | {pairs:,} |"
        )
    if len(runs) == 2:
        a, b = "Splink 5.0.0", "doj-release"
        print(f"\nratio: {middle[a] / middle[b]:.1f} x by the clock, {busy[a] / busy[b]:.1f} x CPU")
    else:
        print("\nSplink is not here (`make peers`): no ratio.")
    print("stages:", json.loads((folder / "LINKS.json").read_text())["seconds"])


def resolve(args: argparse.Namespace, folder: Path) -> None:
    code = (
        "import sys, json, pyarrow.parquet as pq; from matching.persons import resolve\n"
        "index = resolve(pq.read_table(sys.argv[1]))\n"
        "print(json.dumps([len(index[n].unique()) for n in ('identity', 'identity_lower')]))\n"
    )
    runs = [
        timed([sys.executable, "-W", "ignore", "-c", code, str(folder / "records.parquet")])
        for _ in range(args.runs)
    ]
    persons, lower = json.loads(runs[-1].output.splitlines()[-1])
    print(f"\n{args.records:,} entries resolved to persons, median of {args.runs} runs\n")
    print("| s | CPU s | peak GiB | persons | at the lower bound |\n|---|---|---|---|---|")
    print(
        f"| {statistics.median(r.seconds for r in runs):.1f}"
        f" | {statistics.median(r.cpu for r in runs):.1f} | {max(r.gib for r in runs):.2f}"
        f" | {persons:,} | {lower:,} |"
    )


SHARDS = """
import json, sys, time
from pathlib import Path
from matching.linking.files import match_files
spent = []
def timed(plan):
    for number in range(plan.shards):
        begin = time.perf_counter()
        rows = min(plan.shard_rows, plan.encoded.cohort.rows - number * plan.shard_rows)
        worked = plan.work(number)
        spent.append((time.perf_counter() - begin) / rows * 1e6)
        yield worked
cohort, records, out = map(Path, sys.argv[1:])
links = match_files(cohort, records, out, run_shards=timed).report.links
print(json.dumps([links, spent]))
"""


def steps(args: argparse.Namespace, folder: Path) -> None:
    sizes = [int(n) for n in args.steps.split(",")]
    print(f"\n{args.records:,} records, growing parts of one cohort\n")
    print("| cohort rows | s | CPU s | µs per row | in its shards | peak GiB | links |")
    print("|---|---|---|---|---|---|---|")
    whole = pq.ParquetFile(folder / "cohort.parquet")
    for size in sizes:
        left = size
        with pq.ParquetWriter(folder / "part.parquet", whole.schema_arrow) as out:
            for batch in whole.iter_batches(_ROWS):
                out.write_batch(batch.slice(0, left), row_group_size=_ROWS)
                left -= min(left, batch.num_rows)
                if not left:
                    break
        files = [
            str(folder / name) for name in ("part.parquet", "records.parquet", "LINKS.parquet")
        ]
        run = timed([sys.executable, "-c", SHARDS, *files])
        links, shards = json.loads(run.output.splitlines()[-1])
        each = " ".join(f"{spent:.0f}" for spent in shards)
        print(
            f"| {size:,} | {run.seconds:.1f} | {run.cpu:.1f} | {run.seconds / size * 1e6:.1f}"
            f" | {each} | {run.gib:.2f} | {links:,} |",
            flush=True,
        )


JOBS = {"link": link, "resolve": resolve, "steps": steps}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--records", type=int, default=1_000_000)
    ask.add_argument("--cohort", type=int, default=100_000)
    ask.add_argument("--noise", default="medium", choices=["low", "medium", "heavy"])
    ask.add_argument("--runs", type=int, default=3)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--wide", action="store_true", help="Splink with wide blocking rules")
    ask.add_argument("--jobs", default="link,resolve", help="any of link, resolve, steps")
    ask.add_argument("--steps", default="1000000,3000000", help="cohort rows of each step")
    ask.add_argument("--data", type=Path, help="keep the tables here and use them again")
    args = ask.parse_args()
    jobs = args.jobs.split(",")
    if "steps" in jobs:
        args.cohort = max(int(n) for n in args.steps.split(","))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if args.data is not None:
            folder = args.data / f"{args.records}-{args.cohort}-{args.noise}-{args.seed}"
            folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "truth.parquet").exists():
            make(folder, args.records, args.cohort, args.noise, args.seed)
        for job in jobs:
            JOBS[job](args, folder)


if __name__ == "__main__":
    main()

"""What a Dask cluster costs and gains: ``python benchmarks/cluster.py [--records N] [--cohort M] [--machines K] [--only WHAT]``.

First the linkage here and on a local cluster: two worker processes with TLS on the loopback, started for it, on the same
cores, one of them killed after three shards. That shows the way to a cluster at work, and that the links are the same.

Then what K machines would give, by processor seconds: the linkage, the search for rows that are one person, and the
identified extract (without and with a file for a statistics program) worked here, and as a cluster's machines do: handed
over in a folder, one machine's share of the shards (every K-th, what all shards need read once), and what came of them
collected. The other machines' shards are worked, too, and not counted; results are compared. What a machine does at once
with its cores is not in these numbers, nor is the network between the folder and the machines.
"""

import argparse
import os
import resource
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow as pa

from crypto.resting import (
    make_shared_secret,
    read_shared_secret,
    shared_secret,
    staged_batches,
    write_staged,
)
from crypto.secret import StagingKey
from matching.linking.linking import table_source
from matching.options import LinkOptions
from matching.persons import find_duplicates
from pipelines.cluster import dask_backend, kinds, shards
from pipelines.home.settings import Cluster
from tests.two_tables import link, make_linkage
from tests.unit.extracts.making import made_up_checks, made_up_extract

Made = TypeVar("Made")
_ON_RECORD = 0.25  # of the cohort stand on a record
_AT_ONCE = 250_000  # rows of a share at most: the default of cluster.shard_rows


@dataclass
class Spent:
    """Processor seconds of this process, all its threads, by what they were for."""

    by: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, what: str) -> Generator[None]:
        """Add what the block takes."""
        began = _processor()
        yield
        self.by[what] = self.by.get(what, 0.0) + _processor() - began


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def spread(work: kinds.Work[Made], shared: Path, machines: int, spent: Spent) -> list[Made]:
    """A piece of work as a cluster's machines do it, one after the other."""
    folder = shards.new_folder(shared, "benchmark", work.kind)
    folder.mkdir(mode=0o700)
    with spent.on("handing over"):
        key = shards.write_plan(work, folder, read_shared_secret())
        count = 0
        for count, own in enumerate(work.own, start=1):
            shards.write_own(own, folder, count - 1, key)
    spent.by["shards"] = count
    for machine in range(machines):
        with spent.on("one machine" if machine == 0 else "the others"):
            for number in range(machine, count, machines):
                assert "code" not in shards.work_shard(str(folder), number)
    shards.forget_plan(str(folder))
    with spent.on("collecting"):
        made = [work.made(shards.read_shard(folder, number, key)) for number in range(count)]
    shards.wipe_plan(folder)
    return made


def tell(what: str, spent: Spent) -> None:
    """A line of the table."""
    by = spent.by
    own = by["alone"] - by["worked alone"]  # what stays here either way
    then = own + by["handing over"] + by["one machine"] + by["collecting"]
    print(
        f"| {what} | {by['alone']:.1f} | {by['worked alone']:.1f} | {int(by['shards'])} | {by['handing over']:.2f}"
        f" | {by['one machine']:.2f} | {by['collecting']:.2f} | {then:.1f} | {by['alone'] / then:.1f} |",
        flush=True,
    )


def by_shards(what: str, run: Callable[[Any], pa.Table], shared: Path, machines: int) -> None:
    """A search whose shards are of a plan: here, and spread."""
    spent = Spent()

    def here(plan: Any) -> Iterable[Any]:
        with spent.on("worked alone"):
            return [plan.work(number) for number in range(plan.shards)]

    with spent.on("alone"):
        alone = run(here)
    together = run(lambda plan: spread(kinds.linkage_work(plan), shared, machines, spent))
    assert together.equals(alone)
    tell(what, spent)


def by_shares(
    cohort: pa.Table, formats: list[str], shared: Path, machines: int, staged: Path
) -> None:
    """An identified extract from its staged cohort to its staged rows: here, and spread."""
    spent, key = Spent(), StagingKey("benchmark", secrets.token_bytes(32))
    names = [name for name in cohort.column_names if name != "cohort_id"]
    cohort = pa.table({name: cohort[name].cast(pa.string()) for name in names})
    checks = made_up_checks(formats, threads=None, supplied=names)
    begun = [
        made_up_extract(cohort.num_rows, 5, supplied=cohort, linked=_ON_RECORD) for _ in range(2)
    ]
    write_staged(begun[0][1], staged / "supplied.parquet", key)

    def parts(made: Any) -> Iterator[Any]:
        batches = staged_batches(staged / "supplied.parquet", key)
        return made.shares((pa.Table.from_batches([b]) for b in batches), _AT_ONCE)

    def write(looked: Iterable[Any], schema: pa.Schema) -> int:
        batches = (b for part in looked for b in part.rows.combine_chunks().to_batches())
        return write_staged(batches, staged / "extract.parquet", key, schema=schema)

    (alone, _), (again, _) = begun
    with spent.on("alone"):
        rows = write(map(checks.work, parts(alone)), alone.schema)
    spent.by["worked alone"] = spent.by["alone"]
    made = spread(kinds.extract_work(parts(again), checks), shared, machines, spent)
    with spent.on("collecting"):
        assert write(made, again.schema) == rows
    assert alone.counts == again.counts
    tell(f"extract, {' and '.join(formats) or 'Parquet and CSV alone'}", spent)


def share_of_one(asked: argparse.Namespace, mine: pa.Table, theirs: pa.Table) -> None:
    """The table of what K machines would give."""
    print(
        f"\n{asked.cohort:,} rows x {asked.records:,} records, {asked.machines} machines, processor seconds\n\n"
        "| what | here | of it shards | shards | handing over | one machine's share | collecting | then | times |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    with (
        tempfile.TemporaryDirectory(prefix="cluster-") as place,
        _secret(Path(place)) as shared,
    ):
        options = LinkOptions(shard_rows=-(-asked.cohort // asked.shards))
        if "linkage" in asked.only:
            by_shards(
                "linkage",
                lambda run: link(mine, theirs, options, run_shards=run).links,
                shared,
                asked.machines,
            )
        if "search" in asked.only:
            cohort = table_source(mine, "cohort")
            by_shards(
                "rows that are one person",
                lambda run: find_duplicates(cohort, run_shards=run),
                shared,
                asked.machines,
            )
        if "extract" in asked.only:
            for formats in ([], ["stata"]):
                by_shares(mine, formats, shared, asked.machines, Path(place))


@contextmanager
def _secret(place: Path) -> Generator[Path]:
    make_shared_secret(place / "cluster.key")
    os.environ[shared_secret.VARIABLE] = str(place / "cluster.key")
    (place / "shared").mkdir(mode=0o700)
    yield place / "shared"


def at_work(asked: argparse.Namespace, mine: pa.Table, theirs: pa.Table) -> None:
    """The linkage on a local cluster, one worker killed: seconds, bytes, the same links."""
    from tests.rehearsal.cluster import local_cluster

    options = LinkOptions(shard_rows=-(-asked.cohort // asked.shards))
    began = time.perf_counter()
    alone = link(mine, theirs, options)
    print(f"{asked.cohort:,} rows x {asked.records:,} records, {asked.shards} shards")
    print(f"on this machine     {time.perf_counter() - began:6.1f} s")
    with (
        tempfile.TemporaryDirectory(prefix="cluster-") as folder,
        local_cluster(Path(folder)) as local,
    ):
        settings = Cluster.model_validate(local.settings)
        with dask_backend.connected(settings, dask_backend.connect_directly) as connection:
            while dask_backend.count_workers(connection.client) < len(local.workers):
                time.sleep(0.2)
        seen: list[int] = []

        def watch(kill_after: int | None) -> None:
            while not (places := list(local.shared.iterdir())):
                time.sleep(0.01)
            (place,) = places
            while len(list(place.glob("shard-*"))) < (kill_after or 1):
                time.sleep(0.01)
            seen.append(sum(p.stat().st_size for p in place.glob("[!s]*.parquet")))
            if kill_after:
                local.kill_one()

        for what, kill_after in (("two workers", None), ("one of them killed", 3)):
            watcher = threading.Thread(target=watch, args=(kill_after,), daemon=True)
            watcher.start()
            workers = dask_backend.workers_of(settings, "benchmark")
            began = time.perf_counter()
            found = link(mine, theirs, options, run_shards=workers.linkage)
            seconds = time.perf_counter() - began
            watcher.join()
            assert found.links.equals(alone.links)
            print(f"{what:<19} {seconds:6.1f} s, the same links")
        print(f"plan in the shared folder: {seen[0] / 2**20:.1f} MiB, encrypted")


def main() -> int:
    """Print seconds, bytes and whether the links are the same; then the table."""
    given = argparse.ArgumentParser()
    given.add_argument("--records", type=int, default=200_000)
    given.add_argument("--cohort", type=int, default=50_000)
    given.add_argument("--shards", type=int, default=16)
    given.add_argument("--machines", type=int, default=8)
    given.add_argument(
        "--only",
        default="cluster,linkage,search,extract",
        help="what to measure: cluster (at work), and of a machine's share: linkage, search, extract",
    )
    asked = given.parse_args()
    mine, theirs, _ = make_linkage(asked.records, asked.cohort, 20_261_126)
    if "cluster" in asked.only:
        at_work(asked, mine, theirs)
    share_of_one(asked, mine, theirs)
    return 0


if __name__ == "__main__":
    sys.exit(main())

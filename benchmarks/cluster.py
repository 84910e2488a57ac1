"""One linkage here and on a local Dask cluster: ``python benchmarks/cluster.py [--records N] [--cohort M]``.

Two worker processes with TLS on the loopback, started for it, on the same cores: what shows is what the way to
a cluster costs (plan written, read and encrypted, answers), not what more machines gain. The links are
compared byte by byte; one worker is killed after three shards.
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> int:
    """Print seconds, bytes and whether the links are the same."""
    given = argparse.ArgumentParser()
    given.add_argument("--records", type=int, default=200_000)
    given.add_argument("--cohort", type=int, default=50_000)
    given.add_argument("--shards", type=int, default=16)
    asked = given.parse_args()

    from matching.options import LinkOptions
    from pipelines.cluster import dask_backend
    from pipelines.home.settings import Cluster
    from tests.rehearsal.cluster import local_cluster
    from tests.two_tables import link, make_linkage

    mine, theirs, _ = make_linkage(asked.records, asked.cohort, 20_261_126)
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
            spread = dask_backend.spread_over(settings, "benchmark")
            began = time.perf_counter()
            found = link(mine, theirs, options, run_shards=spread)
            seconds = time.perf_counter() - began
            watcher.join()
            assert found.links.equals(alone.links)
            print(f"{what:<19} {seconds:6.1f} s, the same links")
        print(f"plan in the shared folder: {seen[0] / 2**20:.1f} MiB, encrypted")
    return 0


if __name__ == "__main__":
    sys.exit(main())

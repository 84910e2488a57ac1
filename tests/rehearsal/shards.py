"""The cohort's shards on a cluster, one worker killed meanwhile: the same bytes as on one machine."""

import json
import subprocess
import threading
import time
import zipfile
from pathlib import Path

from tests.rehearsal.acts import Rehearsal, step
from tests.rehearsal.cluster import Local, local_cluster

MEMBER = "analyst"
SHARD_ROWS = 8  # of a hundred: thirteen shards


def sharded(on: Rehearsal, project: str, alone: str) -> None:
    """An identified release whose linkage is task runs on two workers; ``alone`` was made without them."""
    with (
        step(
            "Shards as task runs on a Dask cluster with TLS; one worker is killed: the same bytes"
        ),
        local_cluster(
            on.folder / "cluster",
            PREFECT_API_AUTH_STRING=on.server.secret,
            PREFECT_LOGGING_LEVEL="CRITICAL",
        ) as local,
    ):
        told = {name: json.dumps(value) for name, value in local.settings.items()}
        with on.settled("cluster", **told, shard_rows=str(SHARD_ROWS)):
            found = {f["what"]: f for f in on.told("doctor")}
            assert found["cluster's workers"] == {
                "what": "cluster's workers",
                "state": "good",
                "detail": "2",
            }
            order = on.ordered(project, "identified", doubtful="exclude")
            killer = _when_there_are_shards(local, 3)
            run = on.run(order)
            killer.join()
            assert run["state_name"] == "Waiting for approval", run
            assert local.alive == 1
            assert list(local.shared.iterdir()) == []
        shards = _task_runs(on, run["id"])
        assert len(shards) >= 12, shards
        assert set(shards.values()) == {"COMPLETED"}, shards
        on.command("release", "approve", order)
        assert on.state_of(order) == "Released"
        assert _opened(on, project, order) == _opened(on, project, alone)
        for log in (on.folder / "cluster").glob("*.log"):
            assert on.server.secret not in log.read_text("utf-8", "replace")


def _when_there_are_shards(local: Local, count: int) -> threading.Thread:
    def watch() -> None:
        end = time.monotonic() + 240
        while len(list(local.shared.glob("*/shard-*.parquet"))) < count:
            if time.monotonic() > end:
                return
            time.sleep(0.01)
        local.kill_one()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def _task_runs(on: Rehearsal, flow_run: str) -> dict[str, str]:
    """Names and states of the shards' task runs; the last of them may still be on their way."""
    for _ in range(60):
        wanted = {"flow_runs": {"id": {"any_": [flow_run]}}, "limit": 200}
        rows = on.server.ask("task_runs/filter", wanted)
        found = {r["name"]: r["state_type"] for r in rows if r["name"].startswith("shard ")}
        if found and set(found.values()) == {"COMPLETED"}:
            break
        time.sleep(1)
    return found


def _opened(on: Rehearsal, project: str, release: str) -> dict[str, bytes]:
    """The data of a member's package, by stock OpenSSL."""
    package, keys = on.home / "outbox" / project / release / MEMBER, on.home / "demo" / "keys"
    data: dict[str, bytes] = {}
    for part in sorted(package.glob("part-*.zip.cms")):
        out = on.folder / "opened.zip"
        words = ["-in", part, "-recip", keys / f"{MEMBER}.pem", "-inkey", keys / f"{MEMBER}.key"]
        command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", *words, "-out", out]
        subprocess.run([str(w) for w in command], check=True, capture_output=True)
        with zipfile.ZipFile(out) as bag:
            data |= {
                Path(name).name: bag.read(name) for name in bag.namelist() if "/data/" in f"/{name}"
            }
        out.unlink()
    assert data
    return data

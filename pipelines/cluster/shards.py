"""A plan of shards in a folder that machines share, and the work on one of its shards.

The folder has five tables and a file for each finished shard, all encrypted Parquet under the plan's own key,
which lies beside them wrapped (``crypto.resting.shared_secret``). A worker is sent the folder and
a number, and answers counts or a code. Every file says in its encrypted part which one it is.
"""

import contextlib
import functools
import json
import os
import platform
import shutil
import threading
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from crypto import errors, files, process, resting
from crypto.secret import Secret, StagingKey
from errors import CodedError
from matching import scoring
from pipelines.cluster.errors import ShardDoesNotHold, WorkerDiffers
from pipelines.home import Cluster

_NAME, _VERSIONS = b"file", b"versions"
ShardAnswer = dict[str, int | str]  # what a worker answers: counts, or a code
_DECIDE = ("doj-release", "numpy", "pyarrow", "rapidfuzz")


@functools.cache
def software_versions() -> str:
    """Versions of what decides about a weight's last digit, the kind of processor included."""
    found = {name: version(name) for name in _DECIDE}
    return json.dumps(found | {"python": platform.python_version(), "machine": platform.machine()})


def write_plan(plan: scoring.ShardPlan, folder: Path, secret: Secret) -> StagingKey:
    """Write a plan into a new folder; the key of its files.

    Raises:
        FileUnusable, StagingDoesNotHold: it can't be written.
    """
    key = resting.make_work_key(secret, folder)
    for name, table in scoring.plan_tables(plan).items():
        _write(table, folder, name, key)
    return key


def read_shard(folder: Path, number: int, key: StagingKey) -> scoring.Scored:
    """Read a finished shard.

    Raises:
        StagingDoesNotHold, ShardDoesNotHold: changed, or another one.
    """
    return scoring.scored_of(_read(folder, _shard(number), key))


def wipe_plan(folder: Path) -> None:
    """Remove a plan; what a disk still holds of it can't be read without its key."""
    with contextlib.suppress(errors.FileUnusable):
        files.overwrite_and_unlink(folder / resting.WORK_KEY_FILE)
    shutil.rmtree(folder, ignore_errors=True)


def wipe_plans_of(settings: Cluster, release: str) -> int:
    """Wipe what runs of a release left that were killed; for the holder of its lock. How many there were."""
    if not settings.folder:
        return 0
    found = list(Path(settings.folder).glob(f"{release}.*"))
    for folder in found:
        wipe_plan(folder)
    return len(found)


def work_shard(folder: str, number: int) -> ShardAnswer:
    """Work one shard of the plan in a folder, and leave it there; for the workers of a cluster.

    Nothing is raised: an exception would travel with its text and its frames.

    Returns:
        counts, or the code of what went wrong.
    """
    try:
        plan, key = _load(Path(folder))
        scored = plan.work(number)
        _write(scoring.scored_table(scored), Path(folder), _shard(number), key)
    except CodedError as error:
        return {"code": error.code}
    except Exception as error:  # noqa: BLE001  # its text may quote a value
        return {"code": "RUN-05", "type": type(error).__name__}
    return {"kept": len(scored.a), "pairs": scored.pairs}


def forget_plan(folder: str) -> None:
    """Let a worker forget a plan that it has in memory."""
    with _lock:
        if _loaded and _loaded[0][0] == folder:
            _loaded.clear()


def worker_state(folder: str) -> dict[str, object]:
    """What ``doctor`` asks a worker: its versions, the mark of its secret, whether it sees the folder."""
    try:
        found = resting.shared_secret_mark(resting.read_shared_secret())
    except CodedError as error:
        found = error.code
    seen = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    return {"versions": software_versions(), "secret": found, "folder": seen}


# The plan that this process works on, with its folder and key: its tables are read once.
_loaded: list[tuple[str, scoring.ShardPlan, StagingKey]] = []
_lock = threading.Lock()


def _load(folder: Path) -> tuple[scoring.ShardPlan, StagingKey]:
    with _lock:
        if not _loaded or _loaded[0][0] != str(folder):
            _loaded.clear()
            process.harden_process()  # Dask began this one, no command of ours
            key = resting.read_work_key(resting.read_shared_secret(), folder)
            tables = {name: _read(folder, name, key) for name in scoring.TABLES}
            plan = scoring.plan_of(
                tables.__getitem__, threads=1
            )  # a worker's threads have a shard each
            _loaded.append((str(folder), plan, key))
        return _loaded[0][1:]


def _shard(number: int) -> str:
    return f"shard-{number:06d}"


def _write(table: pa.Table, folder: Path, name: str, key: StagingKey) -> None:
    labels = {_NAME: name.encode(), _VERSIONS: software_versions().encode()}
    labelled = table.replace_schema_metadata((table.schema.metadata or {}) | labels)
    resting.write_staged(labelled, folder / f"{name}.parquet", key)


def _read(folder: Path, name: str, key: StagingKey) -> pa.Table:
    table = resting.read_staged(folder / f"{name}.parquet", key)
    labels = table.schema.metadata or {}
    if labels.get(_NAME) != name.encode():  # two files under one key can be exchanged
        raise ShardDoesNotHold
    if labels.get(_VERSIONS) != software_versions().encode():
        raise WorkerDiffers
    return table

"""A piece of work in a folder that machines share, and what is done with one of its shards.

The folder has the tables that every shard needs, those that one needs alone, and a file for each finished shard, all
encrypted Parquet under a key of the folder's own, which lies beside them wrapped (``crypto.resting.shared_secret``). A
worker is sent the folder, whose name says the kind of work, and a number, and answers counts or a code. Every file says
in its encrypted part which one it is.
"""

import contextlib
import functools
import json
import os
import platform
import secrets
import shutil
import threading
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from crypto import errors, files, process, resting
from crypto.secret import Secret, StagingKey
from errors import CodedError
from pipelines.cluster.errors import ShardDoesNotHold, WorkerDiffers
from pipelines.cluster.kinds import KINDS, Made, Work, Worker
from pipelines.home import Cluster

_NAME, _VERSIONS = b"file", b"versions"
_ROWS = 1 << 18  # of a row group
ShardAnswer = dict[str, int | str]  # what a worker answers: counts, or a code
_DECIDE = ("doj-release", "duckdb", "numpy", "pyarrow", "rapidfuzz")


@functools.cache
def software_versions() -> str:
    """Versions of what decides about a weight's last digit and what is found in a text, the kind of processor included."""
    found = {name: version(name) for name in _DECIDE}
    return json.dumps(found | {"python": platform.python_version(), "machine": platform.machine()})


def new_folder(shared: Path, release: str, kind: str) -> Path:
    """Where a piece of work will lie; it is not made."""
    return shared / f"{release}.{kind}.{secrets.token_hex(8)}"


def write_plan(work: Work[Made], folder: Path, secret: Secret) -> StagingKey:
    """Write what all shards need into a new folder; the key of its files.

    Raises:
        FileUnusable, StagingDoesNotHold: it can't be written.
    """
    key = resting.make_work_key(secret, folder)
    for name, table in work.tables.items():
        _write(table, folder, name, key)
    return key


def write_own(tables: Mapping[str, pa.Table], folder: Path, number: int, key: StagingKey) -> None:
    """Write what one shard needs alone.

    Raises:
        FileUnusable, StagingDoesNotHold: it can't be written.
    """
    for name, table in tables.items():
        _write(table, folder, _of_shard(name, number), key)


def read_shard(folder: Path, number: int, key: StagingKey) -> pa.Table:
    """Read what came of a shard.

    Raises:
        StagingDoesNotHold, ShardDoesNotHold: changed, or another one.
    """
    return _read(folder, _of_shard(_SHARD, number), key)


def work_here(folder: Path, number: int, key: StagingKey) -> pa.Table:
    """What comes of a shard on this machine, with whatever it raises."""
    return _worker(folder, key)(number, lambda name: _read(folder, _of_shard(name, number), key))[0]


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
    """Work one shard of what lies in a folder, and leave it there; for the workers of a cluster.

    Nothing is raised: an exception would travel with its text and its frames.

    Returns:
        counts, or the code of what went wrong.
    """
    try:
        place = Path(folder)
        worker, key = _load(place)
        made, counts = worker(number, lambda name: _read(place, _of_shard(name, number), key))
        _write(made, place, _of_shard(_SHARD, number), key)
    except CodedError as error:
        return {"code": error.code}
    except Exception as error:  # noqa: BLE001  # its text may quote a value
        return {"code": "RUN-05", "type": type(error).__name__}
    return {**counts}


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


# What this worker works on, with its folder and key: what all shards need is read once. Dask calls it with a folder and a number
# alone, and hands no object from one call to the next; another folder, or the end of this one, puts it away.
_loaded: list[tuple[str, Worker, StagingKey]] = []
_lock = threading.Lock()


def _load(folder: Path) -> tuple[Worker, StagingKey]:
    with _lock:
        if not _loaded or _loaded[0][0] != str(folder):
            _loaded.clear()
            process.harden_process()  # Dask began this one, no command of ours
            key = resting.read_work_key(resting.read_shared_secret(), folder)
            _loaded.append((str(folder), _worker(folder, key), key))
        return _loaded[0][1:]


def _worker(folder: Path, key: StagingKey) -> Worker:
    """Who works a folder's shards, as its name says; the key is of that name alone."""
    begin = KINDS.get(folder.name.rsplit(".", 2)[-2])
    if begin is None:  # of a version to come
        raise WorkerDiffers
    return begin(lambda name: _read(folder, name, key))


_SHARD = "shard"


def _of_shard(name: str, number: int) -> str:
    return f"{name}-{number:06d}"


def _write(table: pa.Table, folder: Path, name: str, key: StagingKey) -> None:
    labels = {_NAME: name.encode(), _VERSIONS: software_versions().encode()}
    schema = table.schema.with_metadata((table.schema.metadata or {}) | labels)
    # Quick to write and read rather than small: half the time of a staged table, a third more bytes.
    with resting.staged_writer(folder / f"{name}.parquet", schema, key, part=_ROWS) as writer:
        writer.write(table.replace_schema_metadata(schema.metadata))


def _read(folder: Path, name: str, key: StagingKey) -> pa.Table:
    table = resting.read_staged(folder / f"{name}.parquet", key)
    labels = table.schema.metadata or {}
    if labels.get(_NAME) != name.encode():  # two files under one key can be exchanged
        raise ShardDoesNotHold
    if labels.get(_VERSIONS) != software_versions().encode():
        raise WorkerDiffers
    return table

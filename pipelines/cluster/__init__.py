"""Shards of a linkage as work that other machines do."""

from pipelines.cluster.dask_backend import LOOK_SECONDS, Door, Doors, Told, through, way
from pipelines.cluster.errors import (
    ClusterLost,
    ClusterMissing,
    ClusterUnavailable,
    ClusterUnsafe,
    ShardStopped,
    WorkerDiffers,
)
from pipelines.cluster.folder import sweep, wipe
from pipelines.cluster.shards import (
    forget,
    read_shard,
    versions,
    work_shard,
    worker_state,
    write_plan,
)

__all__ = [
    "LOOK_SECONDS",
    "ClusterLost",
    "ClusterMissing",
    "ClusterUnavailable",
    "ClusterUnsafe",
    "Door",
    "Doors",
    "ShardStopped",
    "Told",
    "WorkerDiffers",
    "forget",
    "read_shard",
    "sweep",
    "through",
    "versions",
    "way",
    "wipe",
    "work_shard",
    "worker_state",
    "write_plan",
]

"""Shards of a linkage and shares of an identified extract as work that other machines do.

It writes them into a folder that the machines share, has a Dask cluster work them and reads them back. It knows
no session, order or approval, and sends nobody a row, a key or a path of a person.
"""

from pipelines.cluster.dask_backend import (
    POLL_SECONDS,
    ClusterConnection,
    Connect,
    Workers,
    connect_directly,
    connected,
    unsafe_cluster_settings,
    workers_of,
)
from pipelines.cluster.errors import ClusterLost, ClusterUnavailable, ShardStopped
from pipelines.cluster.shards import (
    ShardAnswer,
    software_versions,
    wipe_plans_of,
    work_shard,
    worker_state,
)

"""What can go wrong where shards are worked by a cluster."""

from errors import CodedError, Exit


class ClusterUnsafe(CodedError, code="CLUSTER-01", exit=Exit.REFUSED):
    cause = "the cluster's settings are incomplete or unsafe"
    cure = "See [cluster] in settings.toml: tls:// address, certificates, a key and a folder that nobody else can read"


class ClusterMissing(CodedError, code="CLUSTER-02", exit=Exit.USAGE):
    cause = "the settings name a cluster, but prefect-dask is not installed"
    cure = "Install doj-release[dask], or empty cluster.scheduler in settings.toml"


class ClusterUnavailable(CodedError, code="CLUSTER-03", exit=Exit.INTERNAL):
    cause = "the cluster does not answer, is not the one of our authority, or has no worker"
    cure = "Start scheduler and workers, see `doj-release doctor`, then --resume: finished stages stay finished"


class ClusterLost(CodedError, code="CLUSTER-04", exit=Exit.INTERNAL):
    cause = "the cluster lost its workers before the shards were finished"
    cure = "See the workers' logs (memory, as a rule), then --resume: finished stages stay finished"


class ShardStopped(CodedError, code="CLUSTER-05", exit=Exit.INTERNAL):
    cause = "a worker stopped at a shard"
    cure = "Look its own code up in docs/errors.md; the worker's machine has the cause"


class ShardDoesNotHold(CodedError, code="CLUSTER-06", exit=Exit.INTEGRITY):
    cause = "a file of the shared folder is not the one that its name says"
    cure = "See who can write to cluster.folder, then run again"


class WorkerDiffers(CodedError, code="CLUSTER-07", exit=Exit.USAGE):
    cause = "a worker has other versions of what decides about a link"
    cure = "Install the same requirements.lock and code on all machines"

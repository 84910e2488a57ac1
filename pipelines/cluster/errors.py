"""What can go wrong where shards are worked by a cluster."""

from errors.coded import CodedError, Exit


class ClusterUnsafe(CodedError):
    """The settings would send work without TLS, or name files that are missing or open to others."""

    code = "CLUSTER-01"
    exit = Exit.REFUSED
    cause = "the cluster's settings are incomplete or unsafe"
    cure = "See [cluster] in settings.toml: tls:// address, certificates, a key and a folder that nobody else can read"


class ClusterMissing(CodedError):
    """The packages of the extra are not installed."""

    code = "CLUSTER-02"
    exit = Exit.USAGE
    cause = "the settings name a cluster, but prefect-dask is not installed"
    cure = "Install doj-release[dask], or empty cluster.scheduler in settings.toml"


class ClusterUnavailable(CodedError):
    """No scheduler that we trust, or no worker."""

    code = "CLUSTER-03"
    exit = Exit.INTERNAL
    cause = "the cluster does not answer, is not the one of our authority, or has no worker"
    cure = "Start scheduler and workers, see `doj-release doctor`, then --resume: finished stages stay finished"


class ClusterLost(CodedError):
    """Workers went away until a shard could not be finished."""

    code = "CLUSTER-04"
    exit = Exit.INTERNAL
    cause = "the cluster lost its workers before the shards were finished"
    cure = "See the workers' logs (memory, as a rule), then --resume: finished stages stay finished"


class ShardStopped(CodedError):
    """A worker could not do its shard; the code is that of its own error."""

    code = "CLUSTER-05"
    exit = Exit.INTERNAL
    cause = "a worker stopped at a shard"
    cure = "Look its own code up in docs/errors.md; the worker's machine has the cause"


class ShardDoesNotHold(CodedError):
    """A shard or a table of the plan is another one than its name says."""

    code = "CLUSTER-06"
    exit = Exit.INTEGRITY
    cause = "a file of the shared folder is not the one that its name says"
    cure = "See who can write to cluster.folder, then run again"


class WorkerDiffers(CodedError):
    """A worker has other versions than the machine that made the plan."""

    code = "CLUSTER-07"
    exit = Exit.USAGE
    cause = "a worker has other versions of what decides about a link"
    cure = "Install the same requirements.lock and code on all machines"

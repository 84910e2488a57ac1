"""What can go wrong where shards are worked by a cluster."""

from errors import CodedError, Exit


class ClusterUnsafe(CodedError, code="CLUSTER-01", exit=Exit.REFUSED): ...


class ClusterMissing(CodedError, code="CLUSTER-02", exit=Exit.USAGE): ...


class ClusterUnavailable(CodedError, code="CLUSTER-03", exit=Exit.INTERNAL): ...


class ClusterLost(CodedError, code="CLUSTER-04", exit=Exit.INTERNAL): ...


class ShardStopped(CodedError, code="CLUSTER-05", exit=Exit.INTERNAL): ...


class ShardDoesNotHold(CodedError, code="CLUSTER-06", exit=Exit.INTEGRITY): ...


class WorkerDiffers(CodedError, code="CLUSTER-07", exit=Exit.USAGE): ...

"""What can go wrong between a release and Prefect: its server, its password file, its flows."""

from errors import CodedError, Exit


class ServerUnavailable(CodedError, code="FLOW-01", exit=Exit.INTERNAL): ...


class FlowFailed(CodedError, code="FLOW-02", exit=Exit.INTERNAL): ...


class NoStandingServer(CodedError, code="FLOW-04", exit=Exit.USAGE): ...


class WorkerEnded(CodedError, code="FLOW-05", exit=Exit.INTERNAL): ...


class ServerOpen(CodedError, code="FLOW-07", exit=Exit.REFUSED): ...


class AuthFileUnsafe(CodedError, code="HOME-09", exit=Exit.REFUSED): ...

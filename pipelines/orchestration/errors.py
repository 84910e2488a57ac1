"""What can go wrong between a release and Prefect: its server, its password file, its flows."""

from errors import CodedError, Exit


class ServerUnavailable(CodedError, code="FLOW-01", exit=Exit.INTERNAL): ...


class FlowFailed(CodedError, code="FLOW-02", exit=Exit.INTERNAL): ...


class AuthFileUnsafe(CodedError, code="HOME-09", exit=Exit.REFUSED): ...

"""What can go wrong between a release and Prefect: its server, its password file, its flows."""

from errors import CodedError, Exit


class ServerUnavailable(CodedError, code="FLOW-01", exit=Exit.INTERNAL):
    cause = "the Prefect server did not answer"
    cure = "Check the server and orchestration.api_url in settings.toml, or run the same stages with --no-orchestrator"


class FlowFailed(CodedError, code="FLOW-02", exit=Exit.INTERNAL):
    cause = "the flow ended without a result"
    cure = "See the local log of the home, then resume the release"


class AuthFileUnsafe(CodedError, code="HOME-09", exit=Exit.REFUSED):
    cause = "the file of the Prefect server's password is open to others, or is not name:password"
    cure = "chmod 600 it; settings.toml names it (orchestration.auth_file)"

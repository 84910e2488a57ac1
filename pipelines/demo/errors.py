"""What can stop the demonstration."""

from errors import CodedError, Exit


class OpensslMissing(CodedError, code="DEMO-01", exit=Exit.INTERNAL):
    cause = "the openssl program is missing, or refused to open the package"
    cure = "Install OpenSSL 3.0 or newer; recipients need it too"


class DemoStopped(CodedError, code="DEMO-02", exit=Exit.INTERNAL):
    cause = "a release of the demonstration stopped early"
    cure = "See `doj-release release list` on the demo home, and its logs"

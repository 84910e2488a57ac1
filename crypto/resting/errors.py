"""What can be wrong with the secret that machines share."""

from errors.coded import CodedError, Exit


class SharedSecretUnusable(CodedError):
    """The file of the secret that machines share is not named, not there, open to others, or no secret."""

    code = "CRYPTO-37"
    exit = Exit.REFUSED
    cause = "the file of the cluster's secret is missing, open to others, or holds no 256 bits"
    cure = "Make one with `doj-release keys cluster FILE`, give each machine a copy (chmod 600), and name it in DOJ_RELEASE_CLUSTER_KEY_FILE"

"""Every way in which a PKCS#11 token can fail to sign."""

from errors.coded import CodedError, Exit


class TokenLibraryMissing(CodedError):
    """The package that speaks PKCS#11 is not installed."""

    code = "CRYPTO-17"
    exit = Exit.USAGE
    cause = "the signing key is in a PKCS#11 token and the package that speaks to it is missing"
    cure = "Install the extra `pkcs11`"


class TokenUnusable(CodedError):
    """The token's library, the token or the key is not there, or does not sign."""

    code = "CRYPTO-18"
    exit = Exit.INTEGRITY
    cause = "the PKCS#11 token with the signing key can't be used"
    cure = "Check the library's path and the labels of token and key; is the token plugged in?"


class PinWrong(CodedError):
    """The token's PIN is wrong, locked, or its file can't be read."""

    code = "CRYPTO-19"
    exit = Exit.INTEGRITY
    cause = "the token does not accept the PIN, or the PIN's file can't be read"
    cure = "Check the file that DOJ_RELEASE_PIN_FILE names; a token locks after a few wrong PINs"

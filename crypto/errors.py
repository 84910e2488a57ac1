"""Every way in which sealing, signing, verifying and keeping keys can fail: one class per cause.

Integrity failures (a key, signature, hash or file that does not hold) exit with 5; outside input
that can't be read at all exits with 6; a wrong request exits with 2.
"""

from errors import CodedError, Exit


class NotACertificate(CodedError, code="CRYPTO-01", exit=Exit.INPUT): ...


class WeakKey(CodedError, code="CRYPTO-02", exit=Exit.INTEGRITY): ...


class WrongCurve(CodedError, code="CRYPTO-03", exit=Exit.INTEGRITY): ...


class CertificateExpired(CodedError, code="CRYPTO-04", exit=Exit.INTEGRITY): ...


class WrongCertificateUse(CodedError, code="CRYPTO-05", exit=Exit.INTEGRITY): ...


class RecipientsWrong(CodedError, code="CRYPTO-06", exit=Exit.USAGE): ...


class PartTooLarge(CodedError, code="CRYPTO-07", exit=Exit.USAGE): ...


class PartNameUnusable(CodedError, code="CRYPTO-08", exit=Exit.USAGE):
    """A file name that would not survive the list of hashes or another operating system."""


class SourceChanged(CodedError, code="CRYPTO-09", exit=Exit.INTEGRITY): ...


class PackageExists(CodedError, code="CRYPTO-10", exit=Exit.USAGE): ...


class FileUnusable(CodedError, code="CRYPTO-11", exit=Exit.INPUT): ...


class SignerKeyMismatch(CodedError, code="CRYPTO-12", exit=Exit.INTEGRITY): ...


class PrivateKeyUnusable(CodedError, code="CRYPTO-13", exit=Exit.INPUT): ...


class PassphraseMissing(CodedError, code="CRYPTO-14", exit=Exit.INTEGRITY): ...


class PassphraseWrong(CodedError, code="CRYPTO-15", exit=Exit.INTEGRITY): ...


class PassphraseTooShort(CodedError, code="CRYPTO-16", exit=Exit.USAGE): ...


class TokenLibraryMissing(CodedError, code="CRYPTO-17", exit=Exit.USAGE): ...


class TokenUnusable(CodedError, code="CRYPTO-18", exit=Exit.INTEGRITY): ...


class PinWrong(CodedError, code="CRYPTO-19", exit=Exit.INTEGRITY): ...


class PackageUnreadable(CodedError, code="CRYPTO-20", exit=Exit.INTEGRITY): ...


class SignatureUnreadable(CodedError, code="CRYPTO-21", exit=Exit.INTEGRITY): ...


class SignerUnknown(CodedError, code="CRYPTO-22", exit=Exit.INTEGRITY): ...


class SignatureDoesNotHold(CodedError, code="CRYPTO-23", exit=Exit.INTEGRITY): ...


class PartMissing(CodedError, code="CRYPTO-24", exit=Exit.INTEGRITY): ...


class PartUnexpected(CodedError, code="CRYPTO-25", exit=Exit.INTEGRITY): ...


class HashDoesNotHold(CodedError, code="CRYPTO-26", exit=Exit.INTEGRITY): ...


class StagingKeyMissing(CodedError, code="CRYPTO-30", exit=Exit.INTEGRITY): ...


class KeyFileDamaged(CodedError, code="CRYPTO-31", exit=Exit.INTEGRITY):
    """A wrapped key's file does not unwrap under its own name."""


class KeyringMissing(CodedError, code="CRYPTO-32", exit=Exit.INTEGRITY): ...


class KeyringExists(CodedError, code="CRYPTO-33", exit=Exit.USAGE): ...


class KeyNameUnusable(CodedError, code="CRYPTO-34", exit=Exit.USAGE): ...


class StagingDoesNotHold(CodedError, code="CRYPTO-35", exit=Exit.INTEGRITY): ...


class DocumentDoesNotHold(CodedError, code="CRYPTO-36", exit=Exit.INTEGRITY): ...


class SharedSecretUnusable(CodedError, code="CRYPTO-37", exit=Exit.REFUSED): ...


class FipsRequired(CodedError, code="CRYPTO-40", exit=Exit.REFUSED): ...

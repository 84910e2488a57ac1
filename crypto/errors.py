"""Every way in which sealing, signing, verifying and keeping keys can fail: one class per cause.

Integrity failures (a key, signature, hash or file that does not hold) exit with 5; outside input
that can't be read at all exits with 6; a wrong request exits with 2.
"""

from errors import CodedError, Exit


class NotACertificate(CodedError, code="CRYPTO-01", exit=Exit.INPUT):
    cause = "the file is neither an X.509 certificate nor a public key"
    cure = "Give one certificate or one public key, PEM or DER, and no private key"


class WeakKey(CodedError, code="CRYPTO-02", exit=Exit.INTEGRITY):
    cause = "the key is too weak or of a kind that is not accepted"
    cure = "Use RSA of 3072 to 16384 bits with exponent 65537, or EC P-384"


class WrongCurve(CodedError, code="CRYPTO-03", exit=Exit.INTEGRITY):
    cause = "the EC key is not on the curve P-384"
    cure = "Use EC P-384, or RSA of 3072 bits or more"


class CertificateExpired(CodedError, code="CRYPTO-04", exit=Exit.INTEGRITY):
    cause = "the certificate is not valid on this day"
    cure = "Ask its holder for a certificate in force, and register and confirm that one"


class WrongCertificateUse(CodedError, code="CRYPTO-05", exit=Exit.INTEGRITY):
    cause = "the certificate's key usage does not allow this use"
    cure = "Use keyEncipherment (RSA) or keyAgreement (EC) to receive, digitalSignature to sign"


class RecipientsWrong(CodedError, code="CRYPTO-06", exit=Exit.USAGE):
    cause = "the list of recipients can't be used"
    cure = "Name between 1 and 64 recipients, each once"


class PartTooLarge(CodedError, code="CRYPTO-07", exit=Exit.USAGE):
    cause = "one file is larger than 256 MiB, more than stock OpenSSL can be trusted to open"
    cure = "Split it into parts of at most 256 MiB"


class PartNameUnusable(CodedError, code="CRYPTO-08", exit=Exit.USAGE):
    """A file name that would not survive the list of hashes or another operating system."""

    cause = "a file's name can't be used in a package, or two names are alike"
    cure = "Use letters, digits, dot, hyphen, underscore and space, each name once"


class SourceChanged(CodedError, code="CRYPTO-09", exit=Exit.INTEGRITY):
    cause = "a file changed its size while it was sealed"
    cure = "Seal it again when nobody writes to it"


class PackageExists(CodedError, code="CRYPTO-10", exit=Exit.USAGE):
    cause = "the package's directory exists already"
    cure = "Give a directory that does not exist; a package is never written over"


class FileUnusable(CodedError, code="CRYPTO-11", exit=Exit.INPUT):
    cause = "a file can't be read or written"
    cure = "Check that it is there, is a regular file, and that the disk has room"


class SignerKeyMismatch(CodedError, code="CRYPTO-12", exit=Exit.INTEGRITY):
    cause = "the signing key does not belong to the signing certificate"
    cure = "Give the key and the certificate of the same signer"


class PrivateKeyUnusable(CodedError, code="CRYPTO-13", exit=Exit.INPUT):
    cause = "the private key's file can't be read"
    cure = "Give an unencrypted or PKCS#8-encrypted private key in PEM"


class PassphraseMissing(CodedError, code="CRYPTO-14", exit=Exit.INTEGRITY):
    cause = "the keys need a passphrase and none was given"
    cure = "Point DOJ_RELEASE_PASSPHRASE_FILE at a file that holds it"


class PassphraseWrong(CodedError, code="CRYPTO-15", exit=Exit.INTEGRITY):
    cause = "the passphrase does not open the keys"
    cure = "Check which passphrase belongs to this home"


class PassphraseTooShort(CodedError, code="CRYPTO-16", exit=Exit.USAGE):
    cause = "the passphrase is too short"
    cure = "Use eight characters or more; four random words are better"


class TokenLibraryMissing(CodedError, code="CRYPTO-17", exit=Exit.USAGE):
    cause = "the signing key is in a PKCS#11 token and the package that speaks to it is missing"
    cure = "Install the extra `pkcs11`"


class TokenUnusable(CodedError, code="CRYPTO-18", exit=Exit.INTEGRITY):
    cause = "the PKCS#11 token with the signing key can't be used"
    cure = "Check the labels of token and key, and the library's path, where only root may write; is the token plugged in?"


class PinWrong(CodedError, code="CRYPTO-19", exit=Exit.INTEGRITY):
    cause = "the token does not accept the PIN, or the PIN's file can't be read"
    cure = "Check the file that DOJ_RELEASE_PIN_FILE names; a token locks after a few wrong PINs"


class PackageUnreadable(CodedError, code="CRYPTO-20", exit=Exit.INTEGRITY):
    cause = "the package has no well-formed SHA256SUMS"
    cure = "Don't open it; ask for it again"


class SignatureUnreadable(CodedError, code="CRYPTO-21", exit=Exit.INTEGRITY):
    cause = "the signature is missing or malformed"
    cure = "Don't open the package; ask for it again"


class SignerUnknown(CodedError, code="CRYPTO-22", exit=Exit.INTEGRITY):
    cause = "the package was not signed by the signer that you trust"
    cure = "Don't open it; compare the certificate's fingerprint with the approval letter's"


class SignatureDoesNotHold(CodedError, code="CRYPTO-23", exit=Exit.INTEGRITY):
    cause = "the signature does not hold"
    cure = "Don't open the package; ask for it again"


class PartMissing(CodedError, code="CRYPTO-24", exit=Exit.INTEGRITY):
    cause = "a file on the signed list is missing"
    cure = "Don't open the package; ask for it again"


class PartUnexpected(CodedError, code="CRYPTO-25", exit=Exit.INTEGRITY):
    cause = "the package holds something that is not on the signed list"
    cure = "Don't open it; ask for it again"


class HashDoesNotHold(CodedError, code="CRYPTO-26", exit=Exit.INTEGRITY):
    cause = "a file differs from its signed hash"
    cure = "Don't open the package; ask for it again"


class StagingKeyMissing(CodedError, code="CRYPTO-30", exit=Exit.INTEGRITY):
    cause = "a key that should be in the keyring is missing"
    cure = "Restore it from the backup; if it was forgotten on purpose, its data is gone for good"


class KeyFileDamaged(CodedError, code="CRYPTO-31", exit=Exit.INTEGRITY):
    """A wrapped key's file does not unwrap under its own name."""

    cause = "a key's file is damaged or belongs to another place"
    cure = "Restore the keyring from the backup"


class KeyringMissing(CodedError, code="CRYPTO-32", exit=Exit.INTEGRITY):
    cause = "this home has no keyring, or it is incomplete"
    cure = "Make a home with init, or restore its keys from the backup"


class KeyringExists(CodedError, code="CRYPTO-33", exit=Exit.USAGE):
    cause = "a keyring exists here already"
    cure = "Use it, or choose another home"


class KeyNameUnusable(CodedError, code="CRYPTO-34", exit=Exit.USAGE):
    cause = "an id can't name a key"
    cure = "Use letters, digits, dot, hyphen and underscore, at most 100"


class StagingDoesNotHold(CodedError, code="CRYPTO-35", exit=Exit.INTEGRITY):
    cause = "a staged file can't be read or written under its key"
    cure = "Run the stage again; if it stays, check disk and keyring"


class DocumentDoesNotHold(CodedError, code="CRYPTO-36", exit=Exit.INTEGRITY):
    cause = "an encrypted document does not hold: changed, cut short, or under another key"
    cure = "Restore the document from the backup, or ask for it again"


class SharedSecretUnusable(CodedError, code="CRYPTO-37", exit=Exit.REFUSED):
    cause = "the file of the cluster's secret is missing, open to others, or holds no 256 bits"
    cure = "Make one with `doj-release keys cluster FILE`, give each machine a copy (chmod 600), and name it in DOJ_RELEASE_CLUSTER_KEY_FILE"


class FipsRequired(CodedError, code="CRYPTO-40", exit=Exit.REFUSED):
    cause = "policy requires FIPS mode and the cryptographic module is not in it"
    cure = "Name the OpenSSL configuration of a FIPS provider, where only root may write, in DOJ_RELEASE_FIPS_CONF, or change the policy"

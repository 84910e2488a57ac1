"""CMS as it leaves the Department: recipients, sealing, signatures and the certificates that both rest on."""

from crypto.cms.certificates import check_validity, make_recipient, read_identity, self_signed
from crypto.cms.recipients import Recipient
from crypto.cms.seal import MAX_PLAINTEXT, check_recipients, seal_stream
from crypto.cms.signing import (
    LONGEST_SIGNATURE,
    SIGNER_DAYS,
    FileSigner,
    KeySigner,
    Signer,
    certificate_fingerprint,
    make_signing_identity,
    public_key_fingerprint,
    verify_detached,
)

__all__ = [
    "LONGEST_SIGNATURE",
    "MAX_PLAINTEXT",
    "SIGNER_DAYS",
    "FileSigner",
    "KeySigner",
    "Recipient",
    "Signer",
    "certificate_fingerprint",
    "check_recipients",
    "check_validity",
    "make_recipient",
    "make_signing_identity",
    "public_key_fingerprint",
    "read_identity",
    "seal_stream",
    "self_signed",
    "verify_detached",
]

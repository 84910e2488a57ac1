"""CMS as it leaves the Department: recipients, sealing, signatures, and the certificates that both rest on.

It knows RFC 5652, 5083 and 5280 as far as they are needed, and one suite of algorithms. It opens nothing, builds no
chain of certificates but a time-stamping authority's, and knows no package, keyring or token.
"""

from crypto.cms.certificates import (
    check_validity,
    digest,
    make_recipient,
    read_identity,
    self_signed,
)
from crypto.cms.recipients import Recipient
from crypto.cms.seal import MAX_PLAINTEXT, check_recipients, seal_stream
from crypto.cms.signing import (
    LONGEST_SIGNATURE,
    SIGNER_DAYS,
    FileSigner,
    Signer,
    certificate_fingerprint,
    make_signing_identity,
    public_key_fingerprint,
    verify_detached,
)
from crypto.cms.timestamps import Timestamp, check_timestamp, timestamp_request, token_of

"""The keyring of a home: every secret at rest, wrapped, and the Department's signing keys over time.

It opens with a passphrase, gives one key per project, run, snapshot or document, and says what ``doctor`` asks
of a machine and a keyring. It makes no missing key anew, and hands out no private key.
"""

from crypto.keyring.health import certificate_end, crypto_findings
from crypto.keyring.keyring import ESCROW, Keyring
from crypto.keyring.signers import (
    PIN_VARIABLE,
    accepted_certificates,
    revoke_signer,
    revoked_certificates,
)

"""The Department's and the recipients' keys, as persons change them, and what they sign: packages, checkpoints.

It knows certificates, fingerprints and the events that a change of a key is. It never sees what a package holds, and never gives
a private key out.
"""

from pipelines.keys.keys import (
    add_recipient,
    change_passphrase,
    confirm_recipient,
    plain_fingerprint,
    revoke_recipient,
    revoke_signing_key,
    rotate_signing_key,
    signing_keys,
)
from pipelines.keys.ledger import checkpoint, export_ledger, verify_ledger
from pipelines.keys.sealing import read_file, seal_files, verify_directory

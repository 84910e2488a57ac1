"""The Department's and the recipients' keys, as persons change them, and what they sign."""

from pipelines.keys.ledger import checkpoint, export_ledger, verify_ledger
from pipelines.keys.recipients import add_recipient, confirm_recipient, revoke_recipient
from pipelines.keys.sealing import read_file, seal_files, verify_directory
from pipelines.keys.signing_keys import change_passphrase, overview, revoke, rotate

__all__ = [
    "add_recipient",
    "change_passphrase",
    "checkpoint",
    "confirm_recipient",
    "export_ledger",
    "overview",
    "read_file",
    "revoke",
    "revoke_recipient",
    "rotate",
    "seal_files",
    "verify_directory",
    "verify_ledger",
]

"""How files rest: staged tables, documents and the keys that they rest under."""

from crypto.resting import document, shared_key, staging, wrapping
from crypto.resting.document import decrypt_bytes, encrypt_bytes
from crypto.resting.staging import attach, open_writer, read_parquet, scan, write_parquet

__all__ = [
    "attach",
    "decrypt_bytes",
    "document",
    "encrypt_bytes",
    "open_writer",
    "read_parquet",
    "scan",
    "shared_key",
    "staging",
    "wrapping",
    "write_parquet",
]

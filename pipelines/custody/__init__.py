"""What the Department keeps of a release: shown, given out, recalled, destroyed."""

from pipelines.custody.accountability import record_event, write_certificate
from pipelines.custody.custody import (
    destroy_release,
    details,
    hand_over,
    receipt,
    receipt_code,
    wipe_staging,
    withdraw_release,
)
from pipelines.custody.documents import papers_of
from pipelines.custody.escrow import (
    add_certificate,
    allow,
    ask,
    confirm_certificate,
    confirmed_escrow,
    overview,
)
from pipelines.custody.report_files import report_file
from pipelines.custody.retention import clear, enforce, kept

__all__ = [
    "add_certificate",
    "allow",
    "ask",
    "clear",
    "confirm_certificate",
    "confirmed_escrow",
    "destroy_release",
    "details",
    "enforce",
    "hand_over",
    "kept",
    "overview",
    "papers_of",
    "receipt",
    "receipt_code",
    "record_event",
    "report_file",
    "wipe_staging",
    "withdraw_release",
    "write_certificate",
]

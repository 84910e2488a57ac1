"""Custody of releases: ordered, approved by a second person, handed over, received, ended."""

from approvals.custody.accounting import disclosures
from approvals.custody.breaches import individuals_known
from approvals.custody.errors import EscrowChanged, EscrowRefused, PackageDiffers, ReceiptCodeWrong
from approvals.custody.escrow import (
    add_escrow_key,
    allow_escrow_use,
    confirm_escrow_key,
    escrow_state,
    request_escrow_use,
)
from approvals.custody.letters import (
    breach_letter,
    certificate,
    given_packages,
    recall_id,
    recall_letter,
)
from approvals.custody.releases import Releases
from approvals.custody.state import OUT, ReleaseState, Status

__all__ = [
    "OUT",
    "EscrowChanged",
    "EscrowRefused",
    "PackageDiffers",
    "ReceiptCodeWrong",
    "ReleaseState",
    "Releases",
    "Status",
    "add_escrow_key",
    "allow_escrow_use",
    "breach_letter",
    "certificate",
    "confirm_escrow_key",
    "disclosures",
    "escrow_state",
    "given_packages",
    "individuals_known",
    "recall_id",
    "recall_letter",
    "request_escrow_use",
]

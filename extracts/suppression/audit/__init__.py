"""The attacker: least and largest values of hidden cells from what is published and nothing else."""

from extracts.suppression.audit.auditing import AuditReport, Fall, Offer, audit_table
from extracts.suppression.audit.proofs import Hint, Place

__all__ = ["AuditReport", "Fall", "Hint", "Offer", "Place", "audit_table"]

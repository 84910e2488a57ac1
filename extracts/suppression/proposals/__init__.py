"""Coarser versions of a table that is mostly hidden."""

from extracts.suppression.proposals.coarser import MOSTLY, Outlook, outlook
from extracts.suppression.proposals.proposing import proposals_for, write_heat_map

__all__ = ["MOSTLY", "Outlook", "outlook", "proposals_for", "write_heat_map"]

"""The independent audit: what an attacker can prove of hidden cells from published tables alone.

It never sees a true value but as a hint, which it checks, and shares no equation, bound or solver
set-up with the suppressor: both know `published` and nothing else of each other.
"""

from extracts.suppression.audit.auditing import AuditReport, Bounds, Fall, HintCheck, audit_table
from extracts.suppression.audit.contributors import Alone
from extracts.suppression.audit.feasibility import Hint, Place
from extracts.suppression.audit.knowledge import Knowledge, gather

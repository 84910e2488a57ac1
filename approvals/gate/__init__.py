"""The gate: may this be released, on this day? It answers with every reason at once.

It knows the rules of the project, its documents and its people, and records attempts that were refused.
It never changes a project, and never lets something pass because the evidence for it is missing.
"""

from approvals.gate.attempts import (
    UNKNOWN_ACTOR,
    is_refused_attempt,
    record_attempt,
    refused_attempts,
)
from approvals.gate.gate import RULES, ask_some, check
from approvals.gate.model import GatePolicy, ReleaseRequest, Verdict
from approvals.gate.people_rules import people_of

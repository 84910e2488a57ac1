"""The gate: may this be released, on this day? It answers with every reason at once."""

from approvals.gate.errors import GateRefused
from approvals.gate.gate import RULES, check
from approvals.gate.model import GatePolicy, ReleaseRequest, Verdict
from approvals.gate.people_rules import people_of

__all__ = ["RULES", "GatePolicy", "GateRefused", "ReleaseRequest", "Verdict", "check", "people_of"]

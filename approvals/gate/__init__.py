"""The gate: may this be released, on this day? It answers with every reason at once."""

from approvals.gate.errors import GateRefused
from approvals.gate.gate import Ask, GatePolicy, Verdict, check, rows
from approvals.gate.people import people_of

__all__ = ["Ask", "GatePolicy", "GateRefused", "Verdict", "check", "people_of", "rows"]

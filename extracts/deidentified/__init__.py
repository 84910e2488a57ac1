"""De-identified extracts: generalised, made less rare, measured."""

from extracts.deidentified import deidentified, local_suppression, population, risk
from extracts.deidentified.deidentified import DeidentifiedSpec
from extracts.deidentified.local_suppression import suppress_locally
from extracts.deidentified.proposals import LEVELS, level_columns, propose, replaced
from extracts.deidentified.risk import RiskLimit, RiskReport, risk_report

__all__ = [
    "LEVELS",
    "DeidentifiedSpec",
    "RiskLimit",
    "RiskReport",
    "deidentified",
    "level_columns",
    "local_suppression",
    "population",
    "propose",
    "replaced",
    "risk",
    "risk_report",
    "suppress_locally",
]

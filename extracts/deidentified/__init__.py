"""De-identified extracts: generalised, made less rare, measured."""

from extracts.deidentified.deidentified import DeidentifiedSpec, build_deidentified, count_records
from extracts.deidentified.local_suppression import suppress_locally
from extracts.deidentified.population import register_tallies
from extracts.deidentified.proposals import LEVELS, level_columns, propose, replaced
from extracts.deidentified.risk import RiskLimit, RiskReport, risk_report

__all__ = [
    "LEVELS",
    "DeidentifiedSpec",
    "RiskLimit",
    "RiskReport",
    "build_deidentified",
    "count_records",
    "level_columns",
    "propose",
    "register_tallies",
    "replaced",
    "risk_report",
    "suppress_locally",
]

"""De-identified extracts: one row for each person and record, generalised and measured.

The room knows the risk that somebody is singled out, local suppression, what became of each column's values, and proposals of
coarser rows. It never shows an identifier, or a date that the system's file does not let out.
"""

from extracts.deidentified.attack import Attack
from extracts.deidentified.counted import Counted, count_values, rounded
from extracts.deidentified.defence import Defended, defend, lost_by_group, measure, treat
from extracts.deidentified.extract import build_deidentified, count_records
from extracts.deidentified.less_rare import (
    LEVELS,
    level_columns,
    propose,
    replaced,
    suppress_locally,
)
from extracts.deidentified.risk import RiskLimit, RiskReport, risk_report

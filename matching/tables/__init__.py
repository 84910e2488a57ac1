"""What a table must have before it is linked: standard columns and ids."""

from matching.tables.checks import check_cohort, check_common, check_ids, check_records, check_texts
from matching.tables.columns import IDENTIFYING, IDS, STANDARD, ColumnMap, Side

__all__ = [
    "IDENTIFYING",
    "IDS",
    "STANDARD",
    "ColumnMap",
    "Side",
    "check_cohort",
    "check_common",
    "check_ids",
    "check_records",
    "check_texts",
]

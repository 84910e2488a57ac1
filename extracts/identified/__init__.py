"""Identified extracts: the cohort's own rows with order data beside them."""

from extracts.identified.candidates import pairs_in_scope, records_in_scope
from extracts.identified.cohort_rows import CohortRows
from extracts.identified.identified import (
    Extract,
    IdentifiedSpec,
    begin_identified,
    build_identified,
)

__all__ = [
    "CohortRows",
    "Extract",
    "IdentifiedSpec",
    "begin_identified",
    "build_identified",
    "pairs_in_scope",
    "records_in_scope",
]

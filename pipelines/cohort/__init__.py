"""A researcher's cohort: read, checked, registered with its project and kept encrypted."""

from pipelines.cohort import reading, registry, stored
from pipelines.cohort.errors import CohortTooLong
from pipelines.cohort.registry import register
from pipelines.cohort.stored import StoredCohort
from pipelines.cohort.unusable_rows import unusable_rows

__all__ = [
    "CohortTooLong",
    "StoredCohort",
    "reading",
    "register",
    "registry",
    "stored",
    "unusable_rows",
]

"""A researcher's cohort: read, checked, registered with its project and stored encrypted until its retention ends.

It knows files, columns and rows of cohorts. It never links them, and never changes a value that the researcher wrote.
"""

from pipelines.cohort.errors import CohortTooLong
from pipelines.cohort.reading import unusable_rows
from pipelines.cohort.registry import (
    StoredCohort,
    cohort_key,
    destroy_cohort,
    lesson_path,
    open_remaining,
    open_stored,
    overlap,
    register_cohort,
    unregistered,
    usable_cohort_digest,
)

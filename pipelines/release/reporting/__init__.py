"""The validation report of a release, from what the stages recorded.

It says counts, verdicts, sections of law and drift, in the Department's edition and the recipient's. It never holds a person's value,
and never decides whether the release may leave.
"""

from pipelines.release.reporting.by_kind import keep_explanation
from pipelines.release.reporting.charts import county_charts
from pipelines.release.reporting.drift import DriftComparison, compare_drift, keep_profile
from pipelines.release.reporting.linkage import keep_linkage
from pipelines.release.reporting.report import report_model

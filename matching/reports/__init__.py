"""What a linkage did, in numbers and on a page; counts and weights, never values."""

from matching.reports.quality import GROUPED, rates_by_group, rule_contributions, weight_histogram
from matching.reports.quality_html import quality_page
from matching.reports.report import (
    LinkReport,
    Rate,
    class_sizes,
    expected_rate,
    flattened,
    library_versions,
    model_parameters,
    rules_json,
    threshold_curve,
)

__all__ = [
    "GROUPED",
    "LinkReport",
    "Rate",
    "class_sizes",
    "expected_rate",
    "flattened",
    "library_versions",
    "model_parameters",
    "quality_page",
    "rates_by_group",
    "rule_contributions",
    "rules_json",
    "threshold_curve",
    "weight_histogram",
]

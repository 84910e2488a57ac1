"""What a linkage did, in numbers and on a page: counts, rates and weights.

It never shows a value of any person, nor a count below ten on the page.
"""

from matching.reports.page import quality_page
from matching.reports.report import (
    GROUPED,
    LinkReport,
    Rate,
    class_sizes,
    expected_rate,
    flattened,
    library_versions,
    model_parameters,
    rates_by_group,
    rule_contributions,
    rules_json,
    threshold_curve,
    weight_histogram,
)

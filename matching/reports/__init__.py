"""What a linkage did, in numbers and on a page: counts, rates and weights.

It never shows a value of any person, nor a count below ten on the page.
"""

from matching.reports.page import quality_page
from matching.reports.report import GROUPED, LinkReport, Rate, link_report
from matching.reports.settled import rates_after_review

"""What a linkage did, in numbers and on a page; counts and weights, never values."""

from matching.reports import quality, report
from matching.reports.quality import GROUPED
from matching.reports.quality_html import quality_page
from matching.reports.report import LinkReport, Rate

__all__ = ["GROUPED", "LinkReport", "Rate", "quality", "quality_page", "report"]

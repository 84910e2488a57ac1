"""A cohort against records, from two tables or files to decided links."""

from matching.linking.files import Explanation, MatchOutcome, match_files
from matching.linking.linking import link_sources
from matching.linking.sources import Source, of_parts, of_table

__all__ = [
    "Explanation",
    "MatchOutcome",
    "Source",
    "link_sources",
    "match_files",
    "of_parts",
    "of_table",
]

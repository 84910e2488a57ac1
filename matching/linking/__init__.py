"""A cohort against records, from two tables or files to decided links."""

from matching.linking.files import Explanation, MatchOutcome, match_files
from matching.linking.linking import link_sources
from matching.linking.sources import Source, parts_source, table_source

__all__ = [
    "Explanation",
    "MatchOutcome",
    "Source",
    "link_sources",
    "match_files",
    "parts_source",
    "table_source",
]

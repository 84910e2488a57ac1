"""A cohort against records, from two tables or files to decided links, with the report and the explanation of a pair.

It puts the other sub-rooms together and holds no rule of theirs; it writes only where its caller says.
"""

from matching.linking.files import Explanation, MatchOutcome, match_files
from matching.linking.linking import (
    Source,
    link_sources,
    parts_source,
    stored_source,
    table_source,
)

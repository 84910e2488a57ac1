"""A cohort against records, from two tables or files to decided links, with the report and the explanation of pairs.

It puts the other sub-rooms together and holds no rule of theirs; it writes only where its caller says.
"""

from matching.linking.explaining import Explainer, Explanation
from matching.linking.files import MatchOutcome, match_files
from matching.linking.linking import (
    LinkResult,
    Source,
    link_sources,
    parts_source,
    stored_source,
    table_source,
)
from matching.linking.waterfalls import WeighedPair, drawn_pairs, weights_page

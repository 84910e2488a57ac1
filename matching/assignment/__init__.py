"""From weighed pairs to decided links: who is one identity, rivals share it, near-ties go to review.

It knows odds and rows, never the values that they came from, and settles no near-tie silently.
"""

from matching.assignment.assignment import (
    COLUMNS,
    DECISIONS,
    LINK,
    NOTHING,
    REVIEW,
    SURE,
    Assignment,
    Links,
    assign,
    decide,
    list_links,
)
from matching.assignment.identities import (
    VETO,
    Edges,
    among_candidates,
    components,
    edges_of,
    persons,
)

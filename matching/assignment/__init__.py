"""From weighed pairs to decided links: rivals share an identity, near-ties go to review."""

from matching.assignment.assignment import (
    DECISIONS,
    LINK,
    NOTHING,
    REVIEW,
    Assignment,
    assign,
    decide,
)
from matching.assignment.identities import Edges, among_candidates, components, edges_of, persons
from matching.assignment.links import COLUMNS, Links, list_links

__all__ = [
    "COLUMNS",
    "DECISIONS",
    "LINK",
    "NOTHING",
    "REVIEW",
    "Assignment",
    "Edges",
    "Links",
    "among_candidates",
    "assign",
    "components",
    "decide",
    "edges_of",
    "list_links",
    "persons",
]

"""From weighed pairs to decided links: rivals share an identity, near-ties go to review."""

from matching.assignment.assignment import (
    COLUMNS,
    DECISIONS,
    LINK,
    NOTHING,
    REVIEW,
    Assignment,
    Links,
    assign,
    decide,
    list_links,
)
from matching.assignment.identities import Edges, among_candidates, components, edges_of, persons

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

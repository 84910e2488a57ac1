"""From weighed pairs to decided links: rivals share an identity, near-ties go to review."""

from matching.assignment.assignment import (
    DECISIONS,
    LINK,
    NOTHING,
    REVIEW,
    Competition,
    compete,
    decide,
)
from matching.assignment.identities import Edges, among_candidates, components, edges_of, persons
from matching.assignment.links import COLUMNS, Links, listed

__all__ = [
    "COLUMNS",
    "DECISIONS",
    "LINK",
    "NOTHING",
    "REVIEW",
    "Competition",
    "Edges",
    "Links",
    "among_candidates",
    "compete",
    "components",
    "decide",
    "edges_of",
    "listed",
    "persons",
]

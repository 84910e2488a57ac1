"""From weighed pairs to decided links: rivals share an identity, near-ties go to review."""

from matching.assignment.assignment import Competition, compete
from matching.assignment.clustering import components, persons
from matching.assignment.deciding import DECISIONS, LINK, NOTHING, REVIEW, decide
from matching.assignment.grouping import Edges, among_candidates, edges_of
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

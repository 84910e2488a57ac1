"""From weighed pairs to decided links: rivals share an identity, near-ties go to review."""

from matching.assignment import deciding
from matching.assignment.assignment import Competition, compete
from matching.assignment.clustering import components, persons
from matching.assignment.grouping import Edges, among_candidates, edges_of
from matching.assignment.links import COLUMNS, Links, listed

__all__ = [
    "COLUMNS",
    "Competition",
    "Edges",
    "Links",
    "among_candidates",
    "compete",
    "components",
    "deciding",
    "edges_of",
    "listed",
    "persons",
]

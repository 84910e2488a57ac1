"""Which pairs are worth comparing: rules as data, a plan under a budget, candidates each once."""

from matching.blocking.candidates import Blocks, Pairs, plan
from matching.blocking.pair_filter import Screen
from matching.blocking.planning import CHUNK, Planned, RuleCount, among
from matching.blocking.rules import RULES, Parts

__all__ = [
    "CHUNK",
    "RULES",
    "Blocks",
    "Pairs",
    "Parts",
    "Planned",
    "RuleCount",
    "Screen",
    "among",
    "plan",
]

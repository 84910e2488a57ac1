"""Which pairs are worth comparing: rules as data, a plan under a budget, candidates each once.

A filter drops candidates that can't matter by bounds of their weight. It never decides: no pair that the full comparison
would keep is thrown away.
"""

from matching.blocking.candidates import Blocks, Pairs, plan
from matching.blocking.pair_filter import PairFilter
from matching.blocking.planning import CHUNK, Planned, RuleCount, among_hashes
from matching.blocking.rules import RULES, Parts, rules_of

"""A mapping: how the tables of an export or a database become those of a system, said in one TOML file of a home.

It renames, translates, joins and puts together, in SQL over batches, and counts whatever it can't make fit. What a value of
ours must be is the description's to say; whether the mapping is in force, the home's.
"""

from systems.mapping.model import RegisterMapping, read_mapping
from systems.mapping.proposing import Proposal, propose
from systems.mapping.supply import MappedSupply

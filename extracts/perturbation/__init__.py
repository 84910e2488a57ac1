"""Perturbation: tables in which every count carries noise, in place of tables in which some are hidden.

The room knows two methods, random rounding and the cell key method: what a count may become and how likely, the noise of
a cell from the keys of its records, and what an attacker who knows all but the keys can prove. It reads no register,
never sees the secret behind the keys, and knows nothing of releases.
"""

from extracts.perturbation.attacker import Attacked, Proven, attack
from extracts.perturbation.noise import PERTURBED, Method, Noise
from extracts.perturbation.tables import KeyMaker, Keys, perturb

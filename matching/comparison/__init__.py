"""Fields and their levels: a pair of rows becomes one small integer per field.

It knows how alike two values are, and never how likely they are one person's: no probabilities here.
"""

from matching.comparison.fields import FIELDS, NAMES, level, shipped_prior
from matching.comparison.levels import (
    CLOSE,
    SIMILAR,
    Comparer,
    compare_pairs,
    level_in,
    pack,
    unpack,
)
from matching.comparison.numbers import (
    birth_levels,
    gaps,
    nibble_levels,
    nibbles,
    number_levels,
    ssn_levels,
)
from matching.comparison.texts import Columns, Packed, Words
from matching.comparison.together import (
    Levels,
    are,
    number_agrees,
    one_birth,
    one_home,
    one_surname,
    other_surname,
)

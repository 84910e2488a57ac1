"""The inner loops of a linkage in C, where they could be compiled; elsewhere numpy does the same.

The library is made when the product is installed (``hatch_build.py``). Without a compiler nothing is missing but
speed: ``compiled()`` is None, and whoever would call it works on whole arrays, to the same links
(``test_native.py``). What is here passes arrays to C and takes arrays back; it knows nothing of rules, weights or people.
"""

from matching.native.library import (
    LIBRARY_FILE,
    NameLists,
    PairsOut,
    Pointers,
    address,
    candidate_pairs,
    comparable_names,
    compiled,
    connected_components,
    favourite_odds,
    find_dummies,
    in_order,
    number_texts,
    number_values,
    perhaps_shared,
    propagate_beliefs,
    read_digits,
    read_houses,
    read_iso_dates,
    read_licences,
    renumber,
    sound_keys,
)

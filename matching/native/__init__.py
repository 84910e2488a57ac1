"""The inner loops of a linkage in C, where they could be compiled; elsewhere numpy does the same.

``pairs.c`` joins a chunk of records with the indexed rows of the cohort, makes each pair once and glances at
it (``glance.h``); ``keys.c`` makes the keys that are joined and counts what each bucket of them holds; ``levels.c`` compares
all fields of a pair; ``weighing.c`` adds what frequencies say. They are compiled when the product is installed
(``hatch_build.py``); without a compiler nothing is missing but speed: ``library.LIBRARY`` is None, and
``joining``, ``screening``, ``levels`` and ``weighing`` work on whole arrays, to the same links (``test_native.py``).
"""

from matching.native import graphs, library, names, propagation, texts

__all__ = ["graphs", "library", "names", "propagation", "texts"]

"""Work on whole arrays: joins by hash, numbering, sets, all cores, seconds by stage.

It knows nothing of people, texts or probabilities, and never looks at what a number means.
"""

from matching.arrays.joining import (
    Index,
    bits_for,
    buckets,
    extend_hash,
    finish_hash,
    start_hash,
)
from matching.arrays.numbering import (
    among,
    blank,
    count_distinct,
    first_places,
    in_parts,
    number_ids,
    numbered,
    row_numbers,
    some_numbers,
    within,
)
from matching.arrays.running import MUCH, Clock, gc_paused, give_back, in_threads, prefetch
from matching.arrays.variants import Variants

"""Work on whole arrays that knows nothing of people: joins, sets, ids, both cores."""

from matching.arrays import joining
from matching.arrays.clock import Clock
from matching.arrays.gc_paused import uncollected
from matching.arrays.ids import blank, number_ids
from matching.arrays.integers import among, count_distinct, numbered, some_numbers, within
from matching.arrays.joining import Bools, Hashes, Index, Part, Rows, bits_for, buckets
from matching.arrays.workers import ahead, each

__all__ = [
    "Bools",
    "Clock",
    "Hashes",
    "Index",
    "Part",
    "Rows",
    "ahead",
    "among",
    "bits_for",
    "blank",
    "buckets",
    "count_distinct",
    "each",
    "joining",
    "number_ids",
    "numbered",
    "some_numbers",
    "uncollected",
    "within",
]

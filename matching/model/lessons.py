"""What reviewed pairs teach, without the pairs: how many looked so and were one person, or were two.

Ids, values and weights are not in it; what is left is how values agree, which is personal all the same: it is kept encrypted.
"""

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import numpy as np

from matching.comparison import FIELDS, pack, unpack
from matching.model.model import CLASSES, Reviewed

_OF: Final = {"fields": {f.name: list(f.levels) for f in FIELDS}, "classes": list(CLASSES)}


def lesson_text(reviewed: Reviewed) -> str:
    """Reviewed pairs as JSON, added up by levels and verdict; what frequencies add is the average of those that look so."""
    key, place, pairs = np.unique(
        reviewed.patterns.astype(np.int64) * 2 + reviewed.same,
        return_inverse=True, return_counts=True,
    )  # fmt: skip
    sums = [np.bincount(place, one, len(key)) / pairs for one in reviewed.frequencies]
    levels = np.stack(unpack((key // 2).astype(np.int32)), axis=1)
    rows = [
        {"levels": own, "same": bool(said), "pairs": n, "frequencies": common}
        for own, said, n, common in zip(
            levels.tolist(), key % 2, pairs.tolist(), np.stack(sums, axis=1).tolist(), strict=True
        )
    ]
    return json.dumps({**_OF, "rows": rows})


def read_lessons(texts: Iterable[str]) -> Reviewed | None:
    """Several lessons as one, in their order; None where there is nothing to learn. Those of other fields or levels are left out."""
    read = [json.loads(text) for text in texts]
    same_fields = (one["rows"] for one in read if {name: one[name] for name in _OF} == _OF)
    rows: list[dict[str, Any]] = list(chain.from_iterable(same_fields))
    if not rows:
        return None
    levels = np.array([row["levels"] for row in rows], np.int8).T
    return Reviewed(
        pack(list(levels)),
        np.array([row["frequencies"] for row in rows], np.float64).T,
        np.array([row["same"] for row in rows], np.bool_),
        np.array([row["pairs"] for row in rows], np.int64),
    )

"""``explain``: one pair, field by field. For the Department only: it shows personal values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from matching.arrow import pc
from matching.errors import UnknownPair
from matching.fields import FIELDS
from matching.levels import Comparer
from matching.model import CLASSES, Model, class_log_joint
from matching.normalise.encode import encode

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "first": ("first_name",),
    "last": ("last_name",),
    "sex": ("sex",),
    "middle": ("middle_name",),
    "suffix": ("name_suffix",),
    "birth": ("birth_date",),
    "ssn": ("ssn",),
    "licence": ("driver_license",),
    "phone": ("phone",),
    "street": ("street",),
    "place": ("zip", "city", "county"),
}


@dataclass(frozen=True)
class FieldWeight:
    """One field of a pair: both values, what the comparison made of them, and its weight in bits."""

    field: str
    cohort: str
    record: str
    level: str
    weight: float


@dataclass(frozen=True)
class Explanation:
    """How the weight of one pair came about.

    ``prior`` and the fields' weights (bits) add up to ``against_chance``. ``weight`` is lower where the pair
    also looks like relatives, and differs by the frequency of the shared values; ``rivals`` says how
    likely each class is for this pattern.
    """

    fields: tuple[FieldWeight, ...]
    prior: float
    against_chance: float
    weight: float
    rivals: dict[str, float]

    def as_json(self) -> dict[str, object]:
        """A structure for ``json.dump``. It holds personal values."""
        return asdict(self)


def explain(
    cohort: pa.Table, records: pa.Table, model: Model, cohort_id: str, record_id: str
) -> Explanation:
    """Explain a pair by the model of a linkage; of a record's variants, the best.

    Args:
        cohort: the cohort that was linked.
        records: the records that were linked.
        model: ``LinkResult.model``.
        cohort_id: a row.
        record_id: a record, as text.

    Raises:
        UnknownPair: one of the ids does not exist.
    """
    mine = cohort.filter(pc.equal(pc.cast(cohort["cohort_id"], pa.string()), cohort_id))
    theirs = records.filter(pc.equal(pc.cast(records["record_id"], pa.string()), record_id))
    if not mine.num_rows or not theirs.num_rows:
        raise UnknownPair(cohort_rows=mine.num_rows, record_rows=theirs.num_rows)
    encoded = encode(mine, theirs)
    b = np.arange(theirs.num_rows, dtype=np.int32)
    levels = [x.astype(np.int64) for x in Comparer(encoded).levels(np.zeros_like(b), b)]
    joint = class_log_joint(model, levels)
    odds = joint[0] - np.logaddexp.reduce(joint[1:], axis=0)
    best = int(np.argmax(odds))
    weights = model.weights()
    fields = tuple(
        FieldWeight(
            field.name,
            _shown(mine, 0, field.name),
            _shown(theirs, best, field.name),
            field.levels[int(levels[f][best])],
            round(float(weights[f][levels[f][best]]), 3),
        )
        for f, field in enumerate(FIELDS)
    )
    prior = float(np.log2(model.sizes[0] / model.pairs))
    share = np.exp(joint[:, best] - joint[:, best].max())
    return Explanation(
        fields,
        round(prior, 3),
        round(prior + sum(f.weight for f in fields), 3),
        round(float(odds[best] / np.log(2.0)), 3),
        {name: round(float(p), 6) for name, p in zip(CLASSES, share / share.sum(), strict=True)},
    )


def _shown(table: pa.Table, row: int, field: str) -> str:
    values = [table[c][row].as_py() for c in _SOURCES[field] if c in table.column_names]
    return " · ".join(str(v) for v in values if v is not None)

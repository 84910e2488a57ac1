"""``explain``: one pair, field by field. For the Department only: it shows personal values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import array, pc
from matching.comparison import FIELDS, Comparer
from matching.errors import UnknownPair
from matching.linking.linking import LinkResult
from matching.model import CLASSES, Frequencies, class_log_joint
from matching.normalise import encode

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
    """One field of a pair: both values, what the comparison made of them, and its weight in bits.

    ``frequency`` is what the shared value adds (bits) since it is rarer than the field's values are on
    average, or takes away since it is commoner; nought where the values differ.
    """

    field: str
    cohort: str
    record: str
    level: str
    weight: float
    frequency: float


@dataclass(frozen=True)
class Explanation:
    """How the weight of one pair came about.

    ``prior``, the fields' weights and their frequencies (bits) add up to ``against_chance``. ``weight`` is
    lower where the pair also looks like relatives or namesakes; ``rivals`` says how likely each class is.
    A linked identity bears the weight of the best of its records.
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
    cohort: pa.Table, records: pa.Table, result: LinkResult, cohort_id: str, record_id: str
) -> Explanation:
    """Explain a pair by the model of a linkage; of a record's variants, the best.

    Args:
        cohort: the cohort that was linked, or the row alone.
        records: the records that were linked, or all variants of the record alone.
        result: the linkage.
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
    model, frequencies = result.model, result.frequencies
    joint = class_log_joint(model, levels)
    known = pc.cast(result.pairs.record_ids, pa.string())
    rows = np.flatnonzero(array(pc.equal(known, record_id))).astype(np.int32)
    frequencies.adjust(joint, levels, rows)
    odds = joint[0] - np.logaddexp.reduce(joint[1:], axis=0)
    best = int(np.argmax(odds))
    weights = model.weights()
    own = rows[best : best + 1]
    fields = tuple(
        FieldWeight(
            field.name,
            _shown(mine, 0, field.name),
            _shown(theirs, best, field.name),
            field.levels[int(levels[f][best])],
            round(float(weights[f][levels[f][best]]), 3),
            round(_rise(frequencies, field.name, own) if levels[f][best] == 1 else 0.0, 3),
        )
        for f, field in enumerate(FIELDS)
    )
    prior = float(np.log2(model.sizes[0] / model.pairs))
    share = np.exp(joint[:, best] - joint[:, best].max())
    return Explanation(
        fields,
        round(prior, 3),
        round(prior + sum(f.weight + f.frequency for f in fields), 3),
        round(float(odds[best] / np.log(2.0)), 3),
        {name: round(float(p), 6) for name, p in zip(CLASSES, share / share.sum(), strict=True)},
    )


def _rise(frequencies: Frequencies, field: str, row: npt.NDArray[np.int32]) -> float:
    return float(frequencies.rises(field, row)[0]) / float(np.log(2.0))


def _shown(table: pa.Table, row: int, field: str) -> str:
    values = [table[c][row].as_py() for c in _SOURCES[field] if c in table.column_names]
    return " · ".join(str(v) for v in values if v is not None)

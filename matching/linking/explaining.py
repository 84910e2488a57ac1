"""How the weights of pairs came about, field by field; of a record's variants, the best.

What it takes to explain some pairs later (the model, how common the values of their records are) can be kept without
the rest of the linkage: no value of a person is in it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matching import errors, normalise, own_words
from matching.arrays import number_ids
from matching.arrow import Floats, Ints, Rows, array, column, pc, texts
from matching.comparison import FIELDS, NAMES, Comparer, pack
from matching.linking.linking import LinkResult
from matching.model import CLASSES, Frequencies, Model, Reviewed, class_log_joint
from matching.options import LASTING

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
_BITS = float(np.log(2.0))


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
    """How the weight of one pair came about. It holds personal values.

    ``prior``, the fields' weights and their frequencies (bits) add up to ``against_chance``. ``weight`` is
    lower where the pair also looks like relatives or namesakes; ``rivals`` says how likely each class is.
    A linked identity bears the weight of the best of its records.
    """

    fields: tuple[FieldWeight, ...]
    prior: float
    against_chance: float
    weight: float
    rivals: dict[str, float]


@dataclass(frozen=True)
class Explainer:
    """The model of a linkage, and how common the values of records are.

    Attributes:
        model: what fields were weighed with.
        frequencies: by the rows of ``record_ids``.
        record_ids: id of the record of each row, as given or as text; a record's variants have a row each, in the linkage's order.
        exact: the user's own columns.
        words: nicknames and what stands for nobody.
    """

    model: Model
    frequencies: Frequencies
    record_ids: pa.Array
    exact: tuple[str, ...] = ()
    words: own_words.OwnWords = own_words.NO_WORDS

    @staticmethod
    def of(result: LinkResult) -> "Explainer":
        """Of a linkage, for any of its pairs."""
        ids, words = result.pairs.record_ids, result.words
        return Explainer(result.model, result.frequencies, ids, result.exact, words)

    def kept(self, records: Iterable[str]) -> tuple[str, pa.Table]:
        """What explains the pairs of some records later: the model as JSON, and a row for each variant."""
        few = pc.cast(pa.array(list(records), pa.string()), self.record_ids.type)
        rows = np.flatnonzero(array(pc.is_in(self.record_ids, value_set=few)))
        columns = {name: pa.array(v[rows]) for name, v in self.frequencies.by_row.items()}
        ids = pc.cast(self.record_ids.take(pa.array(rows)), pa.string())
        table = pa.table({"record_id": ids, **columns})
        model = self.model
        numbers = {
            "m": [one.tolist() for one in model.m],
            "u": [one.tolist() for one in model.u],
            "sizes": model.sizes.tolist(),
            "pairs": model.pairs,
            "same_middle": model.same_middle,
        }
        return json.dumps(numbers), table

    @staticmethod
    def read(model: str, rows: pa.Table, words: own_words.OwnWords) -> "Explainer":
        """From what `kept` gave, with the words of the linkage."""
        known = json.loads(model)
        m, u = (tuple(np.array(one) for one in known[name]) for name in ("m", "u"))
        made = Model(m, u, np.array(known["sizes"]), known["pairs"], known["same_middle"])
        columns = (name for name in rows.column_names if name != "record_id")
        by_row = {name: array(rows[name]).astype(np.float32) for name in columns}
        return Explainer(made, Frequencies(by_row), rows["record_id"].combine_chunks(), (), words)

    def pairs(
        self, cohort: pa.Table, records: pa.Table, pairs: Sequence[tuple[str, str]]
    ) -> list[Explanation]:
        """Explain pairs of ids (as text), in their order.

        Args:
            cohort: ``cohort_id`` and standard columns: the cohort that was linked, or these rows alone.
            records: ``record_id`` and standard columns: all variants of the pairs' records, in the linkage's order.
            pairs: (cohort id, record id).

        Raises:
            UnknownPair: one of the ids does not exist.
        """
        if not pairs:
            return []
        c = self._compared(cohort, records, pairs)
        return [
            self._explained(
                c.mine, c.theirs, (int(c.a[i]), int(c.b[i])), [x[i] for x in c.levels], c.joint[:, i], c.common[i : i + 1]
            )
            for i in c.best
        ]  # fmt: skip

    def reviewed(
        self, cohort: pa.Table, records: pa.Table, pairs: Mapping[tuple[str, str], bool]
    ) -> Reviewed:
        """What a model may learn of at least one pair of ids, each with whether it is one person; see `pairs`.

        Raises:
            UnknownPair: one of the ids does not exist.
        """
        c = self._compared(cohort, records, list(pairs))
        levels = [one[c.best] for one in c.levels]
        frequencies = np.zeros((len(CLASSES), len(c.best)))
        self.frequencies.adjust(frequencies, levels, c.common[c.best])
        patterns = pack([one.astype(np.int8) for one in levels])
        return Reviewed(patterns, frequencies, np.array(list(pairs.values()), np.bool_))

    def _compared(
        self, cohort: pa.Table, records: pa.Table, pairs: Sequence[tuple[str, str]]
    ) -> "_Compared":
        mine, row_of = _chosen(cohort, "cohort_id", {one for one, _ in pairs})
        theirs, record_of = _chosen(records, "record_id", {one for _, one in pairs})
        places = [(row_of.get(c, _NONE), record_of.get(r, _NONE)) for c, r in pairs]
        if missing := next((one for one in places if not all(map(len, one))), None):
            raise errors.UnknownPair(cohort_rows=len(missing[0]), record_rows=len(missing[1]))
        encoded = normalise.encode(mine, theirs, None, self.exact, self.words)
        a = np.concatenate([np.repeat(rows, len(others)) for rows, others in places])
        b = np.concatenate([np.tile(others, len(rows)) for rows, others in places])
        levels = [x.astype(np.int64) for x in Comparer(encoded).levels(a, b)]
        joint = class_log_joint(self.model, levels)
        common = self._rows(theirs, {one for _, one in pairs})[b]
        self.frequencies.adjust(joint, levels, common)
        odds = joint[0] - np.logaddexp.reduce(joint[1:], axis=0)
        ends = np.cumsum([len(rows) * len(others) for rows, others in places])
        best = [
            begin + int(np.argmax(odds[begin:end]))
            for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
        ]
        return _Compared(mine, theirs, a, b, levels, joint, common, best)

    def _rows(self, theirs: pa.Table, ids: set[str]) -> Rows:
        """For each row of these records its row of the frequencies: the variants stand in the same order."""
        _, known = _chosen(pa.table({"record_id": self.record_ids}), "record_id", ids, keep=False)
        found = np.zeros(theirs.num_rows, np.int32)
        for one, rows in _chosen(theirs, "record_id", ids, keep=False)[1].items():
            place = np.minimum(np.arange(len(rows)), len(known[one]) - 1)
            found[rows] = known[one][place]
        return found

    def _explained(
        self,
        mine: pa.Table,
        theirs: pa.Table,
        at: tuple[int, int],
        levels: Sequence[int],
        joint: "np.ndarray",
        row: Rows,
    ) -> Explanation:
        weights, own = self.model.weights(), [name.removesuffix(LASTING) for name in self.exact]
        rise = {name: float(self.frequencies.rises(name, row)[0]) / _BITS for name in NAMES}
        fields = tuple(
            FieldWeight(
                ", ".join(own) if field.name == "exact" else field.name,
                _shown(mine, at[0], _SOURCES.get(field.name, own)),
                _shown(theirs, at[1], _SOURCES.get(field.name, own)),
                field.levels[int(level)],
                round(float(weights[f][level]), 3),
                round(rise[field.name] if level == 1 else 0.0, 3),
            )
            for f, (field, level) in enumerate(zip(FIELDS, levels, strict=True))
            if field.name != "exact" or own
        )
        prior = float(np.log2(self.model.sizes[0] / self.model.pairs))
        odds = float(joint[0] - np.logaddexp.reduce(joint[1:])) / _BITS
        share = np.exp(joint - joint.max())
        return Explanation(
            fields,
            round(prior, 3),
            round(prior + sum(f.weight + f.frequency for f in fields), 3),
            round(odds, 3),
            {n: round(float(p), 6) for n, p in zip(CLASSES, share / share.sum(), strict=True)},
        )


@dataclass(frozen=True)
class _Compared:
    """Every variant of some pairs: rows of either side, levels, log joint by class, and rows of the frequencies; ``best`` of each pair."""

    mine: pa.Table
    theirs: pa.Table
    a: Rows
    b: Rows
    levels: list[Ints]
    joint: Floats
    common: Rows
    best: list[int]


_NONE = np.zeros(0, np.int32)


def _chosen(
    table: pa.Table, name: str, ids: set[str], *, keep: bool = True
) -> tuple[pa.Table, dict[str, Rows]]:
    """The rows of some ids, and where each id's rows stand: in what is left, or (not ``keep``) in the whole table."""
    given = pc.cast(table[name], pa.string())
    wanted = pc.is_in(given, value_set=texts(sorted(ids)))
    places = np.flatnonzero(array(wanted)).astype(np.int32)
    left, own = table.take(column(places)), given.take(column(places))
    if not len(places):
        return left, {}
    number, first = number_ids(own)
    shown = np.arange(len(places), dtype=np.int32) if keep else places
    names = own.take(column(first)).to_pylist()
    return left, {one: shown[number == n] for n, one in enumerate(names)}


def _shown(table: pa.Table, row: int, names: Sequence[str]) -> str:
    values = [table[c][row].as_py() for c in names if c in table.column_names]
    return " · ".join(str(v) for v in values if v)

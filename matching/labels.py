"""Labels: pairs that a person has already decided on, to learn from and to keep to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from matching.arrow import Ints, Rows, Small, array, pc
from matching.errors import BadLabels, ContradictoryLabels, StrangeLabels, UnknownVerdict
from matching.review import as_exported

NO_LABEL, DIFFERENT, UNSURE, SAME = 0, 1, 2, 3
_WORDS: Final[Mapping[str, int]] = {
    "same": SAME, "match": SAME,
    "different": DIFFERENT, "no match": DIFFERENT, "non-match": DIFFERENT,
    "unsure": UNSURE,
}  # fmt: skip
_IDS: Final = ("cohort_id", "record_id")
_SHOWN = 1000  # row numbers kept in an error


@dataclass(frozen=True)
class LabelledRows:
    """Labels by the rows of two tables.

    Attributes:
        keys: cohort row and record of each label as one number, ascending.
        verdict: of each.
        record: the record of each record row.
        unknown: labels of which an id is in neither table.
    """

    keys: Ints
    verdict: Small
    record: Rows
    unknown: int

    @property
    def asked(self) -> Rows:
        """The cohort rows that have a label, ascending."""
        return np.unique(self.keys >> 32).astype(np.int32)

    def verdicts(self, a: Rows, b: Rows) -> Small:
        """The verdict of each pair of a cohort row and a record row."""
        keys = a.astype(np.int64) << 32 | self.record[b]
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, self.verdict[place], NO_LABEL).astype(np.int8)

    def count(self, verdict: int) -> int:
        """How many labels say this."""
        return int((self.verdict == verdict).sum())


@dataclass(frozen=True)
class Labels:
    """Ids of pairs, and what was said of each; every pair once."""

    pairs: Mapping[tuple[str, str], int]

    @classmethod
    def read(cls, path: Path, names: tuple[str, str] = _IDS) -> "Labels":
        """Read a table (CSV, Parquet, XLSX) with ``cohort_id``, ``record_id`` and ``decision``; a reviewer's sheet is one.

        Args:
            path: the file.
            names: what the id columns may be called instead.

        Decisions are same or match, different, no match or non-match, and unsure; empty ones are left out.

        Raises:
            BadLabels: a column or every decision is missing.
            UnknownVerdict: another word, such as those of a linkage's own decisions.
            ContradictoryLabels: a pair has two verdicts.
        """
        from systems.tabular import read_table

        table = read_table(path, role="labels", allow_empty=True).table
        columns = [
            own if own in table.column_names else name
            for own, name in zip(_IDS, names, strict=True)
        ]
        if not {*columns, "decision"} <= set(table.column_names):
            raise BadLabels(needed=[*_IDS, "decision"])
        lines = zip(*(table[name].to_pylist() for name in (*columns, "decision")), strict=True)
        pairs: dict[tuple[str, str], int] = {}
        unknown: list[int] = []
        twice: list[int] = []
        for number, (mine, theirs, said) in enumerate(lines, start=1):
            word = " ".join((said or "").lower().replace("_", " ").split())
            if not word:
                continue
            verdict = _WORDS.get(word)
            pair = as_exported(mine or ""), as_exported(theirs or "")
            if verdict is None:
                unknown.append(number)
            elif pairs.setdefault(pair, verdict) != verdict:
                twice.append(number)
        if unknown:
            raise UnknownVerdict(rows=unknown[:_SHOWN])
        if twice:
            raise ContradictoryLabels(rows=twice[:_SHOWN])
        if not pairs:
            raise BadLabels(problem="no pair is decided")
        return cls(pairs)

    def among(
        self, cohort_ids: pa.ChunkedArray, record_ids: pa.ChunkedArray, record: Rows
    ) -> LabelledRows:
        """The labels by rows.

        Args:
            cohort_ids: of the cohort's rows.
            record_ids: of the records' rows.
            record: the number of each record row's record.

        Raises:
            StrangeLabels: no pair is in the two tables.
        """
        rows = _places(cohort_ids, {mine for mine, _ in self.pairs})
        records = _places(record_ids, {theirs for _, theirs in self.pairs})
        found = sorted(
            (rows[mine] << 32 | int(record[records[theirs]]), verdict)
            for (mine, theirs), verdict in self.pairs.items()
            if mine in rows and theirs in records
        )
        if not found:
            raise StrangeLabels(labels=len(self.pairs))
        keys, verdicts = zip(*found, strict=True)
        unknown = len(self.pairs) - len(found)
        return LabelledRows(np.array(keys), np.array(verdicts, np.int8), record, unknown)


def _places(ids: pa.ChunkedArray, wanted: set[str]) -> dict[str, int]:
    """A row of each wanted id that is there."""
    text = pc.cast(ids, pa.string())
    here = np.flatnonzero(array(pc.is_in(text, value_set=pa.array(sorted(wanted), pa.string()))))
    return dict(zip(text.take(pa.array(here)).to_pylist(), here.tolist(), strict=True))

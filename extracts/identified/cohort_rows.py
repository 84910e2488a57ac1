"""Cohort rows with what stands beside them, in parts: memory follows the links and not the cohort."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.errors import ExtractFailed, SuppliedRowsUnsound
from extracts.records import IdMaker, Plan, check_against, sort_keys, with_references
from extracts.records import compute as pc
from systems.database import guarded

Ints = npt.NDArray[np.int64]

PART = 1 << 18  # cohort rows worked at a time
_VERDICTS = ("no", "not_attempted", "yes")
_YES = 2


class CohortRows:
    """An identified extract on its way.

    Args:
        beside: released records of linked rows: ``row_number``, ``record_`` and ``person_`` (register keys)
            and the plan's columns.
        untried: numbers of the rows whose match was not attempted, or is in doubt; ascending.
        supplied: supplied columns to copy.
        plan: the checked plan.
        ids: makes research ids and the order within a row.
        withheld: records of linked rows that are left out.

    Raises:
        IdsCollide: two keys got one id.
    """

    def __init__(
        self,
        beside: pa.Table,
        untried: Ints,
        supplied: tuple[str, ...],
        plan: Plan,
        ids: IdMaker,
        withheld: int,
    ) -> None:
        self.supplied = supplied
        self._plan, self._untried = plan, untried
        beside = _sorted(beside, plan, ids)
        self._numbers: Ints = beside["row_number"].to_numpy()
        self._records: int = pc.count_distinct(beside["record_"]).as_py()
        self._values = pa.table(with_references(beside, plan, ids))
        self._tally = np.zeros(len(_VERDICTS), np.int64)
        self._rows = 0
        self._withheld = withheld

    @property
    def persons(self) -> int:
        """Cohort rows so far."""
        return int(self._tally.sum())

    @property
    def counts(self) -> dict[str, int]:
        """What was matched, released and left out; complete after the last part."""
        no, untried, yes = map(int, self._tally)
        return {
            "cohort_rows": self.persons,
            "matched": yes,
            "not_matched": no,
            "not_attempted": untried,
            "rows": self._rows,
            self._plan.plural: self._records,
            f"{self._plan.plural}_withheld": self._withheld,
        }

    @property
    def schema(self) -> pa.Schema:
        """Of every part."""
        texts = ["row_id", *(f"supplied_{name}" for name in self.supplied), "matched"]
        return pa.schema([(name, pa.string()) for name in texts] + list(self._values.schema))

    def parts(self, supplied: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The rows in their final order.

        Args:
            supplied: ``row_number`` (0 or more), ``row_id`` and the supplied columns, at least one table;
                ``row_number`` ascends throughout.

        Raises:
            SuppliedRowsUnsound: it does not, or a linked row is not there.
            ColumnNotAllowed: a supplied column has no standard name.
            ExtractFailed: Arrow gave up; its own words may quote a value.
        """
        last, done = -1, 0
        for table in supplied:
            for start in range(0, max(table.num_rows, 1), PART):
                part = table.slice(start, PART)
                numbers: Ints = part["row_number"].to_numpy()
                if wrong := int((np.diff(numbers, prepend=last) <= 0).sum()):
                    raise SuppliedRowsUnsound(count=wrong)
                last = int(numbers[-1]) if len(numbers) else last
                upto = int(np.searchsorted(self._numbers, last, "right"))
                with guarded(ExtractFailed, step="cohort rows"):
                    made = self._part(part, numbers, done, upto)
                yield made
                done = upto
        if lost := len(self._numbers) - done:
            raise SuppliedRowsUnsound(count=lost)

    def _part(self, part: pa.Table, numbers: Ints, start: int, stop: int) -> pa.Table:
        mine = self._numbers[start:stop]
        row = np.searchsorted(numbers, mine)
        if lost := int((numbers[row] != mine).sum()):
            raise SuppliedRowsUnsound(count=lost)
        found = np.bincount(row, minlength=len(numbers))
        place = np.repeat(np.arange(len(numbers)), np.maximum(found, 1))
        beside = np.full(len(place), -1)
        beside[found[place] > 0] = np.arange(start, stop)
        verdict = np.where(found > 0, _YES, self._were_untried(numbers))
        self._tally += np.bincount(verdict, minlength=len(_VERDICTS))
        self._rows += len(place)
        at = pa.array(place)
        given = [part[name].cast(pa.string()).take(at) for name in ("row_id", *self.supplied)]
        matched = pa.array(_VERDICTS).take(pa.array(verdict[place]))
        values = self._values.take(pa.array(beside, mask=beside < 0))
        table = pa.Table.from_arrays([*given, matched, *values.columns], schema=self.schema)
        check_against(table, self._plan, self.supplied)
        return table

    def _were_untried(self, numbers: Ints) -> npt.NDArray[np.bool_]:
        if not len(self._untried):
            return np.zeros(len(numbers), np.bool_)
        at = np.searchsorted(self._untried, numbers).clip(max=len(self._untried) - 1)
        return self._untried[at] == numbers


def _sorted(rows: pa.Table, plan: Plan, ids: IdMaker) -> pa.Table:
    """Sort without regard to the register; the key itself decides between equal sort keys."""
    rows = rows.append_column("sort_", sort_keys(rows["record_"], plan.noun, ids))
    by = ("row_number", "sort_", "record_")
    return (
        rows.sort_by([(name, "ascending") for name in by]).drop_columns(["sort_"]).combine_chunks()
    )

"""How many values of each column stayed, were never there, or were emptied: counted over the rows that leave, and nothing else.

A number that anybody can count in the release tells nothing that it does not tell. What a cell was before it was emptied
is counted nowhere here. Quasi-identifiers are emptied class by class, so that each of their numbers stands for ``k``
persons or none; of other columns a number that would stand for fewer than the threshold is left out, and
another with it, so that nobody subtracts. What stands is rounded to the threshold, as the package's other counts are: pages that
state it are read without the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.rows import Plan, emptied_cells
from extracts.rows import compute as pc
from systems.companions import STATUSES

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
EMPTIED_GROUP = "emptied"  # rows whose group is itself not shown


@dataclass(frozen=True)
class Counted:
    """Cells of one column. None stands for a number that is left out.

    Attributes:
        recorded: cells with a value.
        not_recorded: cells without one.
        emptied: cells that were emptied, whether they had one or not.
        coarser: of the emptied, those whose row shows a coarser version of the value.
        generalised: values that stand for a finer one that the register has.
        by_group: column of groups (sex, race) → group → percent of its rows that were emptied, and that show a
            coarser version instead.
    """

    recorded: int | None
    not_recorded: int | None
    emptied: int | None
    coarser: int | None
    generalised: int | None
    by_group: Mapping[str, Mapping[str, tuple[int | None, int | None]]]

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for reports and the data package."""
        groups = {
            by: {g: {"emptied": one, "coarser": other} for g, (one, other) in groups.items()}
            for by, groups in self.by_group.items()
        }
        numbers = {n: getattr(self, n) for n in (*STATUSES, "coarser", "generalised")}
        return {**numbers, "by_group": groups}


def count_values(table: pa.Table, plan: Plan, threshold: int) -> dict[str, Counted]:
    """Count the cells of each column but the references, over rows as they leave.

    ``threshold``: persons that a number must stand for.
    """
    person = table["person_ref"].combine_chunks().dictionary_encode().indices.to_numpy()
    versions = plan.system.rows(plan.kind).versions
    groups = {by: _groups(table, by) for by in plan.groups}
    found: dict[str, Counted] = {}
    for column in plan.columns:
        name = column.name
        if name in plan.references:
            continue
        gone, shown = emptied_cells(table, name), table[name].is_valid().to_numpy()
        instead = np.zeros_like(gone)
        for other in versions(name)[1:]:
            if other in table.column_names:
                instead |= gone & table[other].is_valid().to_numpy()
        parts = _told([shown, ~(shown | gone), gone], person, threshold)
        coarser = _told([instead, gone & ~instead], person, threshold)[0]
        made = parts[0] if column.generalise != "none" or column.attribute else 0
        by_group = {
            by: _shares(gone, instead, of, person, threshold) for by, of in groups.items() if by != name
        }  # fmt: skip
        recorded, absent, taken = parts
        found[name] = Counted(
            recorded, absent, taken, coarser, made, by_group if gone.any() else {}
        )
    return found


def rounded(count: int, persons: int, threshold: int) -> int | None:
    """A number of records that stay out, in steps of the threshold; None where fewer persons stand behind it.

    It can't be counted in the release, and two releases must not tell one record by their difference.
    """
    return _nearest(count, threshold) if persons >= threshold else None


def _nearest(count: int, base: int) -> int:
    return base * ((count + base // 2) // base)


def _groups(table: pa.Table, by: str) -> dict[str, Mask]:
    """Rows of each group that is shown, and of those whose group is emptied."""
    values = sorted(v for v in pc.unique(table[by]).to_pylist() if v is not None)
    found = {str(v): pc.fill_null(pc.equal(table[by], v), False).to_numpy() for v in values}
    gone = emptied_cells(table, by)
    return found | {EMPTIED_GROUP: gone} if gone.any() else found


def _persons(rows: Mask, person: Ints) -> int:
    return int(np.count_nonzero(np.bincount(person[rows])))


def _told(parts: list[Mask], person: Ints, threshold: int) -> list[int | None]:
    """Rows of each part, rounded to the threshold, but for those of too few persons and the smallest other."""
    rows = [int(part.sum()) for part in parts]
    small = {at for at, part in enumerate(parts) if 0 < _persons(part, person) < threshold}
    others = sorted((n, at) for at, n in enumerate(rows) if n and at not in small)
    hidden = small | ({others[0][1]} if len(small) == 1 and others else set[int]())
    return [None if at in hidden else _nearest(n, threshold) for at, n in enumerate(rows)]


def _shares(
    gone: Mask, instead: Mask, groups: Mapping[str, Mask], person: Ints, threshold: int
) -> dict[str, tuple[int | None, int | None]]:
    """Percent of each group's rows that were emptied, and show a coarser version."""

    def share(rows: Mask, group: Mask) -> int | None:
        here, rest = group & rows, group & ~rows
        if None in _told([here, rest], person, threshold):
            return None
        return round(100 * int(here.sum()) / max(1, int(group.sum())))

    return {name: (share(gone, of), share(instead, of)) for name, of in groups.items()}

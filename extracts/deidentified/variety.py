"""What a group of rows that look alike says of a sensitive column: its variety, and how it leans.

l-diversity (Machanavajjhala, Kifer, Gehrke and Venkitasubramaniam 2007): distinct values in a group,
and as many as its entropy is worth; t-closeness (Li, Li and Venkatasubramanian 2007) with equal
distances: half the sum of differences between a group's shares and everybody's. A column that holds
lists (conditions of an order) is judged code by code: the largest difference of one code's share.
That nothing is recorded is a value like any other, but a group of which every cell was emptied says nothing; and where all
values of a group are common ones, few of them are no disclosure (the don't-care set of l-diversity):
whether an order bars from owning arms follows from its type, and everybody with that type has it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


COMMON = 0.2  # share of rows: who guesses such a value of anybody is right once in five times


@dataclass(frozen=True)
class Variety:
    """One column over all groups, by the group's number.

    Attributes:
        distinct: distinct values.
        entropy: e to the entropy: values that as even a group would have.
        distance: from everybody's shares, 0 to 1.
        empty: groups of which every cell was emptied; their other numbers mean nothing.
        common: groups all of whose values are common in the release.
    """

    distinct: Ints
    entropy: Floats
    distance: Floats
    empty: npt.NDArray[np.bool_]
    common: npt.NDArray[np.bool_]

    def worst(self) -> "Worst | None":
        """The worst over all groups; none where no group shows a value."""
        said = ~self.empty
        if not said.any():
            return None
        rare = self.distinct[said & ~self.common]
        return Worst(
            int(self.distinct[said].min()),
            int(rare.min()) if rare.size else None,
            float(self.entropy[said].min()),
            float(self.distance[said].max()),
        )

    def lacking(self, least: int, most: float) -> npt.NDArray[np.bool_]:
        """Groups with fewer than ``least`` values, some rare, or further than ``most`` from everybody."""
        few = (self.distinct < least) & ~self.common
        return ~self.empty & (few | (self.distance > most + 1e-9))


@dataclass(frozen=True)
class Worst:
    """The worst group of a sensitive column.

    Attributes:
        distinct: fewest distinct values (l-diversity).
        rare: the same of groups with a value that is not common: what the limit is about; none
            where all are common.
        entropy: fewest values as the entropy counts them.
        distance: largest distance from everybody (t-closeness).
    """

    distinct: int
    rare: int | None
    entropy: float
    distance: float


def variety(
    group: Ints, column: pa.ChunkedArray, gone: npt.NDArray[np.bool_] | None = None
) -> Variety:
    """Measure a column of text (of lists, where a value has a semicolon), numbers or yes/no by group.

    Args:
        group: each row's group, numbered from 0.
        column: its values; a null that was not emptied says that nothing is recorded.
        gone: cells that were emptied, none by default.
    """
    groups = int(group.max(initial=-1)) + 1
    one = column.combine_chunks().dictionary_encode()
    levels = len(one.dictionary)
    code = one.indices.fill_null(levels).to_numpy(zero_copy_only=False).astype(np.int64)
    if gone is not None:
        code[gone] = levels + 1
    cells, counts = np.unique(group * (levels + 2) + code, return_counts=True)
    of, value = np.divmod(cells, levels + 2)
    size, distinct = np.bincount(group, minlength=groups), np.bincount(of, minlength=groups)
    share = counts / size[of]
    entropy = np.exp(np.bincount(of, -share * np.log(share), groups))
    empty = np.bincount(of, value <= levels, groups) == 0
    told = ~empty[of]
    everybody = np.bincount(value[told], counts[told], levels + 2)
    everybody = everybody / max(1.0, everybody.sum())
    lists = _lists(one.dictionary) if pa.types.is_string(column.type) else None
    rarest = np.ones(groups)
    np.minimum.at(rarest, of, everybody[value])
    if lists is None:
        distance = np.bincount(of, np.maximum(0.0, share - everybody[value]), groups).astype(float)
    else:
        lists = np.vstack([lists, np.zeros((2, lists.shape[1]))])  # nothing recorded, emptied
        distance = _by_code(of, share, everybody, lists, value, groups)
    return Variety(distinct, entropy, distance, empty, rarest >= COMMON)


def _lists(values: pa.Array) -> Floats | None:
    """Value by code: whether the list has the code; none where no value is a list."""
    parts = [set(v.split(";")) for v in values.to_pylist()]
    if not any(len(p) > 1 for p in parts):
        return None
    codes = sorted(set[str]().union(*parts))
    return np.array([[c in p for c in codes] for p in parts], dtype=float)


def _by_code(
    of: Ints, share: Floats, everybody: Floats, has: Floats, value: Ints, groups: int
) -> Floats:
    overall = everybody @ has
    far = np.zeros(groups)
    for code in range(has.shape[1]):
        mine = np.bincount(of, share * has[value, code], groups)
        far = np.maximum(far, np.abs(mine - overall[code]))
    return far

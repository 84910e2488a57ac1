"""What a column of de-identified rows is worth for guessing another, and what is therefore emptied with it.

Looked for over the release itself, before local suppression: for every quasi-identifier each other
column, and each pair with one that is not a quasi-identifier. An empty cell is a value like any
other: that an order was never served says that it has no month of service. What only quasi-identifiers
say of one another is left alone: who shares them all shares that, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

CONFIDENCE = 0.95  # share of rows of a value of the source that show one value of the target
ROWS = 20  # rows that such a rule rests on
GAIN = 0.05  # share of the target's values that such rules must give, beyond what a part of the source gives
JOINED = (
    0.25  # the same of a pair, beyond its better part, for both to be emptied together everywhere
)
_SAMPLE = 60_000  # rows, evenly taken: a twentieth of them is 3,000, known to one in fifty


@dataclass(frozen=True)
class Dependence:
    """What one or two columns say of another.

    Attributes:
        column: the quasi-identifier.
        sources: what it is guessed from.
        determined: share of rows whose value a rule names that holds in 95 of 100 rows (and leaves at
            most half of the doubt that there is without it); 1 is a functional dependence.
        tau: Goodman and Kruskal's tau (1954): share of wrong guesses (in proportion) that they save.
    """

    column: str
    sources: tuple[str, ...]
    determined: float
    tau: float


def find_dependences(
    table: pa.Table, quasi_identifiers: Sequence[str], references: Sequence[str]
) -> tuple[Dependence, ...]:
    """Return what other columns say of each quasi-identifier, where it is more than their parts say."""
    step = -(-table.num_rows // _SAMPLE)
    names = [n for n in table.column_names if n not in references]
    taken = table.select(names).take(np.arange(0, table.num_rows, step)) if step > 1 else table
    coded = {name: _coded(taken[name]) for name in names}
    others = [n for n in names if n not in quasi_identifiers]
    worth: dict[tuple[str, tuple[str, ...]], Dependence] = {}
    for sources in (*((n,) for n in names), *combinations(names, 2)):
        if len(sources) > 1 and not set(others).intersection(sources):
            continue
        key = coded[sources[0]]
        for name in sources[1:]:
            key = np.unique(
                key * (coded[name].max(initial=0) + 1) + coded[name], return_inverse=True
            )[1]
        for target in set(quasi_identifiers).difference(sources):
            worth[target, sources] = _dependence(target, sources, key, coded[target])
    found = [
        one
        for (target, sources), one in worth.items()
        if set(others).intersection(sources)
        and one.determined
        >= GAIN
        + max((worth[target, (s,)].determined for s in sources if len(sources) > 1), default=0)
    ]
    return tuple(sorted(found, key=lambda d: (d.column, len(d.sources), -d.determined, d.sources)))


def emptied_together(
    found: Iterable[Dependence],
    declared: Mapping[str, Sequence[str]],
    table: pa.Table,
    quasi_identifiers: Sequence[str],
) -> dict[str, tuple[str, ...]]:
    """Return quasi-identifier → the other columns that leave and are emptied with it.

    Single columns, and pairs that say much more than either; what weaker pairs give back of somebody is mended
    after an attack, in that person's class alone. ``declared`` is the law's: column of the system → columns that say something of it.
    """
    told: dict[str, set[str]] = {name: set(declared.get(name, ())) for name in quasi_identifiers}
    alone = {(d.column, d.sources[0]): d.determined for d in found if len(d.sources) == 1}
    for one in found:
        best = max(alone.get((one.column, s), 0.0) for s in one.sources)
        if len(one.sources) == 1 or one.determined >= JOINED + best:
            told[one.column].update(one.sources)
    leaves = [n for n in table.column_names if n not in quasi_identifiers]
    kept = {name: tuple(n for n in leaves if n in said) for name, said in told.items()}
    return {name: said for name, said in kept.items() if said}


def _coded(column: pa.ChunkedArray) -> Ints:
    """Values as numbers; an empty cell is 0."""
    one = column.combine_chunks().dictionary_encode()
    indices = one.indices.to_numpy(zero_copy_only=False)
    return np.nan_to_num(indices, nan=-1).astype(np.int64) + 1


def _dependence(column: str, sources: tuple[str, ...], key: Ints, seen: Ints) -> Dependence:
    width, rows = int(seen.max(initial=0)) + 1, max(1, seen.size)
    cells, counts = np.unique(key * width + seen, return_counts=True)
    of, value = np.divmod(cells, width)
    size, everybody = np.bincount(of, counts)[of], np.bincount(seen, minlength=width) / rows
    share, alone = counts / size, everybody[value]
    rule = (alone < 1) & (share >= CONFIDENCE) & (size >= ROWS) & (share >= (1 + alone) / 2)
    chance, right = float(everybody @ everybody), float((share * counts).sum()) / rows
    tau = (right - chance) / (1 - chance) if chance < 1 else 0.0
    return Dependence(column, sources, float(counts[rule].sum()) / rows, tau)

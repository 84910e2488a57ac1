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
JOINED = 0.25  # the same of a pair, for both to be emptied with the target everywhere
_SAMPLE = 20_000  # rows, evenly taken: a twentieth of them is 1,000, known to three in a hundred


@dataclass(frozen=True)
class Dependence:
    """What one or two columns say of another.

    Attributes:
        column: the quasi-identifier.
        sources: what it is guessed from.
        determined: share of rows whose value a rule names that holds in 95 of 100 rows (and leaves at
            most half of the doubt that there is without it); 1 is a functional dependence.
        gain: what that is more than a part of the sources (or the target's coarser version) names.
        tau: Goodman and Kruskal's tau (1954): share of wrong guesses (in proportion) that they save.
    """

    column: str
    sources: tuple[str, ...]
    determined: float
    gain: float
    tau: float


def find_dependences(
    table: pa.Table,
    quasi_identifiers: Sequence[str],
    references: Sequence[str],
    chains: Iterable[tuple[str, ...]] = (),
) -> tuple[Dependence, ...]:
    """Return what other columns say of each quasi-identifier, where it is more than their parts say.

    ``chains`` are versions of one thing, the coarsest first: where a finer one is empty, the
    coarser one may be seen, so that only what is said beyond it counts.
    """
    step = -(-table.num_rows // _SAMPLE)
    names = [n for n in table.column_names if n not in references]
    taken = table.select(names).take(np.arange(0, table.num_rows, step)) if step > 1 else table
    coded = {name: _coded(taken[name]) for name in names}
    versions = {name: chain for chain in chains for name in chain}
    others = [n for n in names if n not in quasi_identifiers]
    finest = [n for n in quasi_identifiers if versions.get(n, (n,))[-1] == n]
    pairs = [two for two in combinations((*others, *finest), 2) if set(two).intersection(others)]
    found: list[Dependence] = []
    for target in quasi_identifiers:
        chain = versions.get(target, (target,))
        coarser = chain[: chain.index(target)][-1:]
        worth: dict[tuple[str, ...], Dependence] = {}
        for sources in ((), *((n,) for n in (*others, *finest)), *pairs):
            if not set(chain).intersection(sources):
                key = _together(coded, (*sources, *coarser), taken.num_rows)
                parts = [worth[part].determined for part in _parts(sources)]
                worth[sources] = _dependence(target, sources, key, coded[target], parts)
        found += [
            one
            for sources, one in worth.items()
            if set(others).intersection(sources) and one.gain >= GAIN
        ]
    return tuple(sorted(found, key=lambda d: (d.column, len(d.sources), -d.determined, d.sources)))


def _parts(sources: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [part for n in range(len(sources)) for part in combinations(sources, n)]


def _together(coded: Mapping[str, Ints], names: tuple[str, ...], rows: int) -> Ints:
    """One number for the values of several columns."""
    key = np.zeros(rows, np.int64)
    for name in names:
        key = key * (int(coded[name].max(initial=0)) + 1) + coded[name]
    return key


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
    for one in found:
        if len(one.sources) == 1 or one.gain >= JOINED:
            told[one.column].update(one.sources)
    leaves = [n for n in table.column_names if n not in quasi_identifiers]
    kept = {name: tuple(n for n in leaves if n in said) for name, said in told.items()}
    return {name: said for name, said in kept.items() if said}


def _coded(column: pa.ChunkedArray) -> Ints:
    """Values as numbers; an empty cell is 0."""
    one = column.combine_chunks().dictionary_encode()
    indices = one.indices.to_numpy(zero_copy_only=False)
    return np.nan_to_num(indices, nan=-1).astype(np.int64) + 1


def _dependence(
    column: str, sources: tuple[str, ...], key: Ints, seen: Ints, parts: Sequence[float]
) -> Dependence:
    width, rows = int(seen.max(initial=0)) + 1, max(1, seen.size)
    cells, counts = np.unique(key * width + seen, return_counts=True)
    of, value = np.divmod(cells, width)
    of = np.cumsum(np.diff(of, prepend=of[:1]) > 0)
    size, everybody = np.bincount(of, counts)[of], np.bincount(seen, minlength=width) / rows
    share, alone = counts / size, everybody[value]
    rule = (alone < 1) & (share >= CONFIDENCE) & (size >= ROWS) & (share >= (1 + alone) / 2)
    chance, right = float(everybody @ everybody), float((share * counts).sum()) / rows
    tau = (right - chance) / (1 - chance) if chance < 1 else 0.0
    determined = float(counts[rule].sum()) / rows
    return Dependence(column, sources, determined, determined - max(parts, default=0.0), tau)

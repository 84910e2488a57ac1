"""rapidfuzz, wrapped: similarities of many pairs of texts at once, each distinct pair once."""

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


def jaro_winkler(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_], least: float) -> Floats:
    """Jaro-Winkler similarity of each pair; 0 where it is below ``least`` (cheaper)."""
    if not len(a):
        return np.empty(0, np.float32)
    return cpdist(
        a, b, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float32, workers=2
    )


def edits(
    a: npt.NDArray[np.object_], b: npt.NDArray[np.object_], most: int
) -> npt.NDArray[np.int32]:
    """Edit distance with neighbour swaps (OSA) of each pair; ``most + 1`` where it is larger."""
    if not len(a):
        return np.empty(0, np.int32)
    return cpdist(a, b, scorer=OSA.distance, score_cutoff=most, dtype=np.int32, workers=2)


def distinct_pairs(a: Codes, b: Codes) -> tuple[Codes, Codes, npt.NDArray[np.intp]]:
    """Distinct unordered pairs of codes, and for each given pair its place among them."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    keys, place = np.unique(low << 32 | high, return_inverse=True)
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32), place

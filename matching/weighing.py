"""From the pattern of a pair to its log odds, under a model and the frequencies of values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.chance import Frequencies
from matching.joining import Rows
from matching.model import Model, class_log_joint, unpack
from matching.workers import each

Floats = npt.NDArray[np.float64]
Patterns = npt.NDArray[np.int32]

_CHUNK = 1 << 14  # pairs weighed at a time: their classes stay in a core's cache
KEEP = -6.0  # log odds below which a pair can't matter any more, even when both sides are full


@dataclass(frozen=True)
class Weigher:
    """What a pair is weighed with."""

    model: Model
    table: Frequencies
    threads: int | None

    def log_odds(self, b: Rows, patterns: Patterns, least: float = -np.inf) -> Floats:
        """Log odds of pairs with these record rows and patterns, on all cores.

        Below ``least`` they may lack what the frequencies of the shared values say.
        """

        def part(start: int) -> Floats:
            chunk = slice(start, start + _CHUNK)
            return self._log_odds(b[chunk], patterns[chunk], least)

        found = list(each(part, range(0, len(b), _CHUNK), self.threads))
        return np.concatenate(found) if found else np.empty(0)

    def _log_odds(self, b: Rows, patterns: Patterns, least: float) -> Floats:
        """Log odds of some pairs.

        A match is weighed against all other classes, value frequencies included.

        Patterns are weighed once; only pairs whose pattern could matter get their frequencies.
        """
        distinct, place = np.unique(patterns, return_inverse=True)
        levels = unpack(distinct)
        joint = class_log_joint(self.model, levels)
        best = _against(joint)
        result = best[place]
        # A rare value can raise odds by at most what the frequencies of the fields that agree allow.
        worth = np.flatnonzero((best + self.table.most(levels) > least)[place])
        if len(worth):
            near = place[worth]
            own = joint[:, near]
            levels = [level[near] for level in levels]
            self.table.adjust(own, levels, b[worth])
            result[worth] = _against(own)
        return result


def _against(joint: Floats) -> Floats:
    """Log odds of the first class against all others together (classes x pairs)."""
    top = joint[1:].max(axis=0)
    return joint[0] - top - np.log(np.exp(joint[1:] - top).sum(axis=0))

"""What a count may become, and how likely each value is.

*Random rounding* to a base (Fellegi 1975): up or down to a multiple, by the residue. *Cell key* (Fraser and Wooton
2005; transition matrices as Giessing and Tent, and the R package ptable, choose them): of all distributions with mean zero, no deviation over D and
no forbidden value, the one of maximum entropy, its variance at most V.

Both leave zero as it is, are unbiased, and never show 1 to threshold - 1 persons (§ 964(f)(2)): a count below the
threshold becomes 0, or the threshold and more. Nothing with a variance under n(T - n) does that without bias to n of fewer
than T, so that the cell key method's variance is at most V + n(T - n) there.
"""

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from extracts.errors import NoiseUnfit

Method = Literal["round", "cell_key"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
PERTURBED = (
    "perturbed"  # in a table's scope: the noise that it carries; the word of its status, too
)
_NOTES = Path(__file__).with_name("notes.toml")
BITS = 32  # of a key that choose one value
_WHOLE = 1 << BITS


@dataclass(frozen=True)
class Row:
    """What one count may become: values, and where each begins among the keys (of 2^32)."""

    values: Ints
    ends: Ints

    @property
    def chances(self) -> Floats:
        """The probability of each value."""
        return np.diff(self.ends, prepend=0) / _WHOLE

    @property
    def variance(self) -> float:
        """Variance around its own mean."""
        mean = self.chances @ self.values
        return float(self.chances @ (self.values - mean) ** 2)

    def chosen(self, key: int) -> int:
        """The value that a key of 32 bits chooses."""
        return int(self.values[np.searchsorted(self.ends, key, side="right")])

    def shifted(self, by: int) -> "Row":
        """The same noise on a count that is larger by so many."""
        return Row(self.values + by, self.ends)


@dataclass(frozen=True)
class Noise:
    """A method with its numbers.

    Attributes:
        method: ``round`` or ``cell_key``.
        threshold: persons; none fewer is shown, but 0.
        base: of rounding.
        deviation: D, the most that the cell key method adds or takes away.
        variance: V, of the cell key method's noise.

    Raises:
        NoiseUnfit: no unbiased noise has these numbers; from threshold to threshold + D a count can sink to 0 or hardly at all.
    """

    method: Method
    threshold: int = 10
    base: int = 10
    deviation: int = 15
    variance: float = 10.0

    def __post_init__(self) -> None:
        room = (self.deviation + 1 - self.threshold) * self.deviation
        if self.method == "cell_key" and not 0 < self.variance < min(room, self.deviation**2 / 4):
            raise NoiseUnfit(deviation=self.deviation, threshold=self.threshold)
        if self.base < 2 or self.threshold < 2:
            raise NoiseUnfit(base=self.base, threshold=self.threshold)

    @property
    def name(self) -> str:
        """The method with its numbers, as a table's scope has it: alike means that tables may stand side by side."""
        numbers = (
            f"{self.base}" if self.method == "round" else f"{self.deviation} {self.variance:g}"
        )
        return f"{self.method} {numbers} from {self.threshold}"

    @cached_property
    def least(self) -> int:
        """The least count of persons that is shown, but 0: the threshold, or the base's next multiple."""
        whole = self.base * -(-self.threshold // self.base)
        return whole if self.method == "round" else self.threshold

    @property
    def reach(self) -> int:
        """No count is shown further than this from what it is."""
        return max(self.base, self.least) - 1 if self.method == "round" else self.deviation

    def notes(self) -> tuple[str, ...]:
        """What a reader must know, one sentence or two each."""
        said: dict[str, Any] = tomllib.loads(_NOTES.read_text("utf-8"))
        facts = {
            "base": self.base,
            "least": self.least,
            "deviation": self.deviation,
            "variance": self.variance,
            "spread": self.variance**0.5,
            "threshold": self.threshold,
            "small": self.small_deviation,
            "zero": self.persons_behind(0)[1],
            "below": self.threshold - 1,
        }
        return tuple(text.format(**facts) for text in (said[self.method], *said["both"]))

    def persons(self, count: float) -> Row:
        """What so many persons may become."""
        return self._row(count, persons=True)

    def further(self, mean: float) -> Row:
        """What so many records beyond one a person may become; nothing is forbidden of those."""
        return self._row(mean, persons=False)

    def persons_behind(self, shown: int) -> tuple[int, int]:
        """Least and most persons that can be shown as so many; who knows the method knows these."""
        return _behind(self, shown, persons=True)

    def further_behind(self, shown: int) -> tuple[int, int]:
        """The same of records beyond one a person."""
        return _behind(self, shown, persons=False)

    @cached_property
    def small_deviation(self) -> float:
        """The largest standard deviation of a count under the threshold, in persons."""
        return max(self.persons(n).variance for n in range(1, self.threshold)) ** 0.5

    def _row(self, mean: float, *, persons: bool) -> Row:
        """Rows from threshold + reach on are one row, shifted."""
        start = self.base * (2 * self.least + self.reach + 1)
        by = max(0, (int(mean) - start) // self.base * self.base)
        return _row(self, mean - by, persons=persons).shifted(by)


@lru_cache(maxsize=10_000)
def _row(noise: Noise, mean: float, *, persons: bool) -> Row:
    if mean == 0:
        return Row(np.array([0]), np.array([_WHOLE]))
    if noise.method == "round":
        low = noise.base * int(mean // noise.base)
        low, high = (0, noise.least) if persons and mean < noise.least else (low, low + noise.base)
        if low == mean:
            return Row(np.array([low]), np.array([_WHOLE]))
        up = round((mean - low) / (high - low) * _WHOLE)
        return Row(np.array([low, high]), np.array([_WHOLE - up, _WHOLE]))
    values = np.arange(max(0, np.ceil(mean - noise.deviation)), mean + noise.deviation + 1e-9)
    if persons:
        values = values[(values == 0) | (values >= noise.threshold)]
    forced = max(0.0, mean * (noise.threshold - mean)) if persons else 0.0
    chances = maximum_entropy(values - mean, noise.variance + forced)
    ends = np.rint(np.cumsum(chances) * _WHOLE).astype(np.int64)
    ends[-1] = _WHOLE
    return Row(values.astype(np.int64), ends)


@lru_cache(maxsize=10_000)
def _behind(noise: Noise, shown: int, *, persons: bool) -> tuple[int, int]:
    around = range(max(0, shown - noise.reach), shown + noise.reach + 1)
    rows = ((count, noise.persons(count) if persons else noise.further(count)) for count in around)
    found = [n for n, row in rows if row.chances[row.values == shown].sum() > 0]
    return (min(found), max(found)) if found else (1, 0)


def maximum_entropy(off: Floats, variance: float) -> Floats:
    """The distribution over these deviations with mean zero, variance at most so much, and most entropy.

    It is proportional to exp(a·d - b·d²); a and b minimise a smooth convex function, by Newton steps that are halved
    where they do not descend.
    """
    size = np.abs(off).max(initial=1.0)
    one = off / size
    chances = _tilted(one[:, None], np.zeros(1))
    if chances @ off**2 <= variance:
        return chances
    return _tilted(np.column_stack([one, one**2]), np.array([0.0, variance / size**2]))


def _tilted(features: Floats, wanted: Floats) -> Floats:
    """Chances proportional to exp(features · a) under which the features have the wanted means."""

    def value(a: Floats) -> float:
        power = features @ a
        top = power.max()
        return float(top + np.log(np.exp(power - top).sum()) - wanted @ a)

    a = np.zeros(features.shape[1])
    chances = np.full(len(features), 1 / len(features))
    for _ in range(200):
        power = features @ a
        chances = np.exp(power - power.max())
        chances /= chances.sum()
        mean = chances @ features
        slope = mean - wanted
        if np.abs(slope).max() < 1e-13:
            break
        centred = features - mean
        curve = (centred * chances[:, None]).T @ centred + 1e-14 * np.eye(len(a))
        step, here = np.linalg.solve(curve, slope), value(a)
        for _ in range(40):
            if value(a - step) <= here:
                break
            step /= 2
        a = a - step
    return chances

"""How far two reviewers agree who looked at the same pairs: raw, and beyond chance (Cohen, 1960)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Of ``n`` questions that two people answered, how many they answered alike.

    ``kappa`` is Cohen's: 1 where they always agree, 0 where as often as chance would have it; None where it says nothing, since no
    question was asked twice, or both always gave one and the same answer.
    """

    n: int
    agreed: int
    kappa: float | None


def agreement(answers: Sequence[tuple[str, str]]) -> Agreement:
    """Agreement of first and second answers, in one order."""
    n = len(answers)
    agreed = sum(first == second for first, second in answers)
    if not n:
        return Agreement(0, 0, None)
    firsts, seconds = (Counter(side) for side in zip(*answers, strict=True))
    chance = sum(firsts[word] * seconds[word] for word in firsts) / n**2
    kappa = None if chance == 1 else round((agreed / n - chance) / (1 - chance), 3)
    return Agreement(n, agreed, kappa)

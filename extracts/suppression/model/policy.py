"""What counts as small and how well it must be hidden: configuration, each value with its reason."""

from dataclasses import dataclass
from typing import Literal

from extracts.suppression.errors import BadRequestError

Zeros = Literal["published", "hidden"]


@dataclass(frozen=True)
class SuppressionPolicy:
    """The rule of protection.

    Attributes:
        threshold: distinct persons; a cell with fewer is small. 11 CCR 964(f)(2) sets ten for what
            researchers publish; the Department applies it to its own tables by policy.
        zeros: ``published``: a zero is shown and is known to be one, so a hidden cell is at least 1.
            ``hidden``: zero is "fewer than ten" read literally. Policy.
        spread: orders by which a cell with enough orders on too few persons must be able to move
            either way; half the threshold. Policy.
        clean: whether cells that turn out not to be needed are shown again.
        clean_programmes: linear programmes spent on that (about 1 ms each); a count and not a
            time, so that the same table always gets the same pattern.
    """

    threshold: int = 10
    zeros: Zeros = "published"
    spread: int = 5
    clean: bool = True
    clean_programmes: int = 5_000

    def __post_init__(self) -> None:
        if self.threshold < 2 or self.spread < 1:
            raise BadRequestError(threshold=self.threshold, spread=self.spread)
        if self.zeros not in ("published", "hidden"):
            raise BadRequestError(parameter="zeros")

    @property
    def least(self) -> int:
        """The least value of a hidden inner cell that the attacker must reckon with."""
        return 1 if self.zeros == "published" else 0

"""What must be told about the files of a linkage: what was taken for what, and what could not be read. Counts, never values."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One warning.

    Attributes:
        code: its kind, stable.
        side: ``cohort``, ``records`` or ``labels``.
        column: a standard column; empty for the file as a whole.
        count: how many values, ids or columns it is about.
        of: of how many; 0 where ``what`` needs no count.
        what: the rest of the sentence, with what to do.
    """

    code: str
    side: str
    column: str
    count: int
    of: int
    what: str

    def text(self, shown: Callable[[int], str] = "{:,}".format) -> str:
        """The whole sentence; ``shown`` writes a count."""
        where = f"{self.side}, {self.column}" if self.column else self.side
        many = f"{shown(self.count)} of {shown(self.of)} " if self.of else ""
        return f"{where}: {many}{self.what}"

"""How a table of any number of dimensions lies on a page: one dimension down, some across, the rest cut.

Levels stand in the order of the table, which knows nothing of hidden values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

Labels = tuple[str, ...]
Names = Mapping[str, Mapping[str, str]]

WIDEST = 40  # columns that a screen or a landscape sheet still shows


@dataclass(frozen=True)
class Cross:
    """A layout.

    Attributes:
        dims: the dimensions, in the order of each cell's labels.
        levels: of each dimension, in the order of the table.
        down: the dimension whose levels are rows.
        across: those whose combinations are columns.
        cut: those of which each combination is a table of its own.
    """

    dims: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    down: str
    across: tuple[str, ...]
    cut: tuple[str, ...]

    @classmethod
    def of(cls, dims: Sequence[str], cells: Iterable[Labels]) -> "Cross":
        """The longest dimension down, short ones across while the page is wide enough.

        A year is cut, where there is anything else to put across.
        """
        listed = list(cells)
        levels = {
            dim: tuple(dict.fromkeys(labels[axis] for labels in listed))
            for axis, dim in enumerate(dims)
        }
        rest = [d for d in dims if d != "year"] or list(dims)
        down = max(rest, key=lambda d: len(levels[d]))
        across: list[str] = []
        width = 1
        for dim in sorted((d for d in rest if d != down), key=lambda d: len(levels[d])):
            if width * len(levels[dim]) <= WIDEST:
                width *= len(levels[dim])
                across.append(dim)
        if not across and down != "year" and "year" in dims:
            across = ["year"]
        ordered = tuple(d for d in dims if d in across)
        return cls(
            tuple(dims),
            levels,
            down,
            ordered,
            tuple(d for d in dims if d != down and d not in ordered),
        )

    def tables(self) -> list[dict[str, str]]:
        """The levels of the cut dimensions, one set for each table."""
        return [
            dict(zip(self.cut, chosen, strict=True))
            for chosen in product(*(self.levels[d] for d in self.cut))
        ]

    @property
    def columns(self) -> list[Labels]:
        """The levels of the dimensions across, one set for each column."""
        return list(product(*(self.levels[d] for d in self.across)))

    def labels(self, fixed: Mapping[str, str], row: str, column: Labels) -> Labels:
        """The labels of a cell."""
        at = {**fixed, self.down: row, **dict(zip(self.across, column, strict=True))}
        return tuple(at[dim] for dim in self.dims)

    def heads(self, names: Names) -> tuple[tuple[tuple[str, int], ...], ...]:
        """Rows of headings with their widths: neighbours that agree so far share one."""
        found: list[tuple[tuple[str, int], ...]] = []
        for depth, dim in enumerate(self.across):
            runs: list[tuple[Labels, int]] = []
            for column in self.columns:
                start = column[: depth + 1]
                if runs and runs[-1][0] == start:
                    runs[-1] = (start, runs[-1][1] + 1)
                else:
                    runs.append((start, 1))
            found.append(tuple((name_of(names, dim, s[depth]), width) for s, width in runs))
        return tuple(found)


def name_of(names: Names, dim: str, code: str) -> str:
    """A level as a person reads it."""
    return names.get(dim, {}).get(code, "Total" if code == "TOTAL" else code)

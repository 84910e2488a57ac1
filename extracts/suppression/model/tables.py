"""Additive tables with true values, and the rule that says which of their cells are small.

Nothing here hides anything. A cell is a combination of one node (leaf or margin) per dimension;
arrays have one axis per dimension, leaves first, then groups bottom-up, ``TOTAL`` last.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from extracts.suppression.codebook import TOTAL, ancestors
from extracts.suppression.errors import BadHierarchyError, BadLevelError, BadRequestError
from extracts.suppression.published import PublishedRow, PublishedTable, Zeros

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Levels = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Dimension:
    """One dimension: its leaves, and its groups bottom-up as (group, children).

    Without groups there is no margin over it: slices stand apart (years that share no order).
    """

    name: str
    leaves: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Leaves, then groups."""
        return self.leaves + tuple(name for name, _ in self.groups)

    @cached_property
    def position(self) -> dict[str, int]:
        """Node to its index on the axis."""
        return {node: i for i, node in enumerate(self.nodes)}

    @cached_property
    def children(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The groups as indices: (group, its direct children)."""
        at = self.position
        return tuple((at[name], tuple(at[c] for c in kids)) for name, kids in self.groups)

    @cached_property
    def spans(self) -> npt.NDArray[np.float64]:
        """Nodes by leaves: 1 where the leaf lies beneath the node."""
        spans = np.zeros((len(self.nodes), len(self.leaves)))
        spans[: len(self.leaves)] = np.eye(len(self.leaves))
        for group, kids in self.children:
            spans[group] = spans[list(kids)].sum(axis=0)
        return spans

    @classmethod
    def flat(cls, name: str, leaves: Sequence[str], *, total: bool = True) -> "Dimension":
        """A dimension of leaves under one TOTAL, or without any margin."""
        return cls(name, tuple(leaves), ((TOTAL, tuple(leaves)),) if total else ())

    @classmethod
    def tree(cls, name: str, leaves: Sequence[str], parent: Mapping[str, str]) -> "Dimension":
        """A dimension with a hierarchy; what has no parent stands under TOTAL.

        Raises:
            BadHierarchyError: loops, or a leaf that is a parent.
        """
        beneath: dict[str, list[str]] = {}
        for child in sorted({*leaves, *parent, *parent.values()} - {TOTAL}):
            beneath.setdefault(parent.get(child, TOTAL), []).append(child)
        if any(leaf in beneath for leaf in leaves):
            raise BadHierarchyError(dimension=name)
        order: list[str] = []
        _walk(TOTAL, beneath, set(), order, name)
        kept = set(leaves)
        groups: list[tuple[str, tuple[str, ...]]] = []
        for node in order:  # groups without a leaf of the table drop out
            kids = tuple(c for c in beneath.get(node, ()) if c in kept)
            if node in beneath and kids:
                kept.add(node)
                groups.append((node, kids))
        if not set(leaves) <= set(order):
            raise BadHierarchyError(dimension=name)
        return cls(name, tuple(leaves), tuple(groups))


def _walk(
    node: str, beneath: Mapping[str, list[str]], above: set[str], order: list[str], name: str
) -> None:
    if node in above or len(above) > 50:  # deeper than any real hierarchy
        raise BadHierarchyError(dimension=name)
    for child in beneath.get(node, ()):
        _walk(child, beneath, above | {node}, order, name)
    order.append(node)


@dataclass(frozen=True, eq=False)
class CellTable:
    """A complete additive table with true values: for the suppressor's eyes only.

    Attributes:
        dims: the dimensions, one per axis.
        counts: orders (any additive count) for each cell and margin.
        persons: distinct persons for each cell and margin, or None where ``counts`` are persons.
    """

    dims: tuple[Dimension, ...]
    counts: Ints
    persons: Ints | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes per dimension."""
        return tuple(len(d.nodes) for d in self.dims)

    @property
    def size(self) -> int:
        """Cells, margins included."""
        return int(np.prod(self.shape))

    @property
    def people(self) -> Ints:
        """The persons of every cell (the counts, where they are persons)."""
        return self.counts if self.persons is None else self.persons

    def labels(self) -> Iterator[tuple[str, ...]]:
        """The cells' labels in the order of the flat arrays."""
        return product(*(d.nodes for d in self.dims))

    def leaf_mask(self) -> Flags:
        """Which cells are inner cells."""
        mask = np.ones(self.shape, dtype=bool)
        for axis, dim in enumerate(self.dims):
            index = [slice(None)] * len(self.dims)
            index[axis] = slice(len(dim.leaves), None)
            mask[tuple(index)] = False
        return mask


def leaves_of(labels: Iterable[str], parent: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The leaves among the labels of a table, sorted, and the hierarchy above them.

    A parent of whose descendants the table has none is a leaf of it: coarse tables come before fine ones.
    """
    every = set(labels) - {TOTAL}
    above = {group for label in every for group in ancestors(label, parent)}
    leaves = sorted(every - above)
    kept = above.union(leaves)
    return leaves, {child: up for child, up in parent.items() if child in kept and up != TOTAL}


def spread(dims: Sequence[Dimension], leaves: Ints) -> Ints:
    """Inner cells to all cells, margins as sums."""
    out = np.asarray(leaves, dtype=np.float64)
    for axis, dim in enumerate(dims):
        out = np.moveaxis(np.tensordot(dim.spans, out, axes=(1, axis)), 0, axis)
    return np.rint(out).astype(np.int64)


def check_level(label: str, dimension: str, row: int) -> None:
    """Refuse an empty level and one that reads like TOTAL.

    Raises:
        BadLevelError: with the row.
    """
    if not label.strip() or (label != TOTAL and label.strip().casefold() == "total"):
        raise BadLevelError(dimension=dimension, row=row)


def publish(table: CellTable, hidden: Flags, scope: Levels | None = None) -> PublishedTable:
    """Take the hidden values out of a table."""
    people = None if table.persons is None else table.persons.ravel()
    rows = tuple(
        PublishedRow(labels, None, None)
        if away
        else PublishedRow(labels, int(count), None if people is None else int(people[i]))
        for i, (labels, away, count) in enumerate(
            zip(table.labels(), hidden.ravel(), table.counts.ravel(), strict=True)
        )
    )
    parents = {d.name: {kid: group for group, kids in d.groups for kid in kids} for d in table.dims}
    names = tuple(d.name for d in table.dims)
    return PublishedTable(
        names, rows, parents, has_persons=people is not None, scope=dict(scope or {})
    )


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
        singletons: whether small cells are kept from somebody who knows to be alone in another cell,
            too. 11 CCR 964(f)(2) does not speak of it; policy.
        margin_weight: cells that hiding a margin costs beyond one, for each dimension in which it is one, and
            ten times that for a grand total; 0 for the fewest cells. Policy.
        clean: whether cells that turn out not to be needed are shown again.
        clean_programmes: linear programmes spent on that (about 1 ms each); a count and not a
            time, so that the same table always gets the same pattern.
        seconds: after which that stops with the best pattern so far, on whatever machine; None for
            no such limit.
        secret: 32 bytes or more under which one of many patterns is chosen; without one the choice
            can be rerun by whoever knows the rule.
    """

    threshold: int = 10
    zeros: Zeros = "published"
    spread: int = 5
    singletons: bool = True
    margin_weight: float = 0.0
    clean: bool = True
    clean_programmes: int = 5_000
    seconds: float | None = None
    secret: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.threshold < 2 or self.spread < 1:
            raise BadRequestError(threshold=self.threshold, spread=self.spread)
        if self.zeros not in ("published", "hidden"):
            raise BadRequestError(parameter="zeros")

    @property
    def least(self) -> int:
        """The least value of a hidden inner cell that the attacker must reckon with."""
        return 1 if self.zeros == "published" else 0

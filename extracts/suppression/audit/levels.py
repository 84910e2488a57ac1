"""The levels of one dimension of a published table, and what an attacker makes of those of several tables.

Where tables cut a dimension differently, the attacker works with the parts into which all of them cut it
together, and asks of each difference of two levels what it must be. That is worked out from the sets
alone, by other code than the suppressor's.
"""

from collections.abc import Iterable, Mapping, Sequence

from extracts.suppression.codebook import Atoms, Codebook, name_of
from extracts.suppression.errors import AuditInfeasibleError
from extracts.suppression.published import PublishedTable

_TOP = "TOTAL"


class Tree:
    """The levels of one dimension of one table, read from its rows and its parents.

    Attributes:
        nodes: levels, those that only parents name and those of a later cut included.
        kids: each level with the levels that it is the sum of.
        beneath: each level with its atoms.
        leaves: the levels that the table itself does not divide.
        added: levels that no row of the table can have.
    """

    def __init__(self, table: PublishedTable, axis: int, book: Codebook, *, summed: bool) -> None:
        name = table.dims[axis]
        parents = table.parents.get(name, {})
        seen = dict.fromkeys(row.labels[axis] for row in table.rows)
        groups = {_TOP, *parents.values()}
        self.axis = book.axis(name)
        self.kids: dict[str, list[str]] = {}
        self.nodes: dict[str, None] = {}
        self.added: set[str] = set() if _TOP in seen else {_TOP}
        for label in [*(s for s in seen if s not in groups), *seen]:
            if label not in self.nodes and label != _TOP:
                self._climb(label, parents, total=_TOP in seen or summed)
        self.leaves = frozenset(node for node in self.nodes if node not in self.kids)
        atoms = {leaf: book.atoms(name, leaf) for leaf in self.leaves}
        self.beneath = {node: _joined(map(atoms.get, self._leaves(node))) for node in self.nodes}

    def _climb(self, label: str, parents: Mapping[str, str], *, total: bool) -> None:
        """Put a level under its parents; a loop is no hierarchy."""
        self.nodes[label] = None
        passed = {label}
        while label != _TOP:
            above = parents.get(label, _TOP)
            if above == _TOP and not total:
                return
            if above in passed:
                raise AuditInfeasibleError(hierarchy_loops=1)
            passed.add(above)
            kids = self.kids.setdefault(above, [])
            self.nodes[above] = None
            if label in kids:
                return
            kids.append(label)
            label = above

    def _leaves(self, label: str) -> list[str]:
        kids = self.kids.get(label)
        return [leaf for kid in kids for leaf in self._leaves(kid)] if kids else [label]

    def cuts(self, empty: Atoms) -> list[Atoms]:
        """The leaves as sets, without what is zero everywhere."""
        return [
            its for leaf in self.nodes if leaf in self.leaves if (its := self.beneath[leaf] - empty)
        ]

    def divide(self, parts: Sequence[Atoms], others: Sequence[Atoms], empty: Atoms) -> None:
        """Make every level the sum of parts; further sets become levels that no row has."""
        whole = _joined(self.beneath.values())
        taken = {self.beneath[leaf] - empty: leaf for leaf in self.nodes if leaf in self.leaves}
        names = {
            part: taken.get(part) or name_of(part, self.nodes) for part in parts if part <= whole
        }
        new = {name: part for part, name in names.items() if part not in taken}
        new |= {name_of(one, self.nodes): one for one in others if one <= whole}
        self.added.update(new)
        self.beneath.update(new)
        self.nodes.update(dict.fromkeys(new))
        for node in self.nodes:
            its = self.beneath[node] - empty
            if its and names.get(its) != node:
                self.kids[node] = [name for part, name in names.items() if part <= its]

    def gather(self, coarser: Iterable[Atoms], empty: Atoms) -> None:
        """Add sums of leaves that other tables have as one level."""
        have = {its - empty for its in self.beneath.values()}
        for one in sorted(set(coarser) - have, key=sorted):
            kids = [x for x in self.nodes if x in self.leaves and self.beneath[x] <= one]
            if len(kids) > 1 and _joined(self.beneath[x] for x in kids) == one:
                name = name_of(one, self.nodes)
                self.nodes[name], self.beneath[name], self.kids[name] = None, one, kids
                self.added.add(name)


def meet(trees: Sequence[Tree], fixed: Sequence[Atoms], empty: Atoms) -> bool:
    """Let the levels of one dimension in several tables meet; whether any table had to be cut."""
    tables = [tree.cuts(empty) for tree in trees]
    every = {its for cuts in (*tables, fixed) for its in cuts}
    if all(len(its) == 1 for its in every):
        return False
    if not any(_crosses(one, other) for one in tables for other in tables):
        for tree in trees:
            tree.gather(every, empty)
        return False
    parts = list(every)
    for cutter in every:  # halve every part at each level's edge
        parts = [half for part in parts for half in (part & cutter, part - cutter) if half]
        parts = list(dict.fromkeys(parts))
    levels = {its - empty for tree in trees for node, its in tree.beneath.items() if node != _TOP}
    others = {
        part
        for one in levels
        for other in levels
        if one & other
        for part in (one & other, one - other)
    }
    others -= {*levels, *parts, frozenset()}
    others -= {
        part for part in others for cuts in tables if _joined(c for c in cuts if c <= part) == part
    }
    for tree in trees:
        tree.divide(sorted(parts, key=sorted), sorted(others, key=sorted), empty)
    return True


def _crosses(one: Sequence[Atoms], other: Sequence[Atoms]) -> bool:
    """Whether levels of two tables (or of one) share atoms and don't nest whole."""
    for level in one:
        inside: set[str] = set()
        same = 0
        for its in other:
            if level & its and not (level <= its or its <= level):
                return True
            same += its == level
            inside.update(its if its < level else ())
        if same > 1 or (inside and (same or not level <= inside)):
            return True
    return False


def _joined(sets: Iterable[Atoms | None]) -> Atoms:
    return frozenset(atom for one in sets for atom in one or ())

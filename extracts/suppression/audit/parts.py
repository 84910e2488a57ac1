"""How what is known falls into parts that say nothing about each other."""

from extracts.suppression.audit.knowledge import Knowledge
from extracts.suppression.errors import AuditInfeasibleError


def check_constants(known: Knowledge) -> None:
    """Margins whose cells are all published must add up.

    Raises:
        AuditInfeasibleError: some don't.
    """
    wrong = 0
    for margin, parts in known.sums:
        total = known.cells[margin].count
        shown = [known.cells[p].count for p in parts]
        if total is not None and None not in shown:
            wrong += total != sum(c or 0 for c in shown)
    if wrong:
        raise AuditInfeasibleError(margins=wrong)


def connected(known: Knowledge) -> list[list[int]]:
    """Unknown cells in groups that no equation connects; published cells connect nothing."""
    parent = list(range(len(known.cells)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for margin, parts in known.sums:
        unknown = [i for i in (margin, *parts) if is_unknown(known, i)]
        for other in unknown[1:]:
            parent[root(other)] = root(unknown[0])
    groups: dict[int, list[int]] = {}
    for cell in known.cells:
        if is_unknown(known, cell.number):
            groups.setdefault(root(cell.number), []).append(cell.number)
    return list(groups.values())


def is_unknown(known: Knowledge, number: int) -> bool:
    """Whether a count or, where persons are published, a number of persons is unknown."""
    cell = known.cells[number]
    return cell.count is None or (known.has_persons and cell.persons is None)

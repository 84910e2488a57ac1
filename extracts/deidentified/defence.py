"""Rows that keep what was taken from them: suppressed, evened out, attacked, and mended until nothing gives way.

Rows that look alike to somebody who knows all quasi-identifiers (of persons who do) are a *group*. What
is emptied besides quasi-identifiers is emptied in whole groups, whether a cell had a value or not: else what stays would tell
which of the others had one.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.deidentified.attack import Attack, attack
from extracts.deidentified.dependences import Dependence, emptied_together, find_dependences
from extracts.deidentified.less_rare import Suppressed, suppress_locally
from extracts.deidentified.risk import RiskLimit, RiskReport, groups_alike, risk_report
from extracts.deidentified.variety import variety
from extracts.rows import Plan, emptied, emptied_cells
from extracts.rows import compute as pc
from systems.companions import values_of

_PRECISE = 2  # rounds that empty the fewest columns; later ones all that told something
_LATE = 10  # from this round on all other columns are emptied
_ROUNDS = 20
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Defended:
    """Rows after local suppression and everything that keeps it.

    Attributes:
        suppressed: the rows, and what they lost: all columns.
        attack: what the attacker gets of them.
        dependences: what was found and is emptied together.
        rounds: attacks until the last.
    """

    suppressed: Suppressed
    attack: Attack = field(repr=False)
    dependences: tuple[Dependence, ...] = ()
    rounds: int = 1

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report."""
        found = (
            {"column": d.column, "sources": list(d.sources), "determined": round(d.determined, 3)}
            for d in self.dependences
        )
        return {"dependences": list(found), "attacks": self.rounds}


def defend(
    table: pa.Table, plan: Plan, limit: RiskLimit, weights: Mapping[str, float] | None = None
) -> Defended:
    """Suppress locally so that the limit holds after an attacker filled in what can be filled in.

    Raises:
        ExtractFailed: the database gave up.
    """
    quasi, references = plan.quasi_identifiers, tuple(plan.references)
    coarsest = tuple(chain[0] for chain in plan.chains)  # finer versions are left to the attack
    seen = table.drop_columns([n for n in quasi if n not in coarsest])
    found = find_dependences(seen, coarsest, references)
    declared = {name: told for name, told in plan.depends.items() if name in coarsest}
    data = table.drop_columns(list(references))
    together = emptied_together(found, declared, data, quasi)
    done = suppress_locally(
        table,
        quasi,
        plan.gives_way,
        limit.k,
        together=together,
        weights=weights,
        chains=plan.chains,
        measure=limit.measure,
        groups=plan.groups,
        determined=plan.determined,
    )
    stay = pc.is_in(table["person_ref"], pc.unique(done.table["person_ref"]))
    before = table.filter(stay)
    group = groups_alike(done.table, quasi, measure=limit.measure)
    explained = _explained(done.table, together)
    rows, number = done.table, 1
    memory: dict[object, object] = {}
    while True:
        rows = _varied(rows, before, group, plan, limit, explained)
        thorough = number > _PRECISE
        got = _attack(rows, plan, limit, memory, thorough=thorough)
        if thorough and (not got.exposed.any() or number >= _ROUNDS):
            break
        rows, number = _mended(rows, got, group, plan, number), number + 1
    lost = {n: rows[n].null_count - before[n].null_count for n in before.column_names}
    cells = {n: count for n, count in lost.items() if count}
    kept = Suppressed(rows, cells, done.persons_left_out, done.rows_left_out)
    return Defended(kept, got, found, number)


def _attack(
    rows: pa.Table,
    plan: Plan,
    limit: RiskLimit,
    memory: dict[object, object] | None = None,
    *,
    thorough: bool = True,
) -> Attack:
    return attack(
        rows,
        plan.quasi_identifiers,
        tuple(plan.references),
        limit.k,
        rows_alone=limit.measure == "row",
        thorough=thorough,
        versions=plan.chains,
        memory=memory,
    )


def measure(
    table: pa.Table, plan: Plan, limit: RiskLimit, attacked: Attack | None = None
) -> RiskReport:
    """Measure rows as they would leave, after an attack where the plain risk is within the limit.

    ``attacked``: the thorough attack on these rows where there was one already.

    Raises:
        ExtractFailed: the database gave up.
    """
    quasi = plan.quasi_identifiers
    more = tuple(
        n
        for n in values_of(table.column_names)
        if n not in {*quasi, *plan.sensitive, *plan.references}
    )
    report = risk_report(
        table,
        quasi,
        sensitive=plan.sensitive,
        known_too=more,
        threshold=limit.k,
        measure=limit.measure,
    )
    if limit.exceeded(report):
        return report
    got = attacked or _attack(table, plan, limit)
    return replace(report, filled_in=(got.exact, got.near))


def treat(
    table: pa.Table,
    plan: Plan,
    limit: RiskLimit,
    local: bool,
    weights: Mapping[str, float] | None = None,
) -> tuple[Suppressed, RiskReport]:
    """Rows as a release would have them, suppressed locally or not, and their risk: for proposals."""
    if not local:
        return Suppressed(table, {}, 0, 0), measure(table, plan, limit)
    done = defend(table, plan, limit, weights)
    return done.suppressed, measure(done.suppressed.table, plan, limit, done.attack)


def lost_by_group(
    before: pa.Table, after: pa.Table, plan: Plan
) -> dict[str, dict[str, dict[str, object]]]:
    """What each group of persons lost: column of groups → group → persons, and column → share lost.

    Shares are of the values that the group's rows had, those of persons left out among the lost.
    """
    found: dict[str, dict[str, dict[str, object]]] = {}
    key = tuple(plan.references)
    position = pc.index_in(_row_key(before, key), _row_key(after, key))
    for by in plan.groups:
        groups = before[by]
        for value in sorted(v for v in pc.unique(groups).to_pylist() if v is not None):
            rows = pc.fill_null(pc.equal(groups, value), False)
            mine, left = before.filter(rows), after.take(pc.drop_null(position.filter(rows)))
            had = {n: mine.num_rows - mine[n].null_count for n in mine.column_names if n not in key}
            lost = {n: 1 - (left.num_rows - left[n].null_count) / h for n, h in had.items() if h}
            persons = pc.count_distinct(mine["person_ref"]).as_py()
            found.setdefault(by, {})[value] = {
                "persons": persons,
                "lost": {n: round(share, 3) for n, share in lost.items() if share},
            }
    return found


def _row_key(table: pa.Table, references: Sequence[str]) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(table[name] for name in references), "/")


def _explained(rows: pa.Table, together: Mapping[str, tuple[str, ...]]) -> dict[str, Mask]:
    """Column → rows where it is emptied because one that it tells is: everybody sees that, and why."""
    found = {name: np.zeros(rows.num_rows, np.bool_) for name in rows.column_names}
    for name, others in together.items():
        for other in others:
            found[other] |= emptied_cells(rows, name)
    return found


def _varied(
    rows: pa.Table,
    before: pa.Table,
    group: Ints,
    plan: Plan,
    limit: RiskLimit,
    explained: Mapping[str, Mask],
) -> pa.Table:
    """Sensitive values emptied in groups that would tell them; fewer values told may make others lean."""
    for name in plan.sensitive:
        while (lacking := _lacking(rows, name, group, limit)).any():
            rows = emptied(rows, name, lacking[group])
        rows = among_others(rows, name, before[name], group, limit, explained[name])
    return rows


def _lacking(rows: pa.Table, name: str, group: Ints, limit: RiskLimit) -> Mask:
    told = variety(group, rows[name], emptied_cells(rows, name))
    return told.lacking(limit.l_values, limit.t_distance)


def among_others(
    rows: pa.Table,
    name: str,
    had: pa.ChunkedArray,
    group: Ints,
    limit: RiskLimit,
    explained: Mask,
) -> pa.Table:
    """Empty a sensitive column in further groups, until what is emptied tells no more than a group that looks alike may.

    Who knows the rule knows that a group was emptied because it had few values, or leaned: of a yes and a no that is
    the value (minimality attack, Wong, Fu, Wang and Pei 2007). All emptied groups together are therefore
    held to the limits, too. The least leaning join them first.

    Args:
        rows: as they would leave.
        name: the column.
        had: its values before.
        group: each row's group.
        limit: values and distance.
        explained: rows in which it is emptied for a reason that everybody sees.
    """
    gone = emptied_cells(rows, name)
    told, gone = variety(group, rows[name], gone), gone & ~explained
    left = np.flatnonzero(~told.empty)
    left = left[np.argsort(told.distance[left], kind="stable")]
    place = np.full(told.empty.size, left.size)
    place[left] = np.arange(left.size)

    def enough(many: int) -> bool:
        others = ~(gone | (place[group] < many))
        pool = variety(others.astype(np.int64), had)
        return not pool.lacking(limit.l_values, limit.t_distance)[0]

    if not gone.any() or enough(0):
        return rows
    many = bisect_left(range(left.size), True, key=enough)
    return emptied(rows, name, place[group] < many)


def _mended(rows: pa.Table, got: Attack, group: Ints, plan: Plan, number: int) -> pa.Table:
    """What told members of a group apart, emptied in the groups of exposed persons.

    In the first rounds no more columns than every rule needs to be without one of its own, then all that some
    rule needs; every column where no rule is to blame by itself, and in late rounds.
    """
    if not got.exposed.any():
        return rows
    versions = plan.system.rows(plan.kind).versions
    known = {*plan.quasi_identifiers, *plan.references}
    others = [n for n in values_of(rows.column_names) if n not in known]
    finer = {n: tuple(f for f in others if n in versions(f)) for n in others}
    sets = sorted(got.inferred_from)
    said = np.zeros((int(group.max(initial=-1)) + 1, len(sets)), np.bool_)
    for at, one in enumerate(sets):
        said[group[got.inferred_from[one]], at] = True
    person = rows["person_ref"].combine_chunks().dictionary_encode().indices.to_numpy()
    blamed = np.bincount(person, np.any(said, axis=1)[group]) > 0
    where = np.unique(group[got.exposed])
    whole = np.isin(where, group[got.exposed & ~blamed[person]]) | (number >= _LATE)
    kinds, kind = np.unique(said[where], axis=0, return_inverse=True)
    lost = np.zeros((len(kinds), len(others)), np.bool_)
    for at, told in enumerate(kinds):
        rules = frozenset(one for one, is_told in zip(sets, told, strict=True) if is_told)
        taken = (
            cheapest_cover(rules, finer)
            if number <= _PRECISE
            else {f for one in rules for n in one for f in finer[n]}
        )
        lost[at] = [name in taken for name in others]
    for at, name in enumerate(others):
        taken = np.zeros(len(said), np.bool_)
        taken[where] = lost[kind, at] | whole
        if taken.any():
            rows = emptied(rows, name, taken[group])
    return rows


def cheapest_cover(
    rules: frozenset[tuple[str, ...]], finer: Mapping[str, Sequence[str]]
) -> frozenset[str]:
    """The fewest columns of which each rule has one, exactly; a column takes its ``finer`` versions along."""
    if not rules:
        return frozenset()
    found: list[frozenset[str]] = []
    for name in min(rules, key=lambda one: (len(one), one)):
        left = frozenset(one for one in rules if not {*finer[name]}.intersection(one))
        found.append(frozenset(finer[name]) | cheapest_cover(left, finer))
    return min(found, key=lambda one: (len(one), sorted(one)))

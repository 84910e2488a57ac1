"""What knowing the algorithm is worth: the suppressor rerun on every table that fits a published one.

    python benchmarks/minimality.py [tables] [secrets] [plain]

The attacker enumerates the tables of whole numbers that fit what is published and keeps those on
which a rerun gives the same pattern: once, where the rule has no secret; else under as many secrets
of his own as are given, and a table is kept where any of them does. A table *falls* where all that
are kept agree on the count of a small cell, or all have it small, though what is published allows
more. Random tables of two and three dimensions, those that at most 40 tables fit.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver import reruns
from extracts.suppression.solver.choice import Choice
from extracts.suppression.solver.cutting_planes import patterns_by_cost
from extracts.suppression.solver.secondary import start_search
from extracts.suppression.solver.suppressor import choose
from tests.unit.extracts.suppression.optimum import cheapest
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy()
SHAPES = ((2, 3), (3, 3), (2, 2, 2), (3, 4))
MOST = 40
MANY = 400  # with more, none is ruled out here


def pattern(table, policy):
    """Hidden cells, or None where nothing protects it; the audit is left out, it hardly ever adds any."""
    search = start_search(relations_of(table, 1), policy)
    try:
        choose(search)
    except CannotProtectError:
        return None
    return search.hidden.copy()


def fitting(table, hidden, most=MOST):
    """Every table that fits, or None where they are more than so many."""
    found = reruns.fitting(relations_of(table, 1), hidden, most)
    if found is None:
        return None
    leaves = tuple(slice(len(d.leaves)) for d in table.dims)
    whole = found.astype(int).reshape(-1, *table.shape)
    return [from_leaves(table.dims, one[leaves]) for one in whole]


def drawn(chance):
    shape = SHAPES[chance.integers(len(SHAPES))]
    counts = chance.choice([0, 1, 2, 4, 7, 9, 11, 14, 19, 22, 28, 40, 57], shape)
    dims = [Dimension.flat("abc"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(shape)]
    return from_leaves(dims, counts)


def proven(table, candidates, hidden, policies):
    """Small cells of which no candidate with ten and more gets the pattern under any policy, though it fits."""
    values = np.array([one.counts.ravel() for one in candidates])
    small = np.flatnonzero((table.counts.ravel() > 0) & (table.counts.ravel() < POLICY.threshold))
    left = {int(cell) for cell in small if values[:, cell].max() >= POLICY.threshold}
    large = values >= POLICY.threshold
    for at in sorted(range(len(values)), key=lambda i: -large[i, list(left)].sum()):
        mine = {cell for cell in left if large[at, cell]}
        if mine and gives(candidates[at], hidden, policies):
            left -= mine
    return left


def gives(one, hidden, policies):
    """Whether a rerun gives the pattern: the first draw, where it is taken, is what the whole rule gives, and quicker."""
    if cheapest(one, np.ones(one.size), ~hidden, singletons=True) is None:
        return False  # it would not be protected
    for rule in (only_drawn, pattern):
        for policy in policies:
            got = rule(one, policy)
            if got is not None and (got == hidden).all():
                return True
    return False


def only_drawn(table, policy):
    search = start_search(relations_of(table, 1), policy)
    try:
        if policy.secret:
            Choice(policy.secret, search).vary(search)
            return next(patterns_by_cost(search)).hidden
        choose(search)
    except CannotProtectError:
        return None
    return search.hidden


def main(tables, secrets, plainly=1):
    chance = np.random.default_rng(11)
    policies = [replace(POLICY, secret=chance.bytes(32)) for _ in range(secrets)]
    done = without = under = many = 0
    cells = np.zeros(2, dtype=int)
    took = []
    while done < tables:
        table = drawn(chance)
        plain = pattern(table, POLICY)
        candidates = None if plain is None or not plain.any() else fitting(table, plain)
        if candidates is None:
            continue
        began = time.process_time()
        hidden = pattern(table, replace(POLICY, secret=b"home" * 8))
        took.append(time.process_time() - began)
        done += 1
        small = int(((table.counts > 0) & (table.counts < POLICY.threshold)).sum())
        cells += int(plain.sum()) - small, int(hidden.sum()) - small
        without += bool(plainly and proven(table, candidates, plain, [POLICY]))
        others = fitting(table, hidden, MANY)
        many += others is None
        under += bool(others and proven(table, others, hidden, policies))
        print(
            f"{done} tables: a cell is proven under ten in {without} without a secret, in {under} with one; secondary "
            f"cells {cells[0]} and {cells[1]}; more than {MANY} fit: {many}; s a table: median "
            f"{np.median(took):.1f}, most {max(took):.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(x) for x in (*sys.argv[1:], *(191, 40, 1)[len(sys.argv) - 1 :])))

"""What knowing the algorithm is worth: the suppressor rerun on every table that fits a published one.

    python benchmarks/minimality.py [tables] [secrets]

The attacker enumerates the tables of whole numbers that fit what is published and keeps those on
which a rerun gives the same pattern: once, where the rule has no secret; else under as many secrets
of his own as are given, and a table is kept where any of them does. A table *falls* where all that
are kept agree on the count of a small cell, or all have it small, though what is published allows
more. Random tables of two and three dimensions, those that at most 40 tables fit.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.secondary import start_search
from extracts.suppression.solver.suppressor import choose
from tests.unit.extracts.suppression.optimum import equations
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy()
SHAPES = ((2, 3), (3, 3), (2, 2, 2), (3, 4))
MOST = 40


def pattern(table, policy):
    """Hidden cells, or None where nothing protects it; the audit is left out, it hardly ever adds any."""
    search = start_search(relations_of(table, 1), policy)
    try:
        choose(search)
    except CannotProtectError:
        return None
    return search.hidden.copy()


def fitting(table, hidden, most=MOST):
    """Inner counts of every table that fits, or None where they are more than so many."""
    matrix, values = equations(table), table.counts.ravel()
    unknown = np.flatnonzero(hidden)
    left, right = matrix[:, unknown], -(matrix[:, ~hidden] @ values[~hidden])
    used = np.abs(left).sum(axis=1) > 0
    left, right = left[used], right[used]
    last = [np.flatnonzero(row)[-1] for row in left]
    found, budget = [], [200_000]

    def go(at, chosen, rest):
        budget[0] -= 1
        if len(found) > most or budget[0] < 0:
            return
        if at == len(unknown):
            found.append(list(chosen))
            return
        ready = [i for i, end in enumerate(last) if end == at]
        if ready:
            options = {rest[i] / left[i, at] for i in ready}
            options = options if len(options) == 1 else set()
        else:
            tops = [
                rest[i] for i in np.flatnonzero(left[:, at] > 0) if (left[i, at + 1 :] >= 0).all()
            ]
            options = range(1, int(min(tops, default=300)) + 1)
        for value in options:
            if value >= 1 and float(value).is_integer():
                chosen.append(int(value))
                go(at + 1, chosen, rest - left[:, at] * value)
                chosen.pop()

    go(0, [], right.astype(float))
    if len(found) > most or budget[0] < 0:
        return None
    made = []
    for one in found:
        whole = values.copy()
        whole[unknown] = one
        inner = whole.reshape(table.shape)[tuple(slice(len(d.leaves)) for d in table.dims)]
        made.append(from_leaves(table.dims, inner))
    return made


def drawn(chance):
    shape = SHAPES[chance.integers(len(SHAPES))]
    counts = chance.choice([0, 1, 2, 4, 7, 9, 11, 14, 19, 22, 28, 40, 57], shape)
    dims = [Dimension.flat("abc"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(shape)]
    return from_leaves(dims, counts)


def falls(table, candidates, kept):
    """Whether those that are kept agree on more about a small cell than all candidates do."""
    if not kept:
        return False, False
    small = np.flatnonzero((table.counts.ravel() > 0) & (table.counts.ravel() < POLICY.threshold))
    before = np.array([one.counts.ravel()[small] for one in candidates])
    after = np.array([one.counts.ravel()[small] for one in kept])
    exact = (np.ptp(after, axis=0) == 0) & (np.ptp(before, axis=0) > 0)
    under = (after.max(axis=0) < POLICY.threshold) & (before.max(axis=0) >= POLICY.threshold)
    return bool(exact.any()), bool(under.any())


def kept_by(candidates, hidden, policies):
    """Candidates on which a rerun under any of the policies gives the published pattern."""
    return [
        one
        for one in candidates
        if any((got := pattern(one, p)) is not None and (got == hidden).all() for p in policies)
    ]


def main(tables, secrets):
    chance = np.random.default_rng(11)
    keys = [chance.bytes(32) for _ in range(secrets)]
    counts = dict.fromkeys(
        ("tables", "today exact", "today small", "secret exact", "secret small"), 0
    )
    sizes, shares, plain_cells, secret_cells = [], [], 0, 0
    while counts["tables"] < tables:
        table = drawn(chance)
        plain = pattern(table, POLICY)
        if plain is None or not plain.any():
            continue
        candidates = fitting(table, plain)
        hidden = pattern(table, replace(POLICY, secret=b"home" * 8))
        others = None if candidates is None else fitting(table, hidden)
        if candidates is None or others is None:
            continue
        counts["tables"] += 1
        small = int(((table.counts > 0) & (table.counts < POLICY.threshold)).sum())
        plain_cells += int(plain.sum()) - small
        secret_cells += int(hidden.sum()) - small
        exact, under = falls(table, candidates, kept_by(candidates, plain, [POLICY]))
        counts["today exact"] += exact
        counts["today small"] += under
        kept = kept_by(others, hidden, [replace(POLICY, secret=key) for key in keys])
        exact, under = falls(table, others, kept)
        counts["secret exact"] += exact
        counts["secret small"] += under
        sizes.append(len(others))
        shares.append(len(kept) / len(others))
        if counts["tables"] % 8 == 0:
            print(counts, f"median share {np.median(shares):.2f}", flush=True)
    print(
        f"{counts}; fitting tables: median {np.median(sizes):.0f}; kept under {secrets} secrets: median "
        f"{np.median(shares):.0%}; secondary cells {plain_cells} without, {secret_cells} with a secret"
    )


if __name__ == "__main__":
    main(*(int(x) for x in (*sys.argv[1:], *(191, 40)[len(sys.argv) - 1 :])))

"""What knowing the algorithm is worth: the suppressor rerun on every table that fits a published one.

    python benchmarks/minimality.py [tables] [secrets] [results.jsonl] [plain] [every] [without-singletons]

The attacker enumerates the tables of whole numbers that fit what is published and keeps those on
which a rerun gives the same pattern: once, where the rule has no secret; else under as many secrets
of his own as are given, and a table is kept where any of them does. A table *falls* where all that
are kept agree on the count of a small cell, or all have it small, though what is published allows
more. Random tables of two and three dimensions, those that at most 40 tables fit: they are the ones that fall; ``every``: all
in which something is hidden, as they come. What a table came to is a line of the results, and is not done again.
``plain``: the rule without a secret is attacked, too, where at most a hundred tables fit (``every``: likewise with one); ``without-singletons``: the
rule that guards against nobody who is alone in a cell.

Where more tables fit than can be tried, single ones are drawn that fit and have ten or more in a small cell, by an integer
programme, until a rerun on one of them gives the pattern under one of the same secrets. A cell for which none was found counts as
*unseen*: it is less likely to have ten or more. It is *certain* to have fewer only where the pattern protects none of these tables, since the rule
gives any pattern now and then to any table that it protects.

A rerun is the rule's own: what does not depend on the secret (which patterns of a table are taken at all) is found once for
all secrets. Beside what is hidden stands what *any* suppressor must hide that hides fewest and keeps reruns out: a pattern
that no fitting table with ten or more in the cell may have proves the cell, whoever chose it.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

sys.path.insert(0, str(Path(__file__).parent.parent))

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.choice import Choice
from extracts.suppression.solver.cutting_planes import patterns_by_cost
from extracts.suppression.solver.fitting import Draws, fitting
from extracts.suppression.solver.reruns import Reruns
from extracts.suppression.solver.secondary import secondary, secondary_cells, start_search
from extracts.suppression.solver.suppressor import choose
from tests.unit.extracts.suppression.optimum import cheapest
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(singletons="without-singletons" not in sys.argv)
HOME = b"home" * 8
SHAPES = ((2, 3), (3, 3), (2, 2, 2), (3, 4))
MOST = 40
PLAIN = 100  # with more, none is ruled out where there is no secret
MANY = PLAIN if "every" in sys.argv else 400  # with more, none is ruled out here
DRAWN = 60  # tables for one small cell, where not all are tried
TRIED = 12  # secrets for one of them, the likeliest first
SECRETS_SEED, TABLES_SEED, DRAWS_SEED = 12, 11, 13


def pattern(table, policy):
    """Hidden cells, or None where nothing protects it; the audit is left out, it hardly ever adds any."""
    search = start_search(relations_of(table, 1), policy)
    try:
        choose(search)
    except CannotProtectError:
        return None
    return search.hidden.copy()


def drawn(chance):
    shape = SHAPES[chance.integers(len(SHAPES))]
    counts = chance.choice([0, 1, 2, 4, 7, 9, 11, 14, 19, 22, 28, 40, 57], shape)
    dims = [Dimension.flat("abc"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(shape)]
    return from_leaves(dims, counts)


def table_with(table, values):
    leaves = tuple(slice(len(d.leaves)) for d in table.dims)
    return from_leaves(table.dims, values.astype(int).reshape(table.shape)[leaves])


def proven(table, tables, gives):
    """Small cells of which no fitting table with ten and more gets the pattern, though it fits."""
    values = table.counts.ravel()
    small = np.flatnonzero((values > 0) & (values < POLICY.threshold))
    large = tables >= POLICY.threshold
    left = {int(cell) for cell in small if large[:, cell].any()}
    for at in sorted(range(len(tables)), key=lambda i: large[i, list(left)].sum()):
        mine = {cell for cell in left if large[at, cell]}
        if mine and gives(tables[at]):
            left -= mine
    return left


def drawn_by_any(rule, table, values, hidden, secrets):
    """Whether a rerun of the rule on a table gives the pattern under any of some secrets."""
    other = rule.of(values)
    search = start_search(relations_of(table_with(table, values), 1), POLICY)
    needed = next(patterns_by_cost(start_search(search.relations, POLICY)), None)
    few = 0 if needed is None else len(secondary_cells(needed))
    besides = [Choice(one, search).besides(search, few) for one in secrets]
    plain = [one for one, more in zip(secrets, besides, strict=True) if not more.any()]
    # those that hide something besides can only give a pattern that has it
    varied = [o for o, m in zip(secrets, besides, strict=True) if m.any() and (hidden | ~m).all()]
    return _drawn_plainly(rule, other, table, values, hidden, plain) or (
        protects(table, values, hidden) and _gives(table, values, hidden, varied)
    )


def protects(table, values, hidden):
    """Whether a pattern protects another table: then the rule may draw it there, by what it hides besides."""
    other = table_with(table, values)
    return cheapest(other, np.ones(table.size), ~hidden, singletons=POLICY.singletons) is not None


def _drawn_plainly(rule, other, table, values, hidden, secrets):
    """The same of secrets that hide nothing besides what is needed."""
    if rule.withstands(hidden):
        smallest = other.smallest()
        if any((one == hidden).all() for one in smallest):
            # What stands first among all of them stands first among those that withstand, too.
            if any((other.first(smallest, one) == hidden).all() for one in secrets):
                return True
            accepted = [one for one in smallest if other.withstands(one)]
            return any((other.first(accepted, one) == hidden).all() for one in secrets)
        if any(other.withstands(one) for one in smallest):
            return False
    return protects(table, values, hidden) and _gives(table, values, hidden, secrets)


def _gives(table, values, hidden, secrets):
    """Whether the rule itself gives the pattern to a table under any of some secrets."""
    policies = (replace(POLICY, secret=one) for one in secrets)
    found = (pattern(table_with(table, values), one) for one in policies)
    return any(one is not None and (one == hidden).all() for one in found)


def unseen(table, hidden, secrets):
    """Small cells for which no table was drawn that fits, has ten or more there, and gets the pattern; and whose pattern protects none."""
    one = relations_of(table, 1)
    chance = np.random.default_rng(DRAWS_SEED)
    small = (one.values > 0) & (one.values < POLICY.threshold)
    left = set(np.flatnonzero(small).tolist())
    proven = set(left)
    for cell in sorted(left):
        for _ in range(DRAWN):
            if cell not in left:
                break
            values = fitting_with(one, hidden, cell, chance)
            if values is None:  # what is published bounds it
                left.discard(cell)
                proven.discard(cell)
            elif protects(table, values, hidden):
                large = set(np.flatnonzero(values >= POLICY.threshold).tolist())
                proven -= large
                if gets(table_with(table, values), hidden, secrets):
                    left -= large
    for cell in sorted(proven):  # with nobody alone in a cell, where there is such a table
        for values in Draws(one, hidden, POLICY.threshold).with_large(cell):
            if protects(table, values, hidden):
                proven -= set(np.flatnonzero(values >= POLICY.threshold).tolist())
                break
    return left, proven


def fitting_with(one, hidden, cell, chance):
    """A table that fits, with ten or more in a cell, now and then with few other large cells, where the pattern is cheap."""
    size, top = one.values.size, float(one.values.max()) + POLICY.threshold
    least, most = np.where(hidden, one.least, one.values), np.where(hidden, top, one.values)
    least[cell] = POLICY.threshold
    own = np.eye(size)
    kept = LinearConstraint(np.hstack([one.matrix.toarray(), np.zeros(one.matrix.shape)]), 0, 0)
    large = LinearConstraint(np.hstack([own, -top * own]), -np.inf, POLICY.threshold - 1)
    only = LinearConstraint(np.hstack([own, -POLICY.threshold * own]), 0, np.inf)
    mean, spread = ((1.0, 0.3), (0.5, 1.0), (0.0, 1.0))[chance.integers(3)]
    scale = (1e-3, 1e-2, 1.0)[chance.integers(3)]
    found = milp(
        np.concatenate([chance.normal(0, scale, size), hidden * chance.normal(mean, spread, size)]),
        constraints=[kept, large, only],
        bounds=Bounds(np.concatenate([least, np.zeros(size)]), np.append(most, np.ones(size))),
        integrality=np.ones(2 * size),
    )
    return None if found.x is None else np.round(found.x[:size])


def gets(table, hidden, secrets):
    """Whether a pattern that is taken where it is first is first on a table that it protects, under one of some secrets."""
    ones = np.ones(table.size)
    search = start_search(relations_of(table, 1), POLICY)
    besides = hidden & ~search.primary
    may = search.relations.free & ~search.primary
    draws = [Choice(one, search).numbers("prices", hidden.size) for one in secrets]
    order = np.argsort([one[besides].sum() / one[may].sum() for one in draws])
    for at in order[:TRIED]:
        trial = start_search(relations_of(table, 1), POLICY)
        trial.prices = ones.copy()
        Choice(secrets[at], trial).vary(trial)
        first = next(patterns_by_cost(trial))
        if (first.hidden == hidden).all():
            return True
        if secondary(first) < besides.sum():
            return False
    return False


def attacked(table, plain, secrets, plainly):
    candidates = fitting(relations_of(table, 1), plain, PLAIN) if plainly else None

    def given_plainly(values):
        one = table_with(table, values)
        if cheapest(one, np.ones(one.size), ~plain, singletons=POLICY.singletons) is None:
            return False
        got = pattern(one, POLICY)
        return got is not None and (got == plain).all()

    plain_falls = 0 if candidates is None else len(proven(table, candidates, given_plainly))
    began = time.process_time()
    hidden = pattern(table, replace(POLICY, secret=HOME))
    took = time.process_time() - began
    small = int(((table.counts > 0) & (table.counts < POLICY.threshold)).sum())
    rule = Reruns(start_search(relations_of(table, 1), POLICY))
    tables = fitting(relations_of(table, 1), hidden, MANY)

    def given(values):
        return drawn_by_any(rule, table, values, hidden, secrets)

    seen = unseen(table, hidden, secrets) if tables is None else ((), ())
    kept = lambda values: protects(table, values, hidden)  # noqa: E731
    return {
        "small": small,
        "plain": int(plain.sum()) - small,
        "secret": int(hidden.sum()) - small,
        "any rule": least_of_any(table, int(plain.sum()) - small, int(hidden.sum()) - small),
        "proven without": plain_falls if plainly else None,
        "proven with": 0 if tables is None else len(proven(table, tables, given)),
        "many": tables is None,
        "unseen": len(seen[0]),
        "certain": len(seen[1]) if tables is None else len(proven(table, tables, kept)),
        "seconds": round(took, 2),
        "attack": round(time.process_time() - began - took, 2),
    }


def least_of_any(table, plain, taken):
    """Secondary cells of the smallest pattern that at least protects a fitting table with ten or more, for each small cell."""
    if taken > plain:
        for one in patterns_by_cost(start_search(relations_of(table, 1), POLICY)):
            tables = fitting(relations_of(table, 1), one.hidden, MANY)
            gives = lambda values, away=one.hidden: (  # noqa: E731
                cheapest(
                    table_with(table, values),
                    np.ones(table.size),
                    ~away,
                    singletons=POLICY.singletons,
                )
                is not None
            )
            if secondary(one) >= taken or tables is None or not proven(table, tables, gives):
                return round(secondary(one))
    return taken


def main(tables=191, secrets=60, results=None, *more):
    plainly = "plain" in more
    chance, others = np.random.default_rng(TABLES_SEED), np.random.default_rng(SECRETS_SEED)
    own = [others.bytes(32) for _ in range(int(secrets))]
    before = Path(results).read_text().splitlines() if results and Path(results).exists() else []
    done = [json.loads(line) for line in before]
    number = 0
    while number < int(tables):
        table = drawn(chance)
        plain = pattern(table, POLICY)
        if plain is None or not plain.any():
            continue
        if "every" not in more and fitting(relations_of(table, 1), plain, MOST) is None:
            continue
        number += 1
        if number <= len(done):
            continue
        done.append({"table": number, "secrets": len(own), **attacked(table, plain, own, plainly)})
        if results:
            with Path(results).open("a") as lines:
                lines.write(json.dumps(done[-1]) + "\n")
        print(done[-1], flush=True)
    print(summary(done[: int(tables)]))


def summary(done):
    plain, secret, any_rule = (sum(d[k] for d in done) for k in ("plain", "secret", "any rule"))
    took = [d["seconds"] for d in done]
    without = [d["proven without"] > 0 for d in done if d["proven without"] is not None]
    return (
        f"{len(done)} tables, {min(d['secrets'] for d in done)} secrets: a cell is proven under ten in "
        f"{sum(without)} of {len(without)} without a secret, in {sum(d['proven with'] > 0 for d in done)} with one; "
        f"secondary cells {plain} and {secret} ({secret / plain - 1:+.1%}), at least {any_rule} ({any_rule / plain - 1:+.1%}) "
        f"whatever the rule; more than {MANY} fit: {sum(d['many'] for d in done)}, of them with an unseen cell: "
        f"{sum(d['unseen'] > 0 for d in done)}; with a cell that is certain: {sum(d['certain'] > 0 for d in done)}; processor s a table: median "
        f"{np.median(took):.1f}, most {max(took):.1f}, all {sum(took):.0f}, attacked {sum(d['attack'] for d in done):.0f}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

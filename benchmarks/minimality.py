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

sys.path.insert(0, str(Path(__file__).parent.parent))

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver import reruns
from extracts.suppression.solver.cutting_planes import patterns_by_cost
from extracts.suppression.solver.reruns import Reruns
from extracts.suppression.solver.secondary import secondary, start_search
from extracts.suppression.solver.suppressor import choose
from tests.unit.extracts.suppression.optimum import cheapest
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(singletons="without-singletons" not in sys.argv)
HOME = b"home" * 8
SHAPES = ((2, 3), (3, 3), (2, 2, 2), (3, 4))
MOST = 40
PLAIN = 100  # with more, none is ruled out where there is no secret
MANY = PLAIN if "every" in sys.argv else 400  # with more, none is ruled out here
SECRETS_SEED, TABLES_SEED = 12, 11


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
    if (
        cheapest(
            table_with(table, values), np.ones(table.size), ~hidden, singletons=POLICY.singletons
        )
        is None
    ):
        return False
    policies = (replace(POLICY, secret=one) for one in secrets)
    found = (pattern(table_with(table, values), one) for one in policies)
    return any(one is not None and (one == hidden).all() for one in found)


def attacked(table, plain, secrets, plainly):
    candidates = reruns.fitting(relations_of(table, 1), plain, PLAIN) if plainly else None

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
    tables = reruns.fitting(relations_of(table, 1), hidden, MANY)

    def given(values):
        return drawn_by_any(rule, table, values, hidden, secrets)

    return {
        "small": small,
        "plain": int(plain.sum()) - small,
        "secret": int(hidden.sum()) - small,
        "any rule": least_of_any(table, int(plain.sum()) - small, int(hidden.sum()) - small),
        "proven without": plain_falls if plainly else None,
        "proven with": 0 if tables is None else len(proven(table, tables, given)),
        "many": tables is None,
        "seconds": round(took, 2),
        "attack": round(time.process_time() - began - took, 2),
    }


def least_of_any(table, plain, taken):
    """Secondary cells of the smallest pattern that at least protects a fitting table with ten or more, for each small cell."""
    if taken > plain:
        for one in patterns_by_cost(start_search(relations_of(table, 1), POLICY)):
            tables = reruns.fitting(relations_of(table, 1), one.hidden, MANY)
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
        if "every" not in more and reruns.fitting(relations_of(table, 1), plain, MOST) is None:
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
        f"whatever the rule; more than {MANY} fit: {sum(d['many'] for d in done)}; processor s a table: median "
        f"{np.median(took):.1f}, most {max(took):.1f}, all {sum(took):.0f}, attacked {sum(d['attack'] for d in done):.0f}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

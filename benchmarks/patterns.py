"""How small the patterns are, how fast they are made, and how far from the proven optimum.

    python benchmarks/patterns.py year [seeds]     one-year tables of 58 x 6 x 2 (1,239 cells)
    python benchmarks/patterns.py cube [years]     58 x 6 x 2 x years with all totals, no clean-up
    python benchmarks/patterns.py hard [seeds]     four short dimensions (192 cells), first and smaller patterns
    python benchmarks/patterns.py alone [seeds]    what it costs to keep cells from who is alone in another
    python benchmarks/patterns.py totals [tables]  what it costs to hide totals last (margin_weight), in small registers and years
    python benchmarks/patterns.py small [tables]   small random tables against one large programme

Made-up orders on counties as populous as California's (census of 2020, thousands), about 64,600 a year.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.suppressor import suppress
from tests.unit.extracts.suppression.optimum import fewest
from tests.unit.extracts.suppression.tables import from_leaves

PEOPLE = [
    *(1682, 1.2, 40, 211, 45, 21.8, 1165, 27.7, 191, 1008, 28.9, 136, 179, 19, 909, 152, 68, 32),
    *(10014, 156, 262, 17, 91, 281, 8.7, 13, 439, 138, 102, 3186, 404, 19.8, 2418, 1585, 64, 2181),
    *(3298, 873, 779, 282, 764, 448, 1936, 270, 182, 3.2, 44, 453, 488, 552, 99, 65, 16, 473, 55),
    *(843, 216, 81),
]
KINDS = {
    "even": ((0.5, 0.2, 0.12, 0.1, 0.05, 0.03), (0.78, 0.22), 64_572),
    "steep": ((0.7, 0.17, 0.07, 0.04, 0.015, 0.005), (0.85, 0.15), 64_572),
    "sparse": ((0.62, 0.17, 0.08, 0.06, 0.04, 0.03), (0.78, 0.22), 30_000),
}


def table(kind="even", seed=1, years=1, persons=True):
    family, sex, orders = KINDS[kind]
    chance = np.random.default_rng(seed)
    county = np.array(PEOPLE) / sum(PEOPLE)
    mean = orders * county[:, None, None] * np.array(family)[:, None] * np.array(sex)
    counts = chance.poisson(mean * np.exp(chance.normal(0, 0.35, (years, *mean.shape))))
    people = np.where(counts > 0, np.maximum(1, chance.binomial(counts, 0.62)), 0)
    dims = [
        Dimension.flat("year", [str(2016 + y) for y in range(years)]),
        Dimension.flat("county", [f"{c:03d}" for c in range(len(PEOPLE))]),
        Dimension.flat("family", [f"F{f}" for f in range(len(family))]),
        Dimension.flat("sex", ["F", "M"]),
    ]
    if years == 1:
        dims, counts, people = dims[1:], counts[0], people[0]
    return from_leaves(dims, counts, people if persons else None)


def run(one, policy):
    cpu, wall = time.process_time(), time.perf_counter()
    pattern = suppress(one, policy)
    return pattern, time.process_time() - cpu, time.perf_counter() - wall


def year(seeds):
    print("table            primary  unclean  s   secondary  proven least  cpu s  wall s")
    for kind in KINDS:
        for persons in (True, False):
            for seed in range(1, seeds + 1):
                one = table(kind, seed, persons=persons)
                plain, took, _ = run(one, SuppressionPolicy(clean=False))
                best, cpu, wall = run(one, SuppressionPolicy())
                name = f"{kind} {seed} {'persons' if persons else 'orders'}"
                print(
                    f"{name:<18}{best.primary.sum():>6}{plain.secondary.sum():>8}{took:>6.1f}"
                    f"{best.secondary.sum():>9}{best.needed:>12}{cpu:>10.1f}{wall:>7.1f}",
                    flush=True,
                )


def cube(years):
    one = table("even", years=years)
    pattern, cpu, wall = run(one, SuppressionPolicy(clean=False))
    full = one.counts > 0
    print(
        f"{one.size:,} cells, {full.sum():,} not zero, {pattern.primary.sum():,} primary: "
        f"{pattern.hidden.sum() / full.sum():.1%} hidden, {len(pattern.report.falls)} fall, "
        f"{cpu:.1f} s of one core, {wall:.1f} s",
        flush=True,
    )


def hard(seeds):
    for seed in range(1, seeds + 1):
        counts = np.random.default_rng(seed).choice([0, 3, 5, 8, 12, 16, 20, 28, 35], (3, 3, 3, 2))
        dims = [
            Dimension.flat(f"d{i}", [f"L{j}" for j in range(n)]) for i, n in enumerate((3, 3, 3, 2))
        ]
        one = from_leaves(dims, counts)
        plain, took, _ = run(one, SuppressionPolicy(clean=False))
        best, cpu, _ = run(one, SuppressionPolicy())
        print(
            f"hard {seed}: {plain.secondary.sum()} cells in {took:.1f} s, {best.secondary.sum()} in {cpu:.1f} s, "
            f"at least {best.needed}",
            flush=True,
        )


def alone(seeds):
    print("table             primary  secondary  and kept from who is alone  cpu s  and so")
    for kind in KINDS:
        for persons in (True, False):
            for seed in range(1, seeds + 1):
                one = table(kind, seed, persons=persons)
                plain, took, _ = run(one, SuppressionPolicy(singletons=False))
                kept, cpu, _ = run(one, SuppressionPolicy())
                name = f"{kind} {seed} {'persons' if persons else 'orders'}"
                print(
                    f"{name:<18}{kept.primary.sum():>7}{plain.secondary.sum():>11}"
                    f"{kept.secondary.sum():>28}{took:>7.1f}{cpu:>8.1f}",
                    flush=True,
                )


def registers(chance, shape, orders, tables):
    """Tables of few orders, most of them in few cells."""
    while tables:
        counts = chance.poisson(
            chance.dirichlet(np.full(np.prod(shape), 0.5)).reshape(shape) * orders
        )
        if counts.sum() >= 10:
            tables -= 1
            yield from_leaves(
                [Dimension.flat("abc"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(shape)], counts
            )  # fmt: skip


def totals(tables):
    chance = np.random.default_rng(3)
    kinds = {
        f"{shape}, {orders} orders": list(registers(chance, shape, orders, tables))
        for shape, orders in (((4, 3), 30), ((4, 3), 60), ((4, 3, 2), 80))
    } | {f"year, {kind}": [table(kind, persons=False)] for kind in ("even", "sparse")}
    print(
        "secondary cells: inner, and totals of one, two and three dimensions; grand totals among them"
    )
    for weight in (0.0, 0.5, 1.0):
        for name, some in kinds.items():
            hidden, grand, began = np.zeros(4, dtype=int), 0, time.process_time()
            for one in some:
                away = suppress(
                    one, SuppressionPolicy(margin_weight=weight), priced=False
                ).secondary
                places = np.argwhere(away) >= np.array([len(d.leaves) for d in one.dims])
                hidden += np.bincount(places.sum(axis=1), minlength=4)
                grand += int(places.all(axis=1).sum())
            print(
                f"{weight} {name:<26}{hidden.sum():>5}: {hidden.tolist()}, {grand} grand, {time.process_time() - began:.1f} s",
                flush=True,
            )


def small(tables):
    chance = np.random.default_rng(7)
    ratios = []
    while len(ratios) < tables:
        shape = ((4, 4), (2, 2, 3), (4, 5))[len(ratios) % 3]
        counts = chance.choice([0, 1, 3, 6, 9, 12, 18, 30, 90], shape)
        dims = [
            Dimension.flat("abc"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(shape)
        ]
        one = from_leaves(dims, counts)
        try:
            found = int(suppress(one, SuppressionPolicy()).secondary.sum())
        except CannotProtectError:
            continue
        ratios.append((found, fewest(one)))
    found, least = map(sum, zip(*ratios, strict=True))
    worst = max(a / max(b, 1) for a, b in ratios)
    same = sum(a == b for a, b in ratios)
    print(
        f"{tables} tables: {same} at the optimum, {found} cells against {least}, worst {worst:.2f}"
    )


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "year"
    number = (
        int(sys.argv[2])
        if len(sys.argv) > 2
        else {"year": 2, "alone": 1, "cube": 10, "hard": 4, "totals": 60, "small": 60}[what]
    )
    {"year": year, "alone": alone, "cube": cube, "hard": hard, "totals": totals, "small": small}[
        what
    ](number)

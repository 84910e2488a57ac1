"""Patterns side by side: primary only, ACRO, next smallest in the line, and ours; what an attacker gets.

    python benchmarks/suppression.py [years]

One-year tables of 58 counties, 6 families of orders, 2 sexes with all totals (1,239 cells); the
made-up counts have the long tail of California's counties. ACRO takes part where `make peers` has made its
environment; it counts rows, so that cells of few persons stand in the open ("shown").
"""

import sys
import time
from collections import Counter

import numpy as np
from acro_peer import acro_mask

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.audit.feasibility import Hint
from extracts.suppression.model.tables import Dimension, SuppressionPolicy, publish
from extracts.suppression.solver.suppressor import suppress
from tests.unit.extracts.suppression.tables import from_leaves


def made_up(years, seed=1, orders=64_000):
    chance = np.random.default_rng(seed)
    county = np.sort(chance.pareto(0.9, 58) + 0.05)[::-1]
    family = np.array([0.62, 0.17, 0.08, 0.06, 0.04, 0.03])
    sex = np.array([0.78, 0.22])
    mean = orders * (county / county.sum())[:, None, None] * family[:, None] * sex
    shape = (years, 58, 6, 2)
    counts = chance.poisson(mean * np.exp(chance.normal(0, 0.35, shape)))
    persons = np.where(counts > 0, np.maximum(1, chance.binomial(counts, 0.8)), 0)
    dims = [
        Dimension.flat("year", [str(2016 + y) for y in range(years)], total=False),
        Dimension.flat("county", [f"{c:03d}" for c in range(58)]),
        Dimension.flat("family", [f"F{f}" for f in range(6)]),
        Dimension.flat("sex", ["F", "M"]),
    ]
    return from_leaves(dims, counts, persons)


def next_smallest(table, hidden):
    """In each line with one hidden cell hide the next smallest, until no line has exactly one."""
    hidden = hidden.copy()
    changed = True
    while changed:
        changed = False
        for axis, dim in enumerate(table.dims):
            if not dim.groups:
                continue
            away = np.moveaxis(hidden, axis, -1)
            values = np.moveaxis(table.counts, axis, -1)
            for place in np.argwhere(away.sum(axis=-1) == 1):
                line = np.where(
                    away[tuple(place)] | (values[tuple(place)] == 0), np.inf, values[tuple(place)]
                )
                if np.isfinite(line).any():
                    away[(*place, int(np.argmin(line)))] = True
                    changed = True
    return hidden


def main():
    years = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    table = made_up(years)
    full = table.counts > 0
    primary = full & (table.people < 10)
    places = ((0, labels) for labels in table.labels())
    hint = Hint(dict(zip(places, map(int, table.counts.ravel()), strict=True)))
    print(f"{table.size:,} cells, {full.sum():,} not zero, {primary.sum():,} primary")
    print(
        f"{'pattern':<16}{'hidden':>9}{'exact':>8}{'below 10':>10}{'shown':>7}{'make s':>9}{'audit s':>9}"
    )
    patterns = {
        "primary only": lambda: primary,
        "ACRO 1.0.2": lambda: acro_mask(table),
        "next smallest": lambda: next_smallest(table, primary),
        "ours, unclean": lambda: suppress(table, SuppressionPolicy(clean=False)).hidden,
        "ours": lambda: suppress(table, SuppressionPolicy()).hidden,
    }
    for name, make in patterns.items():
        started = time.perf_counter()
        hidden = make()
        made = time.perf_counter() - started
        if hidden is None:
            print(f"{name:<16}left out: no environment of its own, see `make peers`")
            continue
        started = time.perf_counter()
        report = audit_table(publish(table, hidden), hint=hint)
        took = time.perf_counter() - started
        fell = Counter(fall.how for fall in report.falls)
        share = (hidden & full).sum() / full.sum()
        print(
            f"{name:<16}{share:>9.1%}{fell['exact']:>8}{fell['below']:>10}{fell['shown']:>7}{made:>9.1f}{took:>9.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

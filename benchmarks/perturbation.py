"""Hiding cells beside noise in all of them: what is shown, how far off it is, and what an attacker makes of it.

    python benchmarks/perturbation.py

The one-year table of `suppression.py`. A hidden cell is read as five persons. "Fitted" is the standard deviation, as a
part of the stated one, that is left of an inner cell to who fits all margins and inner cells by least squares.
"""

import time

import numpy as np
from suppression import made_up

from extracts.perturbation import Noise, attack, perturb
from extracts.suppression import PublishedTable, SuppressionPolicy
from extracts.suppression.solver.suppressor import suppress


def fitted(table):
    """The least squares of all cells and margins: the deviation of an inner cell, where each shown value has one of 1."""
    spans = np.ones((1, 1))
    for dim in table.dims:
        spans = np.kron(spans, dim.spans)
    return np.sqrt(np.diag(np.linalg.inv(spans.T @ spans)))


def line(name, people, shown, seconds, found):
    full = people > 0
    read = np.where(np.isnan(shown), 5.0, shown)
    off = np.abs(read - people)
    small = full & (people < 10)
    print(
        f"{name:<16}{(~np.isnan(shown[full])).mean():>8.1%}{(shown[full] > 0).mean():>9.1%}{off[full].mean():>9.2f}"
        f"{off[small].mean():>9.2f}{off[full & ~small].mean():>9.2f}{seconds:>8.1f}  {found}"
    )


def main():
    table = made_up(1)
    people = table.people.ravel().astype(float)
    print(
        f"{table.size:,} cells, {(people > 0).sum():,} not zero, {((people > 0) & (people < 10)).sum():,} under ten"
    )
    print(
        f"{'method':<16}{'a value':>8}{'above 0':>9}{'off':>9}{'small':>9}{'others':>9}{'s':>8}  proven"
    )
    start = time.process_time()
    hidden = suppress(table, SuppressionPolicy()).hidden.ravel()
    seconds = time.process_time() - start
    line("suppress", people, np.where(hidden, np.nan, people), seconds, 0)
    keys = np.random.default_rng(7).integers(0, 2**64, table.shape, dtype=np.uint64)
    true = dict(zip(table.labels(), zip(table.counts.ravel().tolist(), table.people.ravel().tolist(), strict=True), strict=True))  # fmt: skip
    for noise in (Noise("cell_key"), Noise("cell_key", deviation=12, variance=4), Noise("round")):  # fmt: skip
        start = time.process_time()
        rows = perturb(table, keys, noise)
        parents = {d.name: {kid: group for group, kids in d.groups for kid in kids} for d in table.dims}  # fmt: skip
        shown = PublishedTable(tuple(d.name for d in table.dims), rows, parents, has_persons=True)
        found = attack([shown], noise, true=true)
        values = np.array([row.persons for row in rows], dtype=float)
        seconds = time.process_time() - start
        line(
            noise.name,
            people,
            values,
            seconds,
            f"{len(found.proven)} ({found.programmes} programmes)",
        )
    print(f"fitted: {fitted(table).min():.2f} of the stated deviation")


if __name__ == "__main__":
    main()

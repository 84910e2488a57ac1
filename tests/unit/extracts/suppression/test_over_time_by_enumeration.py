"""Tables that cut one dimension differently, one after the other, against an attacker who tries every table.

The attacker knows nothing of the suppressor or the audit: he lists all tables of whole numbers over the
atoms that fit every row of every file, and looks at what a hidden cell, or what two levels leave between
them, can be.
"""

import csv
import tempfile
from functools import cache
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import CodedError
from extracts.suppression.commands import audit_file, suppress_file
from tests.examples import examples

SMALL = 3  # persons: fewer are few
MOST = {4: 16, 6: 9}  # of one atom, by how many atoms there are; more than any movement needs


def bands_of(cuts):
    """Ages 0 to 3 cut into bands: (first, last)."""
    edges = [0, *sorted(cuts), 4]
    return [(a, b - 1) for a, b in pairwise(edges)]


def named(band):
    return str(band[0]) if band[0] == band[1] else f"{band[0]}-{band[1]}"


TREE = {"a1": "A", "a2": "A", "b1": "B", "b2": "B"}
HIERARCHY = [  # levels of a table, each with the atoms 0 to 3 that it means
    {"a1": {0}, "a2": {1}, "b1": {2}, "b2": {3}},
    {"A": {0, 1}, "b1": {2}, "b2": {3}},
    {"a1": {0}, "a2": {1}, "B": {2, 3}},
    {"A": {0, 1}, "B": {2, 3}},
]


@st.composite
def stories(draw, *, hierarchy):
    """True counts of ages (by sex), and the tables that are published one after the other."""
    sexes = draw(st.sampled_from([1, 1, 2])) if not hierarchy else 1
    ages = 4 if sexes == 1 else 3
    values = draw(st.lists(st.integers(0, 5), min_size=ages * sexes, max_size=ages * sexes))
    tables = []
    for _ in range(draw(st.integers(2, 3))):
        if hierarchy:
            levels = draw(st.sampled_from(HIERARCHY))
        else:
            cuts = draw(st.sets(st.integers(1, ages - 1)))
            bands = bands_of({c for c in cuts if c < ages})
            levels = {
                named((a, min(b, ages - 1))): set(range(a, min(b, ages - 1) + 1))
                for a, b in bands
                if a < ages
            }
        tables.append((levels, sexes == 2 and draw(st.booleans())))
    return np.array(values).reshape(ages, sexes), tables


def publish(folder, counts, tables, hierarchy):
    """Publish each table beside those before; the files that there are, and why it ended."""
    book, tree = folder / "book.csv", folder / "tree.csv"
    lines = {f"g,{named((a, b))},{a}..{b}" for a in range(4) for b in range(a, 4)}
    book.write_text("\n".join(["dimension,level,atoms", *sorted(lines)]) + "\n")
    tree.write_text("child,parent\n" + "".join(f"{c},{p}\n" for c, p in TREE.items()))
    how = {"hierarchy": {"g": tree}} if hierarchy else {"codebook": book}
    out = []
    for number, (levels, by_sex) in enumerate(tables):
        rows = [
            (level, *sex, int(counts[sorted(atoms)][:, which].sum()))
            for level, atoms in levels.items()
            for sex, which in (
                [(("F",), [0]), (("M",), [1])] if by_sex else [((), [0, 1][: counts.shape[1]])]
            )
        ]
        dims = ["g", "sex"] if by_sex else ["g"]
        cells = folder / f"cells{number}.csv"
        cells.write_text(
            "\n".join([",".join([*dims, "n"]), *(",".join(map(str, r)) for r in rows)])
        )
        path = folder / f"out{number}.csv"
        try:
            suppress_file(
                cells, dims=dims, count="n", threshold=SMALL, earlier=out, out=path, **how
            )
        except CodedError as error:
            assert not path.exists()
            return out, error
        report = audit_file(path, dims=dims, count="n", threshold=SMALL, earlier=out, **how)
        assert report.holds
        out.append(path)
    return out, None


@cache
def all_tables(size):
    """Every table of so many atoms, one a column."""
    return np.indices((MOST[size] + 1,) * size, dtype=np.int16).reshape(size, -1)


def fitting(files, tables, ages, sexes):
    """Every table over the atoms that fits all rows, one a column; and the sets of cells of each row."""
    found, every = all_tables(ages * sexes), []
    for path, (levels, by_sex) in zip(files, tables, strict=False):
        groups = {
            g: frozenset(a for c, p in TREE.items() if p == g for a in [list(TREE).index(c)])
            for g in "AB"
        }
        atoms = {"TOTAL": set(range(ages)), **groups, **levels}
        which = {"F": {0}, "M": {1}, "TOTAL": {0, 1}}
        with path.open(newline="") as handle:
            for row in csv.DictReader(handle):
                sex = which[row["sex"]] if by_sex else set(range(sexes))
                cells = sorted(a * sexes + s for a, s in product(atoms[row["g"]], sex))
                sums = found[cells].sum(axis=0)  # of those that are left
                found = found[:, sums == int(row["n"]) if row["n"] else sums >= 1]
                every.append((frozenset(cells), row["n"]))
    return found, every


def check(counts, tables, hierarchy):
    with tempfile.TemporaryDirectory() as folder:
        files, _ = publish(Path(folder), counts, tables, hierarchy)
        found, rows = fitting(files, tables, *counts.shape)
    assert found.shape[1]
    for cells, shown in rows:
        seen = found[sorted(cells)].sum(axis=0)
        low, high = int(seen.min()), int(seen.max())
        if shown:
            assert low == 0 or low >= SMALL, (sorted(cells), low)
        elif frozenset(cells) not in {c for c, n in rows if n}:
            assert low < high, (sorted(cells), low)
            assert high >= SMALL, (sorted(cells), high)
    for one, other in combinations({cells for cells, _ in rows}, 2):
        for between in (one - other, other - one, one & other):
            if between:
                seen = found[sorted(between)].sum(axis=0)
                assert seen.min() < 1 or seen.max() >= SMALL, (
                    sorted(between),
                    seen.min(),
                    seen.max(),
                )


@pytest.mark.long
@examples(150)
@given(story=stories(hierarchy=False))
def test_no_small_group_between_bands_is_proven(story):
    check(*story, hierarchy=False)


@pytest.mark.long
@examples(60)
@given(story=stories(hierarchy=True))
def test_no_small_group_is_proven_coarse_first_or_fine_first(story):
    check(*story, hierarchy=True)

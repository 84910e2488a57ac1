"""Any tables, hierarchies and earlier tables: a pattern that holds, or an error with a code; nothing else."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import CodedError
from extracts.suppression.commands import audit_file, suppress_file
from extracts.suppression.errors import LevelIsTotalError
from tests.examples import examples

LEVELS = [
    "x",
    "y",
    "z",
    "G",
    "H",
    "X",
    " y",
    "TOTAL",
    "Total",
    "All",
    "0-17",
    "0-19",
    "18+",
    "20+",
    "2021",
]
counts = st.sampled_from([0, 1, 2, 4, 11, 30])


@st.composite
def tables(draw, dims, hidden):
    """Rows of some levels; often each combination once, sometimes with holes, twice, or hidden."""
    few = [
        draw(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=4, unique=True)) for _ in dims
    ]
    places = [[]]
    for levels in few:
        places = [[*p, level] for p in places for level in levels]
    if draw(st.booleans()):
        places = draw(st.lists(st.sampled_from(places), min_size=1, max_size=8))
    rows = []
    for place in places:
        count = draw(counts)
        shown = "" if hidden and draw(st.integers(0, 3)) == 0 else str(count)
        rows.append([*place, shown])
    return [list(dims), rows]


@st.composite
def requests(draw):
    """Files of one request, and what is asked of them."""
    dims = draw(st.sampled_from([["g"], ["g", "h"]]))
    other = draw(st.sampled_from([["g"], ["g", "h"], ["h"], ["g", "i"], ["G"]]))
    pairs = st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
    return {
        "cells": draw(tables(dims, hidden=False)),
        "earlier": draw(st.lists(tables(other, hidden=True), max_size=2)),
        "tree": draw(st.none() | st.lists(pairs, min_size=1, max_size=4)),
        "book": draw(st.none() | st.lists(st.sampled_from(BOOK), min_size=1, unique=True)),
        "zeros": draw(st.sampled_from(["published", "hidden"])),
    }


BOOK = [
    *("g,0-17,0..17", "g,18+,18..", "g,0-19,0..19", "g,20+,20..", "g,2021,2021"),
    *(
        "g,x,x",
        "g,X,x",
        "g,y,y",
        "g, y,y",
        "g,z,z",
        "g,G,x;y",
        "g,H,z",
        "g,All,*",
        "G,,g",
        "h,All,All",
    ),
]


def write(path, header, rows):
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
    return path


@pytest.mark.long
@examples(300)
@given(asked=requests())
def test_any_request_works_or_is_refused_with_a_code(asked):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dims, rows = asked["cells"]
        cells = write(folder / "cells.csv", [*dims, "n"], rows)
        earlier = [
            write(folder / f"earlier{i}.csv", [*names, "n"], rows)
            for i, (names, rows) in enumerate(asked["earlier"])
        ]
        how = {"dims": dims, "count": "n", "earlier": earlier, "zeros": asked["zeros"]}
        if asked["tree"]:
            how["hierarchy"] = {"g": write(folder / "tree.csv", ["child", "parent"], asked["tree"])}
        if asked["book"]:
            lines = [line.split(",") for line in asked["book"]]
            how["codebook"] = write(folder / "b.csv", ["dimension", "level", "atoms"], lines)
        try:
            suppress_file(cells, out=folder / "out.csv", threshold=3, **how)
        except CodedError:
            assert not (folder / "out.csv").exists()
        else:
            with suppress(LevelIsTotalError):  # an All whose counts are hidden now
                assert audit_file(folder / "out.csv", threshold=3, **how).holds
        with suppress(CodedError):
            audit_file(cells, threshold=3, **how)

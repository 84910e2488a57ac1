"""ACRO on the same table: what it hides, cell by cell. Run by ``suppression.py`` in ``.venv-peers``.

ACRO counts rows and suppresses primary cells alone, each output for itself; its default threshold is
ten. It is asked for the table and for every margin of it, as a researcher would who
publishes them all.

    .venv-peers/bin/python benchmarks/acro_peer.py < cells.csv > hidden.csv
"""

import contextlib
import csv
import io
import itertools
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"
TOTAL = "TOTAL"


def acro_hidden(table):
    """Cells (labels without the year) that ACRO hides of a one-year table; None without its environment."""
    if not PEERS.exists():
        return None
    dims = [d for d in table.dims if d.groups]
    drop = [i for i, d in enumerate(table.dims) if not d.groups]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*(d.name for d in dims), "n"])
    for labels, count, leaf in zip(
        table.labels(), table.counts.ravel(), table.leaf_mask().ravel(), strict=True
    ):
        if leaf and count:
            writer.writerow([*(x for i, x in enumerate(labels) if i not in drop), int(count)])
    done = subprocess.run(
        [str(PEERS), str(HERE / "acro_peer.py")],
        input=out.getvalue(),
        capture_output=True,
        text=True,
        check=True,
    )
    return {tuple(row) for row in csv.reader(io.StringIO(done.stdout))}


def acro_mask(table):
    """The same in the shape of the table, ready to be attacked; None without the environment."""
    found = acro_hidden(table)
    if found is None:
        return None
    import numpy as np

    drop = [i for i, d in enumerate(table.dims) if not d.groups]
    flags = [
        tuple(x for i, x in enumerate(labels) if i not in drop) in found
        for labels in table.labels()
    ]
    return np.array(flags).reshape(table.shape) & (table.counts > 0)


def main():
    """Records from stdin, hidden cells to stdout; everything that ACRO says goes to stderr."""
    rows = list(csv.DictReader(sys.stdin))
    real = sys.stdout
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # ACRO writes its outputs where it stands
        hidden = _hidden(rows)
    csv.writer(real, lineterminator="\n").writerows(sorted(hidden))


def _hidden(rows):
    import pandas as pd
    from acro import ACRO

    logging.disable(logging.INFO)
    dims = [name for name in rows[0] if name != "n"]
    records = pd.DataFrame(
        [[row[d] for d in dims] for row in rows for _ in range(int(row["n"]))], columns=dims
    )
    records["all"] = TOTAL
    acro = ACRO(suppress=True)
    found = set()
    for size in range(len(dims) + 1):
        for chosen in itertools.combinations(dims, size):
            first, *rest = chosen or ("all",)
            made = acro.crosstab(records[first], [records[d] for d in rest] or records["all"])
            shown = pd.crosstab(records[first], [records[d] for d in rest] or records["all"])
            for at in itertools.product(made.index, made.columns):
                if shown.loc[at] and pd.isna(made.loc[at]):
                    levels = dict(zip(chosen, _flat(at), strict=False))
                    found.add(tuple(levels.get(d, TOTAL) for d in dims))
    return found


def _flat(at):
    row, column = at
    return (row, *(column if isinstance(column, tuple) else (column,)))


if __name__ == "__main__":
    main()

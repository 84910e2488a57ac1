"""How far de-identified rows are from the best: `python benchmarks/rows_bound.py ROWS [K]`.

ROWS is a de-identified extract as Parquet, before suppression (``benchmarks/deidentified.py``). The bound is proven by a
relaxation, not estimated: whom a person is alike to has as many rows, so that what a row shows k persons with as many
rows have in one of theirs. Of all sets of a row's columns the largest that is as frequent is therefore the most that
any pattern of emptied cells leaves of it; columns without a value ask for nothing. Rows of one person are looked at
apart, and classes may overlap: the best possible lies between what is kept and the bound.

Ages are tried in three ladders: groups and halves; ten and twenty years; five, ten and twenty years and halves.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.deidentified import VERSIONS, coded, shown
from extracts.deidentified import suppress_locally
from extracts.rows import plan_for
from systems.description import load_system

AGES = ("person_age_group", "person_age_ten", "person_age_band")


def numbered(values):
    return pa.array(values).dictionary_encode().indices.to_numpy().astype(np.int64)


def most_cells(codes, valued, person, k):
    """For each row the largest number of its values that k persons with as many rows have in one row."""
    best, people, many = np.zeros(person.size, np.int64), int(person.max()) + 1, np.bincount(person)

    def look(at, key, able, size):
        if at < len(codes):
            look(at + 1, key, able, size)
            both = numbered(key * (int(codes[at].max()) + 1) + codes[at])
            look(at + 1, both, able & valued[at], size + 1)
            return
        pairs = numbered(key * people + person)
        first = np.zeros(int(pairs.max()) + 1, np.int64)
        first[pairs] = key
        frequent = able & (np.bincount(first)[key] >= k)
        best[frequent] = np.maximum(best[frequent], size)

    look(0, many[person], np.ones(person.size, bool), 0)
    return best


def with_ages(table):
    """Ten and twenty years, from five."""
    system = load_system("CARPOS")
    for name in ("person_age_ten", "person_age_twenty"):
        codes = system.code_list(name.removeprefix("person_"))
        lowest, highest = codes.attribute("lowest"), codes.attribute("highest")
        band = system.code_list("age_band").attribute("lowest")
        wider = {
            b: next(v for v in lowest if int(lowest[v]) <= int(band[b]) <= int(highest[v]))
            for b in band
        }
        made = [wider.get(v, v) for v in table["person_age_band"].to_pylist()]
        table = table.append_column(name, pa.array(made, pa.string()))
    return table


def main(path, k):
    system = load_system("CARPOS")
    described, whole = system.rows("deidentified"), with_ages(pq.read_table(path))
    for age in AGES:
        concepts = tuple(age if n == "person_age_group" else n for n in VERSIONS)
        wanted = tuple(dict.fromkeys(v for n in concepts for v in described.versions(n)))
        plan = plan_for(system, "deidentified", wanted)
        table = whole.select([*plan.references, *wanted])
        chains = [next(c for c in plan.chains if c[-1] == n) for n in concepts]
        began = time.process_time()
        done = suppress_locally(
            table, plan.quasi_identifiers, plan.gives_way, k, chains=plan.chains, groups=plan.groups
        )
        levels, full = shown(table, done.table, chains), np.array([len(c) for c in chains])
        print(f"{age}, k = {k}: {time.process_time() - began:.1f} s of processor time")
        at = [c[-1] for c in chains].index(age)
        ages = [f"{n} {(levels[:, at] > v).mean():.1%}" for v, n in enumerate(chains[at])]
        print("   ", ", ".join(ages))
        person = np.unique(table["person_ref"].to_pylist(), return_inverse=True)[1]
        valued = np.stack([table[chain[0]].is_valid().to_numpy() for chain in chains], axis=1)
        for name, version, kept in (("any", 1, levels > 0), ("exact", -1, levels == full)):
            whole_rows = (kept | ~valued).all(axis=1).mean()
            cells = kept[valued].mean()
            print(f"    {name}: whole rows {whole_rows:.1%}, cells {cells:.1%}", flush=True)
            if age == AGES[0]:
                codes = [coded(table, chain)[0][version] for chain in chains]
                best = most_cells(codes, valued.T, person, k)
                most = (best == valued.sum(axis=1)).mean(), best.sum() / valued.sum()
                print(f"    {name}: at most {most[0]:.1%} and {most[1]:.1%}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)

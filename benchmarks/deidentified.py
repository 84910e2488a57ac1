"""What de-identified rows keep at k = 10: `python benchmarks/deidentified.py ROWS.parquet [K]`.

ROWS.parquet is a de-identified extract of CARPOS with every version of its columns, before suppression. In one run:
column after column (what the product did before), a plain strict Mondrian (LeFevre, DeWitt and Ramakrishnan
2006) on persons' histories, and the product. A concept counts as kept where any version of it is shown; information is the
non-uniform entropy of Gionis and Tassa (2009): 1 - sum of -log2 P(finest value | what is shown) over all cells, as a share of what it is with all hidden.
"""

import sys
import time
from collections import Counter, defaultdict

import numpy as np
import pyarrow.parquet as pq

from extracts.deidentified import suppress_locally
from extracts.rows import plan_for
from systems.description import load_system

VERSIONS = ("person_sex", "person_race_group", "person_age_group", "order_family", "order_stage",
            "order_issue_year", "order_expiration_year", "order_region", "order_service_year")  # fmt: skip


def coded(table, chain):
    """Joint codes of a chain, the coarsest first, and where there is a value."""
    codes, out = np.zeros(table.num_rows, np.int64), [np.zeros(table.num_rows, np.int64)]
    for name in chain:
        one = table[name].combine_chunks().dictionary_encode()
        one = one.indices.fill_null(len(one.dictionary)).to_numpy(zero_copy_only=False)
        codes = np.unique(codes * (one.max() + 2) + one, return_inverse=True)[1]
        out.append(codes)
    return out, table[chain[0]].is_valid().to_numpy()


def shown(before, after, chains):
    """For each row of ``before`` and each chain how many versions ``after`` shows."""
    refs = ("person_ref", "order_ref")
    place = {
        key: i for i, key in enumerate(zip(*(after[r].to_pylist() for r in refs), strict=True))
    }
    at = np.array(
        [place.get(k, -1) for k in zip(*(before[r].to_pylist() for r in refs), strict=True)]
    )
    levels = np.zeros((before.num_rows, len(chains)), np.int64)
    for c, chain in enumerate(chains):
        levels[:, c] = sum(after[n].is_valid().to_numpy().astype(int) for n in chain)[at]
    levels[at < 0] = 0
    return levels


def told(name, before, chains, levels, seconds):
    """One line a concept, then whole rows and information."""
    kept, finest, information, whole = [], [], [], np.ones(before.num_rows, bool)
    for c, chain in enumerate(chains):
        codes, valued = coded(before, chain)
        kept.append((levels[valued, c] > 0).mean())
        finest.append((levels[valued, c] == len(chain)).mean())
        whole &= (levels[:, c] > 0) | ~valued
        sizes = [np.bincount(v)[v] for v in codes]
        of = np.choose(np.minimum(levels[:, c], len(chain)), sizes)
        lost, all_of_it = (
            np.log2(of / sizes[-1])[valued].sum(),
            np.log2(len(of) / sizes[-1])[valued].sum(),
        )
        information.append(1 - lost / all_of_it if all_of_it else 1.0)
    print(
        f"{name:<26}{whole.mean():>8.1%}{min(kept):>9.1%}{np.mean(information):>9.1%}{seconds:>9.1f}"
    )
    for chain, k, f, i in zip(chains, kept, finest, information, strict=True):
        print(f"    {chain[-1]:<30}{k:>8.1%} any{f:>8.1%} finest{i:>8.1%} information")


def histories(codes, persons):
    """Persons' rows as a matrix for each number of rows: row numbers, sorted by value within a person."""
    order = np.lexsort((*codes, persons))
    many = np.bincount(persons)
    starts = np.cumsum(many) - many
    return [
        order[starts[many == n][:, None] + np.arange(n)]
        for n in range(1, many.max() + 1)
        if (many == n).any()
    ]


def column_after_column(codes, persons, k):
    """What the product did: empty the least useful column of all persons who are rare, and the next; then give back."""
    levels = np.ones((len(persons), len(codes)), np.int64)

    def rare():
        key = np.zeros(len(persons), np.int64)
        for c, code in enumerate(codes):
            key = np.unique(
                key * (code.max() + 2) + np.where(levels[:, c] > 0, code + 1, 0),
                return_inverse=True,
            )[1]
        people = defaultdict(list)
        for person, one in zip(persons, key, strict=True):
            people[person].append(one)
        names = {p: tuple(sorted(v)) for p, v in people.items()}
        size = Counter(names.values())
        return np.array([size[names[p]] < k for p in range(len(names))])

    for c in (8, 6, 4, 7, 1, 5, 2, 3, 0):
        levels[rare()[persons], c] = 0
    levels[rare()[persons]] = 0
    return levels


def mondrian(codes, persons, k):
    """Strict multidimensional cuts at the median of the column that is widest in entropy; what differs within a part is hidden."""
    levels = np.zeros((len(persons), len(codes)), np.int64)
    for rows in histories(codes, persons):
        if len(rows) < k:
            continue
        cells = np.concatenate([code[rows] for code in codes], axis=1)
        stack = [np.arange(len(rows))]
        while stack:
            part = stack.pop()
            values = cells[part]
            spread = [len(np.unique(values[:, i])) for i in range(cells.shape[1])]
            for i in np.argsort(spread)[::-1]:
                ordered = np.sort(values[:, i])
                low = values[:, i] <= ordered[(len(part) - 1) // 2]
                if spread[i] > 1 and k <= low.sum() <= len(part) - k:
                    stack += [part[low], part[~low]]
                    break
            else:
                same = (values == values[0]).all(axis=0).reshape(len(codes), -1)
                levels[rows[part]] = same.T
    return levels


def main(path, k):
    table = pq.read_table(path)
    system = load_system("CARPOS")
    described = system.rows("deidentified")
    wanted = tuple(dict.fromkeys(v for n in VERSIONS for v in described.versions(n)))
    plan = plan_for(system, "deidentified", wanted)
    table = table.select([*plan.references, *(n for n in table.column_names if n in wanted)])
    chains = [next(c for c in plan.chains if c[-1] == name) for name in VERSIONS]
    persons = np.unique(table["person_ref"].to_pylist(), return_inverse=True)[1]
    finest = [coded(table, chain)[0][-1] for chain in chains]
    print(f"{table.num_rows:,} rows, {persons.max() + 1:,} persons, k = {k}")
    print(f"{'':<26}{'whole':>8}{'least':>9}{'information':>9}{'seconds':>9}")
    for name, way in (("column after column", column_after_column), ("Mondrian", mondrian)):
        began = time.perf_counter()
        levels = way(finest, persons, k) * np.array([len(c) for c in chains])
        told(name, table, chains, levels, time.perf_counter() - began)
    began = time.perf_counter()
    done = suppress_locally(
        table, plan.quasi_identifiers, plan.gives_way, k, chains=plan.chains, groups=plan.groups
    )
    seconds = time.perf_counter() - began
    told("doj-release", table, chains, shown(table, done.table, chains), seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10)

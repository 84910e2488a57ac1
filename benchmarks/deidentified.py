"""What de-identified rows keep at k = 10: `python benchmarks/deidentified.py ROWS [K]`, with `gvro` for gun violence alone.

ROWS is a home with a CARPOS register (that of `demo`), or a de-identified extract of it as Parquet with every version of
its columns, before suppression. In one run: column after column (what the product did before), a plain strict Mondrian (LeFevre, DeWitt and Ramakrishnan
2006) on persons' histories, one version a column for everybody (full-domain recoding as of ARX's lattice, on a greedy
path through it, at most a twentieth of persons left out), the product's choice, and the product after the attack by
other columns. Where uv is, pycanon (in an environment of its own: it asks for an older NumPy) counts k of the last once more. A concept counts as kept where any version of it is shown; information is the
non-uniform entropy of Gionis and Tassa (2009): 1 - sum of -log2 P(finest value | what is shown) over all cells, as a share of what it is with all hidden. At the end gun
violence orders: all of them, and 3,000 of persons drawn by a seed, as they are and with the year, the stage and the age at weight 2.
"""

import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.rows import Ids
from extracts.deidentified import RiskLimit, build_deidentified, defend, suppress_locally
from extracts.rows import RowScope, emptied_cells, plan_for
from pipelines.home import open_home
from pipelines.session import Session
from systems.companions import values_of
from systems.description import load_system

PYCANON = ("uv", "run", "--no-project", "--quiet", "--with", "pycanon==1.3.6", "python", "-c")
VERSIONS = ("person_sex", "person_race_group", "person_age_group", "order_family", "order_stage",
            "order_issue_year", "order_expiration_year", "order_region", "order_service_year")  # fmt: skip

FAMILIES = ("GV", "DV", "CH", "WV", "EA", "SV", "CPO")
COARSENED = ("_month", "_quarter", "_county")  # finer than what the demo's project asks for
WEIGHTS = {"order_issue_year": 2.0, "order_stage": 2.0, "person_age_group": 2.0}
SAMPLE = 3_000  # gun violence orders


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


def summarise(name, before, chains, levels, seconds):
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


def full_domain(persons, k, chains, table):
    """One version of each column for all rows: the finest at first, then the cheapest step towards ``k``, again and again."""
    codes = [[np.zeros(len(persons), np.int64), *coded(table, chain)[0][1:]] for chain in chains]
    bits = [[entropy(version) for version in versions] for versions in codes]
    level, many = [len(chain) for chain in chains], np.bincount(persons)
    order = np.argsort(persons, kind="stable")
    starts = np.cumsum(many) - many

    def rare(levels):
        key = np.zeros(len(persons), np.int64)
        for versions, at in zip(codes, levels, strict=True):
            key = np.unique(key * (versions[at].max() + 1) + versions[at], return_inverse=True)[1]
        mixed = np.random.default_rng(1).integers(1, 2**62, key.max() + 1)[key][order]
        history = np.add.reduceat(mixed, starts)  # a sum over the rows: their order is nothing
        _, at, size = np.unique(history, return_inverse=True, return_counts=True)
        return size[at] < k

    left = rare(level)
    while left.mean() > 0.05 and any(level):
        tried = []
        for c, at in enumerate(level):
            if at:
                coarser = [*level[:c], at - 1, *level[c + 1 :]]
                now = rare(coarser)
                gained = left.sum() - now.sum()
                tried.append((gained / max(bits[c][at] - bits[c][at - 1], 1e-9), coarser, now))
        _, level, left = max(tried, key=lambda one: one[0])
    levels = np.tile(np.array(level), (len(persons), 1))
    levels[left[persons]] = 0
    return levels


def entropy(codes):
    share = np.bincount(codes) / len(codes)
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def pycanon_k(table, quasi):
    """Persons in the smallest class, with their whole histories, counted by pycanon."""
    rows = defaultdict(list)
    for person, *values in zip(
        *(table[n].to_pylist() for n in ("person_ref", *quasi)), strict=True
    ):
        rows[person].append(repr(values))
    told = "\n".join("|".join(sorted(one)).replace('"', "'") for one in rows.values())
    counted = (
        "import sys, pandas; from pycanon import anonymity; "
        "data = pandas.DataFrame({'history': sys.stdin.read().split(chr(10))}); "
        "print(anonymity.k_anonymity(data, ['history']))"
    )
    return subprocess.run(
        [*PYCANON, counted], input=told, capture_output=True, text=True, check=True
    ).stdout.strip()


def extract_of(path):
    """Rows before suppression: read, or made from the newest register of a home."""
    if path.is_file():
        return pq.read_table(path)
    system = load_system("CARPOS")
    columns = tuple(
        n for n in system.rows("deidentified").column_names if not n.endswith(COARSENED)
    )
    with Session(open_home(path)) as session:
        register = session.registers.newest("CARPOS")
        with register.connect(2) as con:
            scope = RowScope(FAMILIES, columns=columns)
            return build_deidentified(con, system, scope, Ids()).table


def attacked(name, table, described, k, weights=None):
    """Rows as they would leave, and what they keep of all columns."""
    names = [v for n in VERSIONS for v in described.versions(n)]
    others = [c.name for c in described.columns if c.name not in described.gives_way and not c.step]
    names += [v for n in others for v in described.versions(n) if v in table.column_names]
    plan = plan_for(load_system("CARPOS"), "deidentified", tuple(dict.fromkeys(names)))
    table = table.select([c.name for c in plan.columns if c.name in table.column_names])
    chains = [next(c for c in plan.chains if c[-1] == n) for n in VERSIONS]
    began, cpu = time.perf_counter(), time.process_time()
    limit = RiskLimit(k=k, max_prosecutor=1 / k, max_marketer=1 / k)
    kept = defend(table, plan, limit, weights)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    after = kept.suppressed.table
    summarise(name, table, chains, shown(table, after, chains), seconds)
    print(f"    {cpu:.1f} s of processor time, {kept.rounds} attacks")
    for name in values_of(after.column_names):
        if name not in {*plan.quasi_identifiers, *plan.references}:
            had = table.num_rows - table[name].null_count
            gone = emptied_cells(after, name).mean()
            kept_of_it = (after.num_rows - after[name].null_count) / had
            print(f"    {name:<34}{kept_of_it:>8.1%} of its values{gone:>8.1%} of cells emptied")
    return plan, after


def gun_violence(table, described, k):
    """Gun violence orders alone, all and a sample of persons, with and without weights."""
    table = table.filter(pc.equal(table["order_family"], "GV"))
    attacked(f"GVRO, {table.num_rows:,} rows", table, described, k)
    persons = table["person_ref"].to_numpy()
    drawn = np.random.default_rng(1).permutation(np.unique(persons))
    many = np.cumsum(
        np.unique(persons, return_counts=True)[1][np.searchsorted(np.unique(persons), drawn)]
    )
    some = table.filter(pc.is_in(table["person_ref"], pa.array(drawn[many <= SAMPLE])))
    attacked(f"GVRO, {some.num_rows:,} rows", some, described, k)
    attacked("the same, weighted", some, described, k, WEIGHTS)


def main(path, k, *, gvro=False):
    table = extract_of(path)
    system = load_system("CARPOS")
    described = system.rows("deidentified")
    if gvro:
        gun_violence(table, described, k)
        return
    wanted = tuple(dict.fromkeys(v for n in VERSIONS for v in described.versions(n)))
    plan = plan_for(system, "deidentified", wanted)
    whole = table
    table = table.select([*plan.references, *(n for n in table.column_names if n in wanted)])
    chains = [next(c for c in plan.chains if c[-1] == name) for name in VERSIONS]
    persons = np.unique(table["person_ref"].to_pylist(), return_inverse=True)[1]
    finest = [coded(table, chain)[0][-1] for chain in chains]
    print(f"{table.num_rows:,} rows, {persons.max() + 1:,} persons, k = {k}")
    print(f"{'':<26}{'whole':>8}{'least':>9}{'information':>9}{'seconds':>9}")
    for name, way in (("column after column", column_after_column), ("Mondrian", mondrian)):
        began = time.perf_counter()
        levels = way(finest, persons, k) * np.array([len(c) for c in chains])
        summarise(name, table, chains, levels, time.perf_counter() - began)
    began = time.perf_counter()
    levels = full_domain(persons, k, chains, table)
    summarise("full domain, 5 % left out", table, chains, levels, time.perf_counter() - began)
    began = time.perf_counter()
    done = suppress_locally(
        table, plan.quasi_identifiers, plan.gives_way, k, chains=plan.chains, groups=plan.groups
    )
    seconds = time.perf_counter() - began
    summarise("doj-release", table, chains, shown(table, done.table, chains), seconds)
    plan, after = attacked("doj-release, attacked", whole, described, k)
    if shutil.which("uv"):
        print(f"    k by pycanon: {pycanon_k(after, plan.quasi_identifiers)}")
    gun_violence(whole, described, k)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "gvro"]
    main(Path(words[0]), int(words[1]) if len(words) > 1 else 10, gvro="gvro" in sys.argv)

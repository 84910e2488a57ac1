"""Splink 5 (DuckDB) on two tables, tuned by hand as somebody who knows both would: the peer to beat.

    .venv-peers/bin/python benchmarks/splink_peer.py COHORT RECORDS OUT.parquet [--wide] [--best record]

Both tables are Parquet with standard column names. It is a whole job: read, normalise (fold case and
marks, digits only, one date format), block, train (u from random pairs, m by EM on two rules, the
prior from deterministic rules), score, keep the best, write ``cohort_id, record_id,
match_probability``. The last line of its output is a JSON object with seconds and how many pairs it kept (p >= 0.01). It imports nothing of ours.
"""

import argparse
import json
import time
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

# standard column → SQL that makes it comparable; only columns that both tables have are used
FOLDED = "trim(regexp_replace(strip_accents(lower({c})), '[^a-z0-9]+', ' ', 'g'))"
DIGITS = "nullif(regexp_replace({c}, '[^0-9]', '', 'g'), '')"
CLEAN = {
    "first_name": f"nullif({FOLDED}, '')",
    "middle_name": f"nullif({FOLDED}, '')",
    "last_name": f"nullif(trim(regexp_replace({FOLDED}, '\\s(jr|sr|ii|iii|iv)$', '')), '')",
    "birth_date": "coalesce(strftime(try_cast({c} AS DATE), '%Y-%m-%d'),"
    " strftime(try_strptime({c}, ['%Y%m%d', '%m/%d/%Y']), '%Y-%m-%d'))",
    "sex": "nullif(upper({c})[1], '')",
    "ssn": DIGITS,
    "driver_license": "nullif(regexp_replace(upper({c}), '[^A-Z0-9]', '', 'g'), '')",
    "street": f"nullif({FOLDED}, '')",
    "city": f"nullif({FOLDED}, '')",
    "zip": f"left({DIGITS}, 5)",
    "county": f"nullif({FOLDED}, '')",
    "phone": f"right({DIGITS}, 10)",
}
NARROW = (
    ("ssn",),
    ("driver_license",),
    ("phone",),
    ("first_name", "birth_date"),
    ("last_name", "birth_date"),
    ("first_name", "last_name", "zip"),
    ("street", "zip", "first_initial"),
    ("first_name", "last_name", "birth_year"),
)
WIDE = (
    *NARROW[:3],
    ("birth_date", "first_initial"),
    ("birth_date", "last_initial"),
    ("birth_date", "zip"),
    ("first_name", "last_name"),
    ("street", "zip"),
    ("last_name", "zip", "first_initial"),
)
PAIRS_FOR_U, PAIRS_FOR_M = 5e6, 2e6  # more of either costs time and moves F1 by less than 0.001


def exact(column: str) -> cll.ExactMatchLevel:
    return cll.ExactMatchLevel(column, term_frequency_adjustments=True)


def levels(column: str, *between: object, frequencies: bool = True) -> cl.CustomComparison:
    """Missing, equal, what stands between, anything else."""
    same = exact(column) if frequencies else cll.ExactMatchLevel(column)
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[cll.NullLevel(column), same, *between, cll.ElseLevel()],
    )


def initial(column: str) -> cll.CustomLevel:
    return cll.CustomLevel(
        f"left({column}_l, 1) = left({column}_r, 1) AND (length({column}_l) = 1 OR length({column}_r) = 1)",
        label_for_charts="initial",
    )


def double() -> cll.CustomLevel:
    ends = ("last_head_l = last_head_r", "last_tail_l = last_tail_r", "last_head_l = last_tail_r",
            "last_tail_l = last_head_r")  # fmt: skip
    return cll.CustomLevel(" OR ".join(ends), label_for_charts="part of a double name")


def number(column: str, chance: float) -> cl.CustomComparison:
    """A number that is its owner's alone: chance agreement is too rare to be sampled, so it is given."""
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            cll.ExactMatchLevel(column).configure(u_probability=chance, fix_u_probability=True),
            cll.DamerauLevenshteinLevel(column, 1).configure(
                u_probability=10 * chance, fix_u_probability=True
            ),
            cll.ElseLevel().configure(u_probability=1 - 11 * chance, fix_u_probability=True),
        ],
    )


def comparisons(columns: set[str]) -> list[object]:
    swapped = cll.CustomLevel(
        "first_name_l = last_name_r AND last_name_l = first_name_r", label_for_charts="swapped"
    )
    dates = cll.CustomLevel(
        "left(birth_date_l, 4) = left(birth_date_r, 4)"
        " AND substr(birth_date_l, 6, 2) = substr(birth_date_r, 9, 2)"
        " AND substr(birth_date_l, 9, 2) = substr(birth_date_r, 6, 2)",
        label_for_charts="day and month swapped",
    )
    parts = [
        f"(substr(birth_date_l, {at}, {n}) = substr(birth_date_r, {at}, {n}))::INT"
        for at, n in ((1, 4), (6, 2), (9, 2))
    ]
    two = " + ".join(parts) + " >= 2"
    known: dict[str, object] = {
        "first_name": levels(
            "first_name",
            swapped,
            initial("first_name"),
            cll.JaroWinklerLevel("first_name", 0.92),
            cll.JaroWinklerLevel("first_name", 0.84),
        ),
        "last_name": levels(
            "last_name",
            cll.JaroWinklerLevel("last_name", 0.92),
            cll.JaroWinklerLevel("last_name", 0.84),
            double(),
        ),
        "middle_name": levels("middle_name", initial("middle_name")),
        "birth_date": levels(
            "birth_date",
            dates,
            cll.DamerauLevenshteinLevel("birth_date", 1),
            cll.CustomLevel(two, label_for_charts="two parts"),
            frequencies=False,
        ),
        "sex": levels("sex", frequencies=False),
        "ssn": number("ssn", 1e-7),
        "driver_license": number("driver_license", 1e-7),
        "phone": number("phone", 1e-6),
        "street": levels("street", cll.JaroWinklerLevel("street", 0.9)),
    }
    result = [known[c] for c in known if c in columns]
    if "zip" in columns:
        wider = [cll.ExactMatchLevel(c) for c in ("city", "county") if c in columns]
        result.append(levels("zip", *wider))
    elif "city" in columns:
        result.append(levels("city", cll.JaroWinklerLevel("city", 0.9)))
    return result


def rules(wanted: tuple[tuple[str, ...], ...], columns: set[str]) -> list[object]:
    return [block_on(*rule) for rule in wanted if set(rule) <= columns]


def load(
    con: duckdb.DuckDBPyConnection, name: str, path: Path, id_: str, columns: set[str]
) -> None:
    made = [f"{CLEAN[c].format(c=c)} AS {c}" for c in CLEAN if c in columns]
    con.execute(
        f"CREATE TABLE {name}0 AS SELECT {id_}::VARCHAR AS unique_id, {', '.join(made)}"
        f" FROM read_parquet('{path}')"
    )
    extra = {
        "first_initial": "left(first_name, 1)",
        "last_initial": "left(last_name, 1)",
        "last_head": "split_part(last_name, ' ', 1)",
        "last_tail": "split_part(last_name, ' ', -1)",
        "birth_year": "left(birth_date, 4)",
    }
    con.execute(
        f"CREATE TABLE {name} AS SELECT *, {', '.join(f'{sql} AS {c}' for c, sql in extra.items())}"
        f" FROM {name}0"
    )
    con.execute(f"DROP TABLE {name}0")


def shared(con: duckdb.DuckDBPyConnection, *paths: Path) -> set[str]:
    found = [
        {row[0] for row in con.sql(f"DESCRIBE SELECT * FROM read_parquet('{p}')").fetchall()}
        for p in paths
    ]
    return set.intersection(*found) & set(CLEAN)


def run(
    cohort: Path, records: Path, out: Path, *, wide: bool, best: str, threshold: float, seed: int
) -> dict[str, object]:
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}
    clock = time.perf_counter(), time.process_time()

    def lap(stage: str) -> None:
        nonlocal clock
        now = time.perf_counter(), time.process_time()
        seconds[stage], processor[stage] = (
            round(b - a, 3) for a, b in zip(clock, now, strict=True)
        )
        clock = now

    con = duckdb.connect()
    columns = shared(con, cohort, records)
    load(con, "cohort", cohort, "cohort_id", columns)
    load(con, "records", records, "record_id", columns)
    lap("read and normalise")
    have = columns | {"first_initial", "last_initial", "birth_year"}
    if "birth_date" not in columns:
        raise SystemExit("the peer needs birth_date")
    api = DuckDBAPI(connection=con)
    left = api.register("cohort", dataset_display_name="a_cohort")
    right = api.register("records", dataset_display_name="b_records")
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=comparisons(columns),
        blocking_rules_to_generate_predictions=rules(WIDE if wide else NARROW, have),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker([left, right], settings, log_level=None)
    deterministic = [
        r for r in (("ssn",), ("driver_license",), ("first_name", "last_name", "birth_date"))
        if set(r) <= have
    ]  # fmt: skip
    linker.training.estimate_probability_two_random_records_match(
        rules(tuple(deterministic), have), recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=PAIRS_FOR_U, seed=seed)
    lap("train: u")
    for rule in (("first_name", "last_name"), ("birth_date",)):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True, max_pairs=PAIRS_FOR_M
        )
    lap("train: m")
    found = linker.inference.predict(threshold_match_probability=0.01)
    pairs = f"SELECT unique_id_l AS c, unique_id_r AS r, match_probability AS p FROM {found.physical_name}"
    lap("block and score")
    kept = con.execute(f"SELECT count(*) FROM {found.physical_name}").fetchall()[0][0]
    sides = {"none": (), "record": ("r",), "both": ("r", "c")}[best]
    for side in sides:  # ties by id, so that a run repeats
        pairs = f"SELECT * FROM ({pairs}) QUALIFY row_number() OVER (PARTITION BY {side} ORDER BY p DESC, c, r) = 1"
    con.execute(
        "COPY (SELECT c AS cohort_id, r AS record_id, p AS match_probability"
        f" FROM ({pairs}) WHERE p >= {threshold} ORDER BY c, r) TO '{out}' (FORMAT parquet)"
    )
    lap("decide and write")
    return {"seconds": seconds, "cpu": processor, "pairs": kept}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("cohort", type=Path)
    ask.add_argument("records", type=Path)
    ask.add_argument("out", type=Path)
    ask.add_argument("--wide", action="store_true", help="rules that make several times the pairs")
    ask.add_argument("--best", default="record", choices=["none", "record", "both"])
    ask.add_argument("--threshold", type=float, default=0.9)
    ask.add_argument("--seed", type=int, default=1)
    args = ask.parse_args()
    done = run(
        args.cohort, args.records, args.out, wide=args.wide, best=args.best,
        threshold=args.threshold, seed=args.seed,
    )  # fmt: skip
    print(json.dumps(done))


if __name__ == "__main__":
    main()

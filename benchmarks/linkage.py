"""Speed, memory and accuracy of the linkage on made-up registers whose truth is known.

    python benchmarks/linkage.py [--records 1000000] [--cohort 100000] [--noise medium] [--runs 1]

Prints one line for a cohort against records, and one for a register resolved within itself. Each
job runs in a process of its own, so that its memory is its own. Splink is not a dependency; where
it is installed, comparing with it belongs here (`splink` was not there when this was written).
"""

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time


def scored(pairs: set, true: set) -> tuple[float, float, float]:
    right = len(pairs & true)
    return (
        right / max(1, len(pairs)),
        right / max(1, len(true)),
        2 * right / max(1, len(pairs) + len(true)),
    )


def link_job(records: int, cohort: int, noise: str, seed: int) -> dict:
    import matching
    import synthetic

    mine, theirs, truth = synthetic.make_linkage(records, cohort, seed, noise=noise)
    begin = time.perf_counter()
    result = matching.link(mine, theirs)
    seconds = time.perf_counter() - begin
    rows = result.links.to_pylist()
    true = set(zip(truth["cohort_id"].to_pylist(), truth["record_id"].to_pylist(), strict=True))
    true = {(c, r) for c, r in true if r is not None}
    link = {(r["cohort_id"], r["record_id"]) for r in rows if r["decision"] == "link"}
    doubt = {(r["cohort_id"], r["record_id"]) for r in rows if r["decision"] == "review"}
    p, r, f1 = scored(link, true)
    return {
        "seconds": seconds,
        "p": p,
        "r": r,
        "f1": f1,
        "settled": scored(link | (doubt & true), true)[2],
        "review": len(doubt) / max(1, len(link)),
        "pairs": result.report.pairs,
        "stages": result.report.seconds,
    }


def resolve_job(records: int, cohort: int, noise: str, seed: int) -> dict:
    import matching
    import synthetic

    _, theirs, _ = synthetic.make_linkage(records, cohort, seed, noise=noise)
    begin = time.perf_counter()
    report = matching.resolve(theirs).report
    return {
        "seconds": time.perf_counter() - begin,
        "persons": report.persons,
        "lower": report.persons_lower,
        "pairs": report.pairs,
        "stages": report.seconds,
    }


JOBS = {"link": link_job, "resolve": resolve_job}


def child(job: str, *sizes: str) -> dict:
    """Run a job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--job", job, *sizes],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--records", type=int, default=1_000_000)
    ask.add_argument("--cohort", type=int, default=100_000)
    ask.add_argument("--noise", default="medium", choices=["low", "medium", "heavy"])
    ask.add_argument("--runs", type=int, default=1)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--job", choices=list(JOBS))
    args = ask.parse_args()
    if args.job:
        found = JOBS[args.job](args.records, args.cohort, args.noise, args.seed)
        found["gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(found))
        return
    sizes = [f"--{n}={getattr(args, n)}" for n in ("records", "cohort", "noise", "seed")]
    for job in JOBS:
        runs = sorted(
            (child(job, *sizes) for _ in range(args.runs)), key=lambda run: run["seconds"]
        )
        show(job, args, runs[len(runs) // 2])
    if importlib.util.find_spec("splink") is None:
        print("Splink is not installed here: no ratio.")


def show(job: str, args: argparse.Namespace, run: dict) -> None:
    print(
        f"{job}: {args.records:,} records, cohort {args.cohort:,}, noise {args.noise}, median of {args.runs}"
    )
    for name, value in run.items():
        text = (
            f"{value:,}"
            if isinstance(value, int)
            else f"{value:.4f}"
            if isinstance(value, float)
            else value
        )
        print(f"  {name:8} {text}")


if __name__ == "__main__":
    main()

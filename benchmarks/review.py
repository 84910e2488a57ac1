"""How long a reviewer waits for the next row of a long review: ``python benchmarks/review.py [--pairs N]``.

The home is made up: a release with N doubtful pairs, three entries of one person against each cohort row, staged as the stages leave
them; no register stands behind it. Times are the desk's own, from the request to the drawn page, without a network or a browser; an
answer is the form and the page that it leads to. They are taken while nothing, half and nearly everything is decided.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow as pa
import pytest

from matching.review import ask
from pipelines.release.context import release_context
from pipelines.release.reviewing import Said, asked, decide, look, prepare
from tests.desk import Browser, desk_of
from tests.unit.pipelines.release.reviewing import reviewing_home as world

ENTRIES = 3  # of a person, folded into one question


def make_home(root: Path, pairs: int) -> float:
    """A home whose release has so many doubtful pairs; seconds that it takes to prepare them."""
    rows = -(-pairs // ENTRIES)
    ids = [f"c{n:06}" for n in range(rows)]
    people = {
        "first_name": ["Ann", "Bob", "Cleo", "Dan"], "last_name": ["Doe", "Roe", "Poe", "Low"],
        "birth_date": ["1980-01-02", "1981-03-04", "", "1990-05-06"], "street": ["1 Oak St", "2 Elm St", "", "3 Fir St"],
    }  # fmt: skip
    drawn = {name: [values[n % 4] or None for n in range(rows)] for name, values in people.items()}
    cohort = pa.table({"cohort_id": ids, **drawn})
    numbers = range(rows * ENTRIES)
    records = pa.table(
        {
            "record_id": list(numbers),
            **{k: [v[n // ENTRIES] for n in numbers] for k, v in drawn.items()},
        }
    )
    links = [(ids[n // ENTRIES], n, 0.6) for n in numbers]
    world.make_home(root)
    with world.session_of(root, "rey-1") as session:
        context = release_context(session, world.RELEASE)
        world.keep_links(context, links)
        persons = {str(n): n // ENTRIES for n in numbers} | {"12": 0}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asked, "_asked", lambda _context, _cohort: ask(
                context.staging.read("match", "links"), persons, cohort, records))  # fmt: skip
            patch.setattr(asked, "withheld_rows", lambda *_: [])
            return timed(lambda: prepare(context))


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def answers(browser: Browser, path: str, many: int) -> tuple[list[float], list[float]]:
    """Seconds of so many answers in a row, each with the page that it leads to; and of these pages alone."""
    page, both, alone = browser.get(path), [], []
    for _ in range(many):
        form = page.text.partition("data-candidate=")[2].partition("</form>")[0]
        items = [part.partition('"')[0] for part in form.split('name="item" value="')[1:]]
        began = time.perf_counter()
        answer = browser.post(path, {"item": items, "verdict": "same"})
        path, between = answer.headers["location"], time.perf_counter()
        page = browser.get(path)
        assert page.status_code == 200, page.text
        both.append(time.perf_counter() - began)
        alone.append(time.perf_counter() - between)
    return both, alone


def decide_up_to(root: Path, many: int) -> None:
    """Decide on pairs until so many are decided."""
    with world.session_of(root, "rey-1") as session:
        table = look(session, world.RELEASE)
        open_ = [i for i in table.index.items if not table.standing(i.key).words]
        wanted = max(0, many - (len(table.index.items) - len(open_)))
        if wanted:
            decide(session, world.RELEASE, [Said(item.key, "same") for item in open_[:wanted]])


def main() -> None:
    """Print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--answers", type=int, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        root = Path(folder) / "home"
        print(f"prepared {chosen.pairs:,} pairs in {make_home(root, chosen.pairs):.1f} s")
        for share in (0.0, 0.5, 0.95):
            decide_up_to(root, int(share * chosen.pairs))
            browser = Browser(desk_of(root), "ann-1" if share else "rey-1")
            path = f"/review/{world.RELEASE}"
            overview = browser.get(path)
            first = overview.text.partition('class="button" href="')[2].partition('"')[0]
            began = time.process_time()
            both, alone = answers(browser, first, chosen.answers)
            spent = (time.process_time() - began) / chosen.answers
            worst = quantiles(both, n=20)[-1]
            print(
                f"{share:4.0%} decided: answer and next row {1000 * median(both):.0f} ms"
                f" (95 %: {1000 * worst:.0f}), next row alone {1000 * median(alone):.0f} ms; CPU {1000 * spent:.0f} ms"
            )
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB, the making included"
    )


if __name__ == "__main__":
    main()

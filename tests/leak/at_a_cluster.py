"""An identified release whose shards are worked by a Dask cluster, as talkative as it can be; one worker dies."""

import contextlib
import json
import threading
from collections.abc import Generator, Iterator

from crypto.files import standing
from tests.leak.story import Driver, Stage
from tests.rehearsal.cluster import Local, local_cluster

SHARD_ROWS = 8  # of the cohort's some two hundred
SEEN = "seen.txt"
"""Names of the files that were in the shared folder, beside it."""


def workers(stage: Stage, driver: Driver) -> None:
    """Where the workers keep their logs and work is searched like the home."""
    number, folder = stage.numbers["identified"], stage / "cluster"
    run = ("run", number, "--kind", "identified", "--doubtful", "exclude", "--format", "spss")
    loud = {"DASK_LOGGING__DISTRIBUTED": "debug", "TMPDIR": str(folder)}
    with (
        local_cluster(folder, **loud) as local,
        _settled(stage, driver, local),
        _watched(local) as seen,
    ):
        driver.run(*run, code=7)
    (folder / SEEN).write_text("\n".join(sorted(seen)))


@contextlib.contextmanager
def _settled(stage: Stage, driver: Driver, local: Local) -> Generator[None]:
    """The cluster's settings in force, and the former ones afterwards."""
    path = stage / "home" / "settings.toml"
    before = path.read_text()
    lines = list(_with(before, local.settings | {"shard_rows": SHARD_ROWS}))
    for text in ("\n".join(lines), before):
        path.write_text(text)
        done = driver.run("settings", "record", "--json")
        # on a terminal what libraries note may stand before and after
        answer, _ = json.JSONDecoder().raw_decode(done.out, done.out.index('{\r\n "digest"'))
        driver.run("settings", "confirm", answer["digest"])
        if text is not before:
            yield


def _with(text: str, values: dict[str, object]) -> Iterator[str]:
    section = ""
    for line in text.splitlines():
        section = line if line.startswith("[") else section
        name = line.partition("=")[0].strip()
        if section.startswith("[cluster]") and name in values:
            yield f"{name} = {json.dumps(values[name])}"
        else:
            yield line


@contextlib.contextmanager
def _watched(local: Local) -> Generator[set[str]]:
    """Names in the shared folder; a worker is killed once three shares of the extract are there."""
    seen, done = set[str](), threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            found = standing(local.shared)
            seen.update(path.relative_to(local.shared).as_posix() for path, _ in found)
            if local.alive == 2 and sum(".extract." in n and "/shard-" in n for n in seen) >= 3:
                local.kill_one()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join(30)

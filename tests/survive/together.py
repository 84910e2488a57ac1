"""Two at once: while one command stands still in the middle of its work, another one comes."""

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from tests.survive import checks, steps
from tests.survive.rounds import Field, Round
from tests.survive.trouble import Trouble
from tests.survive.world import copied

HELD = 8
KIND = "aggregated"
Scene = Callable[[Field, Path], Iterator[str]]


def two_people_resume_one_run(field: Field, place: Path) -> Iterator[str]:
    """One goes on; the other is told, and nothing in the ledger says that they were there."""
    first, words = _standing(field, place, 2, "/stages/.seal.json")
    before = _resumed(place / "home")
    yield from _refused(steps.run(place, words))
    if _resumed(place / "home") != before:
        yield "who was refused is in the ledger"
    first.send(signal.SIGCONT)
    yield from _done(first.wait())
    yield from _done(steps.run(place, words))
    yield from _whole(field, place)


def a_lock_ends_with_its_owner(field: Field, place: Path) -> Iterator[str]:
    """The owner is killed while it stands still: the next one goes on at once."""
    first, words = _standing(field, place, 2, "/stages/.seal.json")
    yield from _refused(steps.run(place, words))
    first.send(signal.SIGKILL)
    if first.wait().code != -signal.SIGKILL:
        yield "the owner was not killed"
    yield from _done(steps.run(place, words))
    yield from _whole(field, place)


def two_runs_of_one_project(field: Field, place: Path) -> Iterator[str]:
    """The second is told before it orders anything; so are a refresh and a withdrawal."""
    first, words = _standing(field, place, 0, "/stages/.extract.json")
    project, release = field.world.numbers[KIND], checks.release_of(place / "home")
    refresh = ("refresh", "CARPOS", "--project", project, "--no-orchestrator")
    withdraw = ("release", "withdraw", release, "--reason", "other")
    for other in (words, refresh, withdraw):
        yield from _refused(steps.run(place, other))
    if len(list((place / "home" / "runs").glob("*"))) != 1:
        yield "something was ordered"
    first.send(signal.SIGCONT)
    yield from _done(first.wait(), 7)


def a_run_during_a_register_load(field: Field, place: Path) -> Iterator[str]:
    """A run takes the newest whole snapshot; a second load is told; the first ends as usual."""
    copied(field.before(KIND, 0), place)
    load = ("register", "load", "CARPOS", *map(str, field.world.source))
    first = steps.start(place, load, Trouble("stop", 12))
    first.stopped()
    yield from _refused(steps.run(place, load))
    yield from _done(steps.run(place, field.world.wish(KIND)), 7)
    first.send(signal.SIGCONT)
    yield from _done(first.wait())
    snapshots = [p.name for p in (place / "home" / "register" / "CARPOS").glob("CARPOS-*")]
    if len(snapshots) != 2:
        yield f"snapshots: {snapshots}"


def a_backup_is_restored_and_goes_on(field: Field, place: Path) -> Iterator[str]:
    """Of a home in the middle of a release: elsewhere the ledger holds, and it is ordered again."""
    copied(field.before(KIND, 2), place)
    out, elsewhere = place / "home.tar", place / "elsewhere"
    yield from _done(steps.run(place, ("home", "backup", str(out))))
    for name in ("tmp", "cwd"):
        (elsewhere / name).mkdir(parents=True)
    yield from _done(steps.run(elsewhere, ("home", "restore", str(out))))
    home = elsewhere / "home"
    passphrase = home / "keys" / "passphrase"
    passphrase.touch(0o600)
    passphrase.write_bytes((place / "home" / "keys" / "passphrase").read_bytes())
    yield from _done(steps.run(elsewhere, ("ledger", "verify")))
    project = field.world.numbers[KIND]
    half = checks.release_of(home)
    resumed = steps.run(elsewhere, ("run", project, "--resume", str(half), "--no-orchestrator"))
    yield from _done(resumed, 5)  # its staging and its key are gone by design
    played = Round(KIND, ())
    played.ended.append(steps.run(elsewhere, field.world.wish(KIND)))
    while words := field.next(played, home):
        played.ended.append(steps.run(elsewhere, words))
    field.at_the_end(played, home, time.time() - 600)
    yield from played.complaints


SCENES: tuple[Scene, ...] = (
    two_people_resume_one_run,
    a_lock_ends_with_its_owner,
    two_runs_of_one_project,
    a_run_during_a_register_load,
    a_backup_is_restored_and_goes_on,
)


def play(field: Field, root: Path) -> dict[str, list[str]]:
    """Play every scene; what was wrong, by scene."""
    place = root / "round"
    field.learn(KIND)
    return {scene.__name__: list(scene(field, place)) for scene in SCENES}


def _standing(
    field: Field, place: Path, number: int, where: str
) -> tuple[steps.Running, tuple[str, ...]]:
    """A command of the undisturbed run that stands still where a file gets its name."""
    usual = field.learn(KIND)
    copied(field.before(KIND, number), place)
    words = field.next(Round(KIND, (), resumed_after=usual.codes[:number]), place / "home")
    assert words is not None
    point = next(i for i, p in enumerate(usual.points[number]) if where in p)
    running = steps.start(place, words, Trouble("stop", point))
    running.stopped()
    return running, words


def _refused(ended: steps.Ended) -> Iterator[str]:
    if ended.code != HELD or "somebody else holds this" not in ended.said:
        yield f"{' '.join(ended.words[:3])} was not refused: {ended.code} {ended.said[-200:]}"


def _done(ended: steps.Ended, code: int = 0) -> Iterator[str]:
    if ended.code != code:
        yield f"{' '.join(ended.words[:3])} ended with {ended.code}: {ended.said[-300:]}"


def _whole(field: Field, place: Path) -> Iterator[str]:
    played = Round(KIND, ())
    field.at_the_end(played, place / "home", time.time() - 600)
    yield from played.complaints


def _resumed(home: Path) -> int:
    with closing(sqlite3.connect(f"file:{home / 'ledger.sqlite3'}?mode=ro", uri=True)) as con:
        (count,) = con.execute(
            "SELECT count(*) FROM events WHERE kind = 'release_resumed'"
        ).fetchone()
    return count

"""Where runs are: which stage, since when, how much is done; from what a run leaves in its folder and in the ledger.

It reads and never waits for a lock, so that looking at a run can't stop it. A share is reckoned by what the stages took the last time
that a release of this kind was made; where none was, every stage counts alike.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from approvals.custody import MAKING, STOPPED, ReleaseState
from approvals.ledger import Sought, find_events
from pipelines.release.orders import Order, read_order, run_folder
from pipelines.release.run import OUTCOME
from pipelines.release.stages import STAGES, Stage
from pipelines.release.staging import StageRecord
from pipelines.session import Session

LOCKS = Path("/proc/locks")  # the kernel's table of locks, proc_locks(5)
_AT_MOST = 0.95  # of a stage that takes longer than the last time
_LEAST = 1.0  # seconds: a stage that took less counts as one that took this

At = Literal["done", "working", "stopped", "to do"]


@dataclass(frozen=True, slots=True)
class StageProgress:
    """A stage: where it is, the seconds that it took where it is done, and those of the last time, where they are known."""

    name: str
    title: str
    at: At
    seconds: float | None
    last_time: float | None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run.

    Attributes:
        working: a process has it.
        state: as the ledger has it.
        stage: which is worked on, or where it stopped; empty where all are done.
        number, of: of this stage, and how many there are.
        since: since when it is there, UTC, ISO 8601.
        share: how much is done, 0 to 1.
        code: of the error that stopped it; empty where there is none.
    """

    release: str
    project: str
    kind: str
    working: bool
    state: str
    stage: str
    title: str
    number: int
    of: int
    since: str
    share: float
    code: str
    stages: tuple[StageProgress, ...]

    def as_dict(self) -> dict[str, object]:
        """For ``--json`` and for the browser."""
        return asdict(self)


def in_making(session: Session) -> list[ReleaseState]:
    """Every release that is being made, or that stopped on its way: what a process has first, then the newest."""
    held, runs = _held_locks(), session.home.runs
    states = [
        one
        for one in session.releases.list()
        if one.status in MAKING | STOPPED and (runs / one.release).is_dir()
    ]
    return sorted(
        states, key=lambda one: (_is_held(runs / one.release, held), one.last_event), reverse=True
    )


def under_way(session: Session, states: Sequence[ReleaseState]) -> list[RunProgress]:
    """Where these releases are, in their order."""
    held, last = _held_locks(), dict[str, Mapping[str, float]]()
    return [_progress(session, state, held, last) for state in states]


def progress_of(session: Session, release: str) -> RunProgress:
    """Where a release is now.

    Raises:
        UnknownRelease, ReleaseUnknown: there is none.
    """
    return _progress(session, session.releases.show(release), _held_locks(), {})


def follow(session: Session, release: str, every: float = 1.0) -> Iterator[RunProgress]:
    """Where a release is, now and whenever that changes, until nobody works on it any more.

    Args:
        session: the opened home.
        release: its id.
        every: seconds between two looks.

    Raises:
        UnknownRelease, ReleaseUnknown: there is none.
    """
    shown: RunProgress | None = None
    while True:
        now = progress_of(session, release)
        if shown is None or _steps(now) != _steps(shown):
            yield (shown := now)
        if not now.working:
            return
        time.sleep(every)


def _steps(one: RunProgress) -> tuple[object, ...]:
    return one.working, one.state, one.stage, one.code, round(one.share, 2)


def _progress(
    session: Session,
    state: ReleaseState,
    held: frozenset[int],
    known: dict[str, Mapping[str, float]],
) -> RunProgress:
    """Where a release is; ``known`` keeps what stages took the last time, by kind."""
    home, release = session.home, state.release
    folder, order = run_folder(home, release), read_order(home, release)
    stages, records = _applying(order), _records(folder)
    outcome, working = _outcome(folder), _is_held(folder, held)
    current = next((one for one in stages if one.name not in records), None)
    since = max(_changed(path) for path in _traces(folder, records))
    if working:  # it may have been resumed since its last stage was done
        since = max(since, _began(session, release))
    if state.kind not in known:
        known[state.kind] = _last_time(session, state)
    last = known[state.kind]
    return RunProgress(
        release=release,
        project=order.project,
        kind=order.kind,
        working=working,
        state=str(state.status),
        stage=current.name if current else "",
        title=current.title if current else "",
        number=stages.index(current) + 1 if current else len(stages),
        of=len(stages),
        since=since.isoformat(timespec="seconds"),
        share=_share(stages, records, current, last, since if working else None),
        code="" if working else _code(outcome),
        stages=tuple(
            StageProgress(
                one.name,
                one.title,
                _at(one, current, records, working=working),
                records[one.name].seconds if one.name in records else None,
                last.get(one.name),
            )
            for one in stages
        ),
    )


def _applying(order: Order) -> list[Stage]:
    found = [one for one in STAGES if one.applies(order)]
    if order.dry_run:
        end = next(n for n, one in enumerate(found) if one.last_of_dry_run)
        return found[: end + 1]
    return found


def _at(
    one: Stage, current: Stage | None, records: Mapping[str, StageRecord], *, working: bool
) -> At:
    if one.name in records:
        return "done"
    if one is not current:
        return "to do"
    return "working" if working else "stopped"


def _records(folder: Path) -> dict[str, StageRecord]:
    """The records of stages that are done; one that is just being exchanged is read at the next look."""
    found = dict[str, StageRecord]()
    for stage in STAGES:
        try:
            text = (folder / "stages" / f"{stage.name}.json").read_text("utf-8")
            found[stage.name] = StageRecord(**json.loads(text))
        except (OSError, ValueError, TypeError):
            continue
    return found


def _outcome(folder: Path) -> Mapping[str, object]:
    try:
        return cast("Mapping[str, object]", json.loads((folder / OUTCOME).read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _code(outcome: Mapping[str, object]) -> str:
    error = outcome.get("error")
    return str(cast("Mapping[str, object]", error).get("code", "")) if error else ""


def _traces(folder: Path, records: Mapping[str, StageRecord]) -> Sequence[Path]:
    return (
        folder / "order.json",
        folder / OUTCOME,
        *(folder / "stages" / f"{name}.json" for name in records),
    )


def _changed(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)


def _began(session: Session, release: str) -> datetime:
    """When it was ordered, or resumed last."""
    for kind in ("release_resumed", "release_ordered"):
        found = find_events(session.ledger, Sought(release=release, kind=kind), most=1)
        if found:
            return found[0].at
    return datetime.fromtimestamp(0, UTC)


def _last_time(session: Session, of: ReleaseState) -> dict[str, float]:
    """Seconds of each stage, of the newest other release of this kind that came to its end."""
    for entry in find_events(session.ledger, Sought(kind="run_measured"), most=20):
        state = session.releases.show(str(entry.release))
        if state.kind == of.kind and state.release != of.release:
            names, took = (
                cast("Sequence[str]", entry.facts[n]) for n in ("stages", "milliseconds")
            )
            return {n: int(ms) / 1000 for n, ms in zip(names, took, strict=True)}
    return {}


def _share(
    stages: Sequence[Stage],
    records: Mapping[str, StageRecord],
    current: Stage | None,
    last: Mapping[str, float],
    since: datetime | None,
) -> float:
    weights = {one.name: max(_LEAST, last.get(one.name, _LEAST)) for one in stages}
    done = sum(weight for name, weight in weights.items() if name in records)
    if current is not None and since is not None and current.name in last:
        took = (datetime.now(UTC) - since).total_seconds() / weights[current.name]
        done += weights[current.name] * min(_AT_MOST, took)
    return round(done / sum(weights.values()), 3)


def _held_locks() -> frozenset[int]:
    """The inodes of files that a process of this machine holds a lock of; a file system may name its device otherwise here."""
    try:
        lines = [line.split() for line in LOCKS.read_text("ascii").splitlines()]
    except OSError:
        return frozenset()
    places = (f for line in lines if "FLOCK" in line and "->" not in line for f in line)
    return frozenset(int(place.rsplit(":", 1)[1]) for place in places if place.count(":") == 2)


def _is_held(folder: Path, held: frozenset[int]) -> bool:
    try:
        return (folder / ".lock").stat().st_ino in held
    except OSError:
        return False

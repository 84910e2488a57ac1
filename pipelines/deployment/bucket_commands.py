"""``bucket upload``, ``evict`` and ``sweep``: what a home's bucket lacks, what the home need not keep, what nobody needs.

Whoever changes a set holds its lock in the home, the register's or the release's, so that nothing under way is touched. Sessions
and releases are imported where they are used: both are slow to import, and stand behind the same surface as ``init``.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.home import ReleaseHeld, locked
from pipelines.storage import MANIFEST, MARK, ObjectStore, configured_urls

if TYPE_CHECKING:
    from pipelines.session import Session

_SNAPSHOT = re.compile(r"([A-Z]{2,12})/(\1-\d{8}-\d{3,})")
_STAGED = re.compile(r"([A-Za-z0-9-]{3,60})/([a-z]+)")


def upload(session: "Session") -> dict[str, object]:
    """Send what the bucket lacks of every snapshot, and of every run that has not ended.

    Raises:
        CodedError: of the bucket; what was sent stays sent.
    """
    from pipelines.release import open_context

    sent: dict[str, int] = {}
    if session.object_store("register"):
        for info in session.registers.list():
            with locked(session.home.register / info.system):
                sent[info.snapshot_id] = session.upload_snapshot(info.snapshot_id)
    if (staging := session.object_store("staging")) is not None:
        for release in under_way(session):
            with (
                locked(session.home.runs / release),
                open_context(session.home, release) as context,
            ):
                for stage in _stages(context.folder):
                    tables = context.records.tables(stage)
                    if tables and all(path.is_file() for path in tables):
                        sent[f"{release}/{stage}"] = staging.keep(f"{release}/{stage}", tables)
    return {"sets": len(sent), "files_sent": sum(sent.values())}


def evict(session: "Session") -> dict[str, object]:
    """Drop this machine's copies of what is whole in the bucket; they are fetched again when they are used."""
    from pipelines.session import set_of

    dropped: list[int] = []
    busy = 0
    if (register := session.object_store("register")) is not None:
        for info in session.registers.list():
            users = [r for r in under_way(session) if _snapshot(session, r) == info.snapshot_id]
            places = [session.home.runs / r for r in users]
            with _if_free(session.home.register / info.system, *places) as free:
                if free and register.holds(set_of(info.snapshot_id)):
                    dropped += _dropped(session.registers.files(info.snapshot_id))
                busy += not free
    if (staging := session.object_store("staging")) is not None:
        for release in under_way(session):
            with _if_free(session.home.runs / release) as free:
                busy += not free
                if free:
                    dropped += _dropped_of_run(session, staging, release)
    return {"files": len(dropped), "bytes": sum(dropped), "busy": busy}


@dataclass
class SweepCounts:
    """What was store and removed: objects, sets, uploads, versions; and what was left alone."""

    half_sent: int = 0
    forgotten: int = 0
    unended_uploads: int = 0
    old_versions: int = 0
    busy: int = 0
    unknown: int = 0
    wanted: set[str] = field(default_factory=set, repr=False)

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {name: n for name, n in asdict(self).items() if name != "wanted"}


def sweep(session: "Session") -> dict[str, object]:
    """Remove what no manifest names, what was forgotten, uploads that nobody ends, and versions that only look deleted.

    A set that somebody works on is left for the next time. A whole set that this home has never heard of (it was
    restored from an older backup) is counted as unknown and left alone, as are the versions of all that is wanted.
    """
    swept = SweepCounts()
    for purpose in configured_urls(session.settings.bucket):
        if (store := session.object_store(purpose)) is None:
            continue
        swept.wanted = {MARK}
        for of_set in store.sets():
            match = (_SNAPSHOT if purpose == "register" else _STAGED).fullmatch(of_set)
            if match is None:
                swept.unknown += 1
                _want_all(store, of_set, swept)
                continue
            lock = (
                session.home.register / match[1]
                if purpose == "register"
                else session.home.runs / match[1]
            )
            with _if_free(lock) as free:
                if not free:
                    swept.busy += 1
                    _want_all(store, of_set, swept)
                elif purpose == "register":
                    _sweep_snapshot(session, store, of_set, match[2], swept)
                else:
                    _sweep_staged(session, store, of_set, match[1], match[2], swept)
        swept.old_versions += store.admin.remove_superseded(swept.wanted)
    return swept.as_dict()


def _sweep_snapshot(
    session: "Session", store: ObjectStore, of_set: str, snapshot: str, swept: SweepCounts
) -> None:
    known = (session.home.register / of_set / "manifest.json").is_file()
    key = (session.home.keys / "snapshots" / f"{snapshot}.key").is_file()
    if known and not key:
        store.forget(of_set)
        swept.forgotten += 1
    elif known:
        # The home's own manifest says what is wanted, also where the bucket's was deleted.
        info = next(i for i in session.registers.list() if i.snapshot_id == snapshot)
        names = {f"{of_set}/{n}.parquet.{t.sha256}" for n, t in info.files.items()}
        _sweep_half_sent(store, of_set, names, swept)
    elif store.manifest(of_set) is not None:
        swept.unknown += 1
        _want_all(store, of_set, swept)
    else:
        _sweep_half_sent(store, of_set, set(), swept)


def _sweep_staged(
    session: "Session",
    store: ObjectStore,
    of_set: str,
    release: str,
    stage: str,
    swept: SweepCounts,
) -> None:
    from pipelines.release import open_context

    if not _unended(session, release):
        store.forget(of_set)
        swept.forgotten += 1
        if (session.home.runs / release).is_dir():
            session.releases.record(release, "staging_destroyed")
        return
    with open_context(session.home, release) as context:
        tables = context.records.tables(stage)
    if store.manifest(of_set) is None and not all(path.is_file() for path in tables):
        swept.unknown += 1  # its manifest was deleted, and no copy is here
        _want_all(store, of_set, swept)
        return
    _sweep_half_sent(store, of_set, set(), swept)


def _sweep_half_sent(store: ObjectStore, of_set: str, wanted: set[str], swept: SweepCounts) -> None:
    spare = [name for name in store.half_sent(of_set) if name not in wanted]
    swept.unended_uploads += store.admin.abort_uploads(f"{of_set}/")
    swept.half_sent += store.admin.remove_names(spare)
    swept.wanted |= wanted | {f"{of_set}/{MANIFEST}"}
    _want_all(store, of_set, swept)


def _want_all(store: ObjectStore, of_set: str, swept: SweepCounts) -> None:
    swept.wanted |= {f"{of_set}/{MANIFEST}", *store.bucket.sizes(of_set)}


def under_way(session: "Session") -> list[str]:
    """Releases whose staging is not forgotten."""
    there = (p.stem for p in (session.home.keys / "runs").glob("*.key"))
    return sorted(r for r in there if (session.home.runs / r / "order.json").is_file())


def _unended(session: "Session", release: str) -> bool:
    return (session.home.keys / "runs" / f"{release}.key").is_file()


def _snapshot(session: "Session", release: str) -> str:
    from pipelines.release import read_order

    return read_order(session.home, release).snapshot


def _stages(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "stages").glob("*.json"))


def _dropped_of_run(session: "Session", staging: ObjectStore, release: str) -> list[int]:
    from pipelines.release import open_context

    dropped: list[int] = []
    with open_context(session.home, release) as context:
        for stage in _stages(context.folder):
            tables = context.records.tables(stage)
            if tables and staging.holds(f"{release}/{stage}"):
                dropped += _dropped(tables)
    return dropped


def _dropped(paths: Sequence[Path]) -> list[int]:
    """Remove files; their sizes."""
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    for path in paths:
        path.unlink(missing_ok=True)
    return sizes


@contextmanager
def _if_free(*places: Path) -> Generator[bool, None, None]:
    """Hold the locks of these folders where nobody else does; a folder that is not there needs none."""
    try:
        with locked(*(place for place in places if place.is_dir())):
            yield True
    except ReleaseHeld:
        yield False

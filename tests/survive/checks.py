"""What must hold after every trouble, and at the end of every round; each complaint is one line."""

import hashlib
import io
import json
import re
import sqlite3
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.leak.searching import Searcher
from tests.survive.world import MEMBERS, World

# What a person does again, or the gate is asked again, may be recorded again; all else is a fact.
AGAIN = {"release_resumed", "gate_allowed"}
# Design, "Same input, same output": what byte identity covers.
_COUNTED = re.compile(
    r"data/.*|read/.*|dictionary\.html|datapackage\.json|codebook\.xml|catalogue\.jsonld|CONDITIONS\.txt|LINKS\.parquet"
)
_LEFT = re.compile(r"\.[0-9a-f]{16}\.partial|\..*\.tmp|tmp\w+\.tmp|\..*\.\d+")
_ASKED_EVERY_TIME = {"gate", "approve"}


@dataclass(frozen=True)
class Finished:
    """The records of finished stages, as they stand on the disk."""

    records: dict[str, bytes]

    @classmethod
    def of(cls, home: Path, release: str | None) -> "Finished":
        folder = home / "runs" / (release or "") / "stages"
        return cls({p.stem: p.read_bytes() for p in folder.glob("[a-z]*.json")} if release else {})

    def repeated(self, later: "Finished") -> Iterator[str]:
        for stage, record in self.records.items():
            if stage not in _ASKED_EVERY_TIME and later.records.get(stage) != record:
                yield f"finished stage {stage} was repeated"


def release_of(home: Path) -> str | None:
    """The release whose order stands, the newest of them."""
    orders = sorted((home / "runs").glob("*/order.json"))
    return orders[-1].parent.name if orders else None


def plaintext(world: World, place: Path, since: float) -> Iterator[str]:
    """Canaries in any file that was written in this round: home, temporary folder, working folder."""
    searcher = Searcher(world.needles)
    for path in sorted(place.rglob("*")):
        try:
            if not path.is_file() or path.stat().st_mtime < since or path.suffix == ".cms":
                continue
            for hit in searcher.file(path, str(path.relative_to(place))):
                yield f"{hit.what} in {hit.place} ({hit.how})"
        except FileNotFoundError:
            continue
    for path in (*(place / "tmp").rglob("*"), *(place / "cwd").rglob("*")):
        yield f"left in {path.relative_to(place)}"


def left_over(home: Path, release: str) -> Iterator[str]:
    """Files that a process which is gone had begun, tables and keys of the run.

    What was begun in folders that other commands share goes with the day's housekeeping.
    """
    from pipelines.home.home import Home
    from pipelines.home.processes import sweep_home

    for path in (p for folder in ("runs", "outbox", "history") for p in (home / folder).rglob("*")):
        if _LEFT.fullmatch(path.name):
            yield f"left over: {path.relative_to(home)}"
    sweep_home(Home(home), older=0)
    for path in home.rglob("*"):
        if _LEFT.fullmatch(path.name):
            yield f"never removed: {path.relative_to(home)}"
    tables = [p.name for p in (home / "runs" / release).rglob("*.parquet")]
    if tables:
        yield f"staged tables are left: {tables}"
    if (home / "keys" / "runs" / f"{release}.key").exists():
        yield "the run's key is left"


def events(home: Path, release: str) -> list[tuple[str, dict[str, object]]]:
    """(kind, facts) of a release's events, in order."""
    with closing(sqlite3.connect(f"file:{home / 'ledger.sqlite3'}?mode=ro", uri=True)) as con:
        rows = con.execute("SELECT body FROM events WHERE release = ? ORDER BY seq", (release,))
        return [(e["kind"], e["facts"]) for e in (json.loads(body) for (body,) in rows)]


def recorded(home: Path, release: str) -> Counter[str]:
    """How often each kind of event of a release is recorded."""
    return Counter(kind for kind, _ in events(home, release) if kind not in AGAIN)


def packages(home: Path, project: str, release: str, kind: str) -> Iterator[str]:
    """Exactly one sealed package for each recipient, each as its signer made it, and nothing else."""
    from crypto.keyring.signers import accepted_certificates
    from crypto.package.sealed_package import verify_by_any
    from errors import CodedError

    outbox = home / "outbox" / project
    found = sorted(p.relative_to(outbox).as_posix() for p in outbox.glob("*/*"))
    wanted = sorted(f"{release}/{member}" for member in MEMBERS[kind])
    if found != wanted or [p.name for p in outbox.iterdir()] != [release]:
        yield f"outbox has {found}"
        return
    sealed = {f["member"]: f["sums"] for k, f in events(home, release) if k == "package_sealed"}
    for member in MEMBERS[kind]:
        try:
            verified = verify_by_any(
                outbox / release / member, accepted_certificates(home / "keys")
            )
        except CodedError as error:
            yield f"package of {member}: {error.code}"
            continue
        if verified.list_sha256 != sealed.get(member):
            yield f"package of {member} is not the one in the ledger"


def opened(world: World, folder: Path, member: str) -> dict[str, str]:
    """Digest of each file inside a package that design.md counts, by name."""
    certificate, key = world.key(member)
    found: dict[str, str] = {}
    for part in sorted(folder.glob("*.cms")):
        words = ["cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(part)]
        words += ["-recip", str(certificate), "-inkey", str(key)]
        plain = subprocess.run(["openssl", *words], capture_output=True, check=True).stdout
        with zipfile.ZipFile(io.BytesIO(plain)) as bag:
            for name in bag.namelist():
                if _COUNTED.fullmatch(name) or _COUNTED.fullmatch(name.split("/", 1)[-1]):
                    found[name] = hashlib.sha256(bag.read(name)).hexdigest()
    return found


def chain(home: Path) -> Iterator[str]:
    """The ledger verifies, its head and checkpoints included."""
    from errors import CodedError
    from pipelines.home.home import open_home
    from pipelines.keys import verify_ledger
    from pipelines.session import Session

    session = Session(open_home(home))
    try:
        verify_ledger(session)
    except CodedError as error:
        yield f"ledger: {error.code}"
    finally:
        session.close()

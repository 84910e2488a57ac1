"""Whether the ledger is what was written, and if not, where it stops being so.

A chain that was cut at its end, or restamped, holds together by itself. Checkpoints that left the
building show it up to the day on which they were made; the head, kept beside the ledger under a key,
shows it up to the last event, to everybody who can't also make its keyed digest: a database's
administrator, or a backup that was put back too early.
"""

import base64
import binascii
import fcntl
import hmac
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol, cast

from approvals.errors import CheckpointWrong, HeadWrong, LedgerBroken, LedgerProblem
from approvals.ledger.database import BEGINNING
from approvals.ledger.ledger import Ledger, Tree, canonical_json, leaf_hash
from systems import bounded

FORMAT = "doj-release ledger checkpoint 1"
_LISTED = 100  # problems listed before the walk only counts
Digest = Callable[[str, bytes], str]
_LABEL = "ledger head"
_columns = itemgetter("seq", "at", "kind", "actor", "project", "release", "key")
_read = json.JSONDecoder().raw_decode


class Signer(Protocol):
    """What signs a checkpoint (``crypto.cms.signing`` has one)."""

    def sign_detached(self, content: bytes, /) -> bytes:
        """Return a detached CMS signature, DER."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The ledger's size and Merkle root at a moment, signed by the Department."""

    size: int
    root: str
    at: str
    signature: str = ""

    def content(self) -> bytes:
        """The bytes that are signed."""
        fields = {"format": FORMAT, "size": self.size, "root": self.root, "at": self.at}
        return canonical_json(fields).encode()

    def as_dict(self) -> dict[str, object]:
        """For ``ledger-checkpoint.json``."""
        content = cast("dict[str, object]", json.loads(self.content()))
        return content | {"signature": self.signature}

    @classmethod
    def from_json(cls, text: str | bytes) -> "Checkpoint":
        """Read what ``as_dict`` gave, as JSON.

        Raises:
            CheckpointWrong: it is anything else.
        """
        try:
            content = cast("dict[str, Any]", bounded.json_of(text))
            found = cls(content["size"], content["root"], content["at"], content["signature"])
            same = content == found.as_dict()
        except (ValueError, KeyError, TypeError):
            raise CheckpointWrong(what="not a checkpoint") from None
        if not same or isinstance(found.size, bool) or found.size < 0:
            raise CheckpointWrong(what="not a checkpoint")
        return found

    def check_signature(self, certificate_pem: bytes) -> None:
        """Check the signature against the Department's certificate.

        Raises:
            CheckpointWrong: it does not hold.
        """
        from crypto.cms import verify_detached
        from errors import CodedError

        try:
            verify_detached(self.content(), base64.b64decode(self.signature), certificate_pem)
        except (CodedError, binascii.Error, ValueError):
            raise CheckpointWrong(what="signature") from None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event that the home has seen: its number and hash."""

    size: int
    hash: str

    def content(self) -> bytes:
        """The bytes under the keyed digest."""
        return f"{self.size} {self.hash}".encode()


class HeadFile:
    """``<home>/ledger.head``; several processes may advance it."""

    def __init__(self, path: Path, digest: Digest) -> None:
        self._path = path
        self._digest = digest

    def advance(self, size: int, digest: str) -> None:
        """Note that the ledger reached ``size``; an older note never replaces a newer one."""
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self._size_there()
            if found is None or found < size:
                self._write(Head(size, digest))
        finally:
            os.close(lock)

    def read(self) -> Head:
        """The head.

        Raises:
            HeadWrong: it is missing, or was not written by this home.
        """
        try:
            content = cast("dict[str, Any]", json.loads(self._path.read_text("ascii")))
            head = Head(int(content["size"]), str(content["hash"]))
            mark = str(content["mark"])
        except (OSError, ValueError, KeyError, TypeError):
            raise HeadWrong(what="missing or unreadable") from None
        if not hmac.compare_digest(mark, self._digest(_LABEL, head.content())):
            raise HeadWrong(what="not written by this home")
        return head

    def check(self, ledger: Ledger) -> None:
        """See that the event which the head names is in this ledger: another one, or one that was cut, is not gone on with.

        Raises:
            HeadWrong: see `read`.
            LedgerBroken: the event is another, or missing.
        """
        head = self.read()
        if ledger.hash_at(head.size) != head.hash:
            what = "missing, or another than ledger.head names"
            raise LedgerBroken((LedgerProblem(head.size, what),))

    def _size_there(self) -> int | None:
        try:
            return int(json.loads(self._path.read_text("ascii"))["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, head: Head) -> None:
        mark = self._digest(_LABEL, head.content())
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            handle = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump({"size": head.size, "hash": head.hash, "mark": mark}, file)
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """What ``verify_chain`` found: how many events, their root, and the problems in order."""

    entries: int
    root: str
    head: str
    problems: tuple[LedgerProblem, ...]

    @property
    def holds(self) -> bool:
        """Nothing is wrong."""
        return not self.problems

    def check(self) -> None:
        """Refuse a ledger that does not hold.

        Raises:
            LedgerBroken: with the first problem's number.
        """
        if self.problems:
            raise LedgerBroken(self.problems)


def verify_chain(
    ledger: Ledger, checkpoints: Iterable[Checkpoint] = (), head: Head | None = None
) -> LedgerVerdict:
    """Read every event once and check number, hash, chain and columns.

    Without more a ledger that was rewritten from some event to its end holds together again, and
    so does one whose end was cut off. The checkpoints, which left the home in packages and
    exports, find both up to the last of them; the head, kept beside the ledger, up to the end.

    Args:
        ledger: the ledger.
        checkpoints: earlier states whose signatures were checked by the caller.
        head: how far the ledger had come, read before this call.
    """
    due = sorted(checkpoints, key=lambda c: c.size)
    walk = _Walk()
    _compare(walk, due, size=0)
    for row in ledger.rows():
        walk.take(row)
        _compare(walk, due, size=walk.tree.size)
        if head is not None and head.size == walk.tree.size and head.hash != walk.previous:
            walk.note(head.size, "rewritten: an event up to this one differs from ledger.head")
    for checkpoint in due:
        walk.note(checkpoint.size, "missing: the end was cut off before this checkpoint's last")
    if head is not None and head.size > walk.tree.size:
        walk.note(head.size, f"missing: the end was cut off, {head.size - walk.tree.size} events")
    return LedgerVerdict(
        walk.tree.size, walk.tree.root().hex(), walk.previous, tuple(walk.problems)
    )


def make_checkpoint(ledger: Ledger, signer: Signer, *, at: datetime | None = None) -> Checkpoint:
    """Verify the ledger and sign its size and root.

    Raises:
        LedgerBroken: a ledger that does not hold gets no checkpoint.
    """
    verdict = verify_chain(ledger)
    verdict.check()
    stamp = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    bare = Checkpoint(verdict.entries, verdict.root, stamp)
    signature = base64.b64encode(signer.sign_detached(bare.content())).decode("ascii")
    return Checkpoint(bare.size, bare.root, bare.at, signature)


class _Walk:
    def __init__(self) -> None:
        self.tree = Tree()
        self.previous = BEGINNING
        self.expected = 1
        self.problems: list[LedgerProblem] = []

    def note(self, seq: int, what: str) -> None:
        if len(self.problems) < _LISTED:
            self.problems.append(LedgerProblem(seq, what))

    def take(self, row: Sequence[Any]) -> None:
        seq, stored, body = row[0], row[7], str(row[8])
        leaf = leaf_hash(body.encode())
        if seq != self.expected:
            self.note(self.expected, "missing: an event was removed")
        if leaf.hex() != stored:
            self.note(seq, "edited: the body is not what was hashed")
        self._compare_content(row, body)
        self.tree.add(leaf)
        self.previous = leaf.hex()
        self.expected = seq + 1

    def _compare_content(self, row: Sequence[Any], body: str) -> None:
        try:
            content, end = _read(body)  # without the search for spaces, which canonical JSON lacks
            if end != len(body):
                raise ValueError
            named, previous = _columns(content), content["previous"]
        except (ValueError, KeyError, TypeError):
            self.note(row[0], "edited: the body can't be read")
            return
        if named != tuple(row[:7]):
            self.note(row[0], "edited or moved: number or columns differ from the body")
        if previous != self.previous:
            self.note(row[0], "chain: it does not follow the event before it")


def _compare(walk: _Walk, due: list[Checkpoint], *, size: int) -> None:
    while due and due[0].size == size:
        if due.pop(0).root != walk.tree.root().hex():
            walk.note(size, "rewritten: an event up to this one differs from the checkpoint")

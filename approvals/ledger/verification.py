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
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol, Self, cast

from approvals.errors import CheckpointWrong, HeadWrong, LedgerBroken, LedgerProblem
from approvals.ledger.database import BEGINNING
from approvals.ledger.ledger import Ledger, Tree, canonical_json, leaf_hash
from systems import bounded

FORMAT = "doj-release ledger checkpoint 1"
WITHOUT_SIZE = "doj-release ledger checkpoint 2"
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
class Statement:
    """What the Department signed of its ledger: a Merkle root at a moment.

    By itself it is what is given away: the root proves to whoever has the ledger which state it was, and
    tells nobody how many events that has.
    """

    root: str
    at: str
    signature: str = ""

    def _fields(self) -> dict[str, object]:
        return {"format": WITHOUT_SIZE, "root": self.root, "at": self.at}

    def content(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json(self._fields()).encode()

    def as_dict(self) -> dict[str, object]:
        """For ``ledger-checkpoint.json``."""
        content = cast("dict[str, object]", json.loads(self.content()))
        return content | {"signature": self.signature}

    def signed(self, signer: Signer) -> Self:
        """The same with a signature."""
        made = base64.b64encode(signer.sign_detached(self.content())).decode("ascii")
        return replace(self, signature=made)

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

    @staticmethod
    def from_json(text: str | bytes) -> "Statement":
        """Read what ``as_dict`` gave, as JSON; one with a size is a `Checkpoint`.

        Raises:
            CheckpointWrong: it is anything else.
        """
        try:
            content = cast("dict[str, Any]", bounded.json_of(text))
            given = (content["root"], content["at"], content["signature"])
            sized = content["format"] == FORMAT
            found = Checkpoint(*given, size=content["size"]) if sized else Statement(*given)
            same = content == found.as_dict()
        except (ValueError, KeyError, TypeError):
            raise CheckpointWrong(what="not a checkpoint") from None
        if not same or not _is_readable(found):
            raise CheckpointWrong(what="not a checkpoint")
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint(Statement):
    """The ledger's size and Merkle root at a moment, signed by the Department, for itself and its witnesses."""

    size: int = field(kw_only=True)

    def _fields(self) -> dict[str, object]:
        return {"format": FORMAT, "size": self.size, "root": self.root, "at": self.at}

    @staticmethod
    def from_json(text: str | bytes) -> "Checkpoint":
        """Read what ``as_dict`` gave, as JSON.

        Raises:
            CheckpointWrong: it is anything else, or has no size.
        """
        found = Statement.from_json(text)
        if not isinstance(found, Checkpoint):
            raise CheckpointWrong(what="not a checkpoint with a size")
        return found


def _is_readable(found: Statement) -> bool:
    size = found.size if isinstance(found, Checkpoint) else 0
    sized = _is_a(size, int) and not _is_a(size, bool) and size >= 0
    return sized and all(_is_a(one, str) for one in (found.root, found.at, found.signature))


def _is_a(value: object, kind: type) -> bool:
    """What was parsed may be of another type than its field's."""
    return isinstance(value, kind)


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
    ledger: Ledger, checkpoints: Iterable[Statement] = (), head: Head | None = None
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
    given = list(checkpoints)
    due = sorted((c for c in given if isinstance(c, Checkpoint)), key=lambda c: c.size)
    sought = {c.root: c for c in given if not isinstance(c, Checkpoint)}
    walk = _Walk()
    _compare(walk, due, sought, size=0)
    for row in ledger.rows():
        walk.take(row)
        _compare(walk, due, sought, size=walk.tree.size)
        if head is not None and head.size == walk.tree.size and head.hash != walk.previous:
            walk.note(head.size, "rewritten: an event up to this one differs from ledger.head")
    for checkpoint in due:
        walk.note(checkpoint.size, "missing: the end was cut off before this checkpoint's last")
    for one in sought.values():
        what = f"rewritten or cut: at no event is it what the checkpoint of {one.at} says"
        walk.note(walk.tree.size, what)
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
    return Checkpoint(verdict.root, stamp, size=verdict.entries).signed(signer)


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


def _compare(
    walk: _Walk, due: list[Checkpoint], sought: dict[str, Statement], *, size: int
) -> None:
    if sought:  # which event it ended with is not told: every state is looked at
        sought.pop(walk.tree.root().hex(), None)
    while due and due[0].size == size:
        if due.pop(0).root != walk.tree.root().hex():
            walk.note(size, "rewritten: an event up to this one differs from the checkpoint")

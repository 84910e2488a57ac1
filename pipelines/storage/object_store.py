"""Sets of encrypted files in a bucket: the objects first, a manifest last; what no manifest names does not exist.

    <prefix>/HOME.json                                whose prefix this is; CLAIM.… while a home takes it
    <prefix>/<set>/<file>.<SHA-256 of its bytes>      never written twice with other bytes
    <prefix>/<set>/MANIFEST.json                      digests and lengths of a set, under the home's digest key

A bucket has no rename and no lock. A name that says what is inside makes writing repeatable; the manifest, one request, makes a set
appear whole. Locks stay in the home: who writes to or sweeps a set holds the lock of its release or register.
"""

import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crypto import files
from errors import CodedError
from pipelines.storage import errors
from pipelines.storage.bucket import Bucket, BucketAdmin
from systems import bounded

MANIFEST, MARK = "MANIFEST.json", "HOME.json"
_LONGEST = 1 << 20  # bytes of a manifest
_BLOCK = 8 << 20

Digest = Callable[[str, bytes], str]


@dataclass(frozen=True)
class StoredObject:
    """One encrypted file of a set."""

    sha256: str
    size: int

    def object_name(self, of_set: str, file: str) -> str:
        """The name of its object."""
        return f"{of_set}/{file}.{self.sha256}"


class ObjectStore:
    """The sets under one prefix.

    Args:
        bucket: objects in and out.
        purpose: ``register`` or ``staging``; a prefix is for one of them.
        digest: the home's keyed digest (label, bytes).
    """

    def __init__(self, bucket: Bucket, purpose: str, digest: Digest) -> None:
        self.bucket = bucket
        self.admin = BucketAdmin(bucket)
        self.purpose = purpose
        self._digest = digest
        self._ours = False

    def claim(self) -> None:
        """See that the prefix is this home's; take it where it is empty.

        Raises:
            PrefixTaken: another home's, or somebody's who writes no mark.
        """
        if self._ours:
            return
        mark = self._sealed({"format": 1, "purpose": self.purpose})
        found = self.bucket.small(MARK, _LONGEST)
        if found is None:
            self._take(mark)
        elif not hmac.compare_digest(found, mark):
            raise errors.PrefixTaken
        self._ours = True

    def _take(self, mark: bytes) -> None:
        """Take an empty prefix. Of several homes at once one gets it at most: each shows its claim before it looks round.

        Not every server knows conditional writes, and one that does not may ignore the condition.
        """
        claim = f"CLAIM.{hashlib.sha256(mark).hexdigest()[:16]}"
        if set(self.bucket.sizes()) - {claim}:
            raise errors.PrefixTaken
        self.bucket.put_small(claim, mark)
        try:
            if set(self.bucket.sizes()) != {claim}:
                raise errors.PrefixTaken
            self.bucket.put_small(MARK, mark)
        finally:
            with contextlib.suppress(CodedError):  # what is left of it is ours, and no hindrance
                self.admin.remove_names([claim])

    def keep(self, of_set: str, sources: Sequence[Path]) -> int:
        """Make a set of files hold in the bucket; how many had to be sent. Safe to repeat after any end.

        Raises:
            PrefixTaken; the errors of `pipelines.storage.bucket`: nothing of the set is seen until all of it is there.
        """
        self.claim()
        wanted = {path.name: _described(path) for path in sources}
        if self.manifest(of_set) == wanted:
            return 0
        there, sent = self.bucket.sizes(of_set), 0
        for path in sources:
            described = wanted[path.name]
            name = described.object_name(of_set, path.name)
            if there.get(name) != described.size:
                self.bucket.put(name, path)
                sent += 1
        there = self.bucket.sizes(of_set)
        for file, described in wanted.items():
            if there.get(described.object_name(of_set, file)) != described.size:
                raise errors.ObjectTruncated
        body = {file: {"sha256": k.sha256, "bytes": k.size} for file, k in sorted(wanted.items())}
        sealed = self._sealed({"format": 1, "set": of_set, "purpose": self.purpose, "files": body})
        self.bucket.put_small(f"{of_set}/{MANIFEST}", sealed)
        return sent

    def manifest(self, of_set: str) -> Mapping[str, StoredObject] | None:
        """What a set holds; None where it is not, or not wholly, in the bucket.

        Raises:
            ManifestDoesNotHold: not ours, or another set's.
        """
        self.claim()
        content = self.bucket.small(f"{of_set}/{MANIFEST}", _LONGEST)
        if content is None:
            return None
        try:
            body = bounded.json_of(content)["body"]
            whole = self._sealed(body)
            found = {
                n: StoredObject(str(f["sha256"]), int(f["bytes"])) for n, f in body["files"].items()
            }
            about = (body["format"], body["set"], body["purpose"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise errors.ManifestDoesNotHold from None
        if not hmac.compare_digest(whole, content) or about != (1, of_set, self.purpose):
            raise errors.ManifestDoesNotHold
        return found

    def fetch(self, of_set: str, file: str, target: Path) -> None:
        """Fetch one file of a set to this machine; it appears when its length and digest are right.

        Raises:
            ObjectMissing, ObjectTruncated, ObjectChanged, ManifestDoesNotHold: exit 5, nothing appears.
        """
        found = (self.manifest(of_set) or {}).get(file)
        if found is None:
            raise errors.ObjectMissing
        name = found.object_name(of_set, file)
        self.bucket.fetch(name, target, sha256=found.sha256, size=found.size)

    def holds(self, of_set: str) -> bool:
        """Whether a set is whole in the bucket: its manifest, and objects of the right lengths."""
        found = self.manifest(of_set)
        if found is None:
            return False
        there = self.bucket.sizes(of_set)
        return all(there.get(k.object_name(of_set, f)) == k.size for f, k in found.items())

    def forget(self, under: str) -> int:
        """Delete all that lies under a set, or under a folder of sets, with every version; how many objects."""
        self.claim()
        names = self.bucket.sizes(under)
        self.admin.remove_names(n for n in names if n.endswith(f"/{MANIFEST}"))
        return self.admin.remove(f"{under}/")

    def half_sent(self, of_set: str) -> list[str]:
        """Objects of a set that its manifest does not name."""
        found = self.manifest(of_set) or {}
        named = {k.object_name(of_set, f) for f, k in found.items()} | {f"{of_set}/{MANIFEST}"}
        return [name for name in self.bucket.sizes(of_set) if name not in named]

    def sets(self) -> list[str]:
        """Every set of which anything is there, half sent ones too."""
        self.claim()
        begun = [*self.bucket.sizes(), *self.admin.uploads()]
        return sorted({name.rsplit("/", 1)[0] for name in begun if "/" in name})

    def _sealed(self, body: Mapping[str, Any]) -> bytes:
        text = json.dumps(body, sort_keys=True)
        mac = self._digest("bucket", f"{self.purpose}\0{text}".encode())
        return json.dumps({"body": body, "mac": mac}, sort_keys=True, indent=1).encode() + b"\n"


def _described(path: Path) -> StoredObject:
    seen, size = hashlib.sha256(), 0
    with files.open_regular(path) as file:
        while block := file.read(_BLOCK):
            seen.update(block)
            size += len(block)
    return StoredObject(seen.hexdigest(), size)

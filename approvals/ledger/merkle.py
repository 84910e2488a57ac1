"""The Merkle tree of RFC 6962 § 2.1 over the ledger's events, in constant memory."""

import hashlib
from collections.abc import Iterable


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of one event with the leaf's prefix, so that no leaf can pass for a node."""
    return hashlib.sha256(b"\x00" + body).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Takes leaf hashes one after the other and knows the root at any moment."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # roots of full subtrees, largest first
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash: as many merges as the size has trailing ones in binary."""
        size = self.size
        while size & 1:
            leaf = _node(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root; of nothing, the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root

"""A file whose bytes are the same however often they are read: it is read once to know its blocks, and whoever changes one afterwards is noticed.

Its bytes are neither held in memory nor copied to a disk: of each block a digest is kept, and what is read later must have it.
"""

import contextlib
import io
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO, Literal

from cryptography.hazmat.primitives import hashes

from crypto.errors import FileChanged

BLOCK = 1 << 20  # bytes: whoever reads a few of them has the digest of so many to work out


class SteadyFile:
    """An open regular file, in the shape that readers of tables take (`systems.tabular.Bytes`).

    Args:
        file: it; open as long as it is read.
        told: each block as it is read the first time.

    Raises:
        OSError: it can't be read.
    """

    def __init__(self, file: BinaryIO, told: Callable[[bytes], None]) -> None:
        self._file, self._digests, self._size = file, list[bytes](), 0
        while block := self._at(self._size):
            told(block)
            self._digests.append(_digest(block))
            self._size += len(block)
            if len(block) < BLOCK:
                break

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open it anew, from its beginning; reads raise FileChanged where it is not as it was."""
        del mode
        return io.BufferedReader(_Blocks(self), BLOCK)

    def stat(self) -> os.stat_result:
        """What the system says of it."""
        return os.fstat(self._file.fileno())

    def is_dir(self) -> bool:
        """It is a regular file."""
        return False

    @property
    def size(self) -> int:
        """Bytes."""
        return self._size

    @contextlib.contextmanager
    def copied(self) -> Generator[Path]:
        """Its bytes in memory (Linux's ``memfd``), for whoever needs a file of the system's.

        Raises:
            FileChanged: it is not as it was.
        """
        with os.fdopen(os.memfd_create("copy", os.MFD_CLOEXEC), "wb") as copy:
            for number in range(len(self._digests)):
                copy.write(self.block(number))
            copy.flush()
            yield Path(f"/proc/self/fd/{copy.fileno()}")

    def block(self, number: int) -> bytes:
        """One block.

        Raises:
            FileChanged: it is not as it was.
        """
        if number >= len(self._digests):
            return b""
        block = self._at(number * BLOCK)
        if _digest(block) != self._digests[number]:
            raise FileChanged
        return block

    def _at(self, place: int) -> bytes:
        """A block from the disk, shorter only where the file ends."""
        parts: list[bytes] = []
        missing = BLOCK
        while missing and (part := os.pread(self._file.fileno(), missing, place + BLOCK - missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


class _Blocks(io.RawIOBase):
    def __init__(self, of: SteadyFile) -> None:
        self._of, self._place = of, 0
        self._kept: tuple[int, bytes] = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._of.size}[whence]
        self._place = max(0, begin + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        number, begin = divmod(self._place, BLOCK)
        if number != self._kept[0]:
            self._kept = number, self._of.block(number)
        part = self._kept[1][begin : begin + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


def _digest(block: bytes) -> bytes:
    made = hashes.Hash(hashes.SHA256())
    made.update(block)
    return made.finalize()

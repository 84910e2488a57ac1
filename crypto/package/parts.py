"""Parts of a package: their names, the list of their hashes, and the sealing of several side by side.

``SHA256SUMS`` is what the sha256sum program writes and reads; names are held to what survives that format, the
README's commands and every operating system. Cipher, hash and disk run outside Python's lock, so parts are sealed in
threads; each part is a CMS object of its own.
"""

import io
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crypto import files
from crypto.cms import Recipient, seal_stream
from crypto.errors import PackageUnreadable, PartMissing, PartNameUnusable

LONGEST_LIST = 1024 * 1024  # bytes of a list: some nine thousand parts, 2 TiB of plaintext
_NAME = re.compile(r"(?!\.|-| )[\w.() +,=@-]{1,200}(?<![. ])", re.ASCII)
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")


def check_names(names: list[str]) -> None:
    """Refuse names that could not stand on the list, or that differ in case alone.

    Raises:
        PartNameUnusable: with the position (1-based) of the first.
    """
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if not _NAME.fullmatch(name) or name.lower() in seen:
            raise PartNameUnusable(position=position)
        seen.add(name.lower())


def write_sums(hashes: Mapping[str, str]) -> bytes:
    """Write the list, by name; ``hashes`` maps file names to hex SHA-256."""
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode("ascii")


def read_sums(data: bytes) -> dict[str, str]:
    """Read a list of exactly the form that `write_sums` writes.

    Raises:
        PackageUnreadable: another form, no line, a name twice or out of order.
    """
    try:
        text = data.decode("ascii")
        found = {match[2]: match[1] for match in _LINE.finditer(text)}
        check_names(list(found))
    except (UnicodeDecodeError, PartNameUnusable):
        raise PackageUnreadable from None
    if not found or write_sums(found) != data:
        raise PackageUnreadable
    return found


SUFFIX = ".cms"
# Parts in work at once. Each thread beyond the second adds little (the disk is one), and each part
# that a caller makes in memory costs up to 256 MiB while it is in work.
AT_ONCE = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Part:
    """Something to seal that need not be a file: plaintext may never touch the disk.

    Attributes:
        name: its file name once opened; sealed it gets ``.cms``.
        open: gives a seekable stream at its beginning, closed by the sealer.
    """

    name: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of(cls, path: Path) -> "Part":
        """Take a regular file under its own name."""
        return cls(path.name, lambda: files.open_regular(path))

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> "Part":
        """Take bytes in memory."""
        return cls(name, lambda: io.BytesIO(data))


@dataclass(frozen=True)
class SealedFile:
    """One sealed file: name with ``.cms``, hex SHA-256 and size in bytes of the ciphertext."""

    name: str
    sha256_hex: str
    bytes: int


def seal_parts(
    directory: Path,
    parts: Iterable[Path | Part],
    recipients: Sequence[Recipient],
    *,
    at_once: int = AT_ONCE,
) -> list[SealedFile]:
    """Seal parts into a directory, in the order given, ``at_once`` of them side by side.

    A part is asked for only when one of the earlier is done, so that a generator's parts are never
    more than ``at_once`` in memory. After an error what stands in the directory is worthless.

    Raises:
        PartMissing: there was none.
        PartNameUnusable, PartTooLarge, SourceChanged, FileUnusable: a part can't be sealed.
    """
    names: list[str] = []
    sealed: list[SealedFile] = []
    waiting: deque[Future[SealedFile]] = deque()
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="seal") as pool:
        try:
            for given in parts:
                part = Part.of(given) if isinstance(given, Path) else given
                names.append(part.name + SUFFIX)
                check_names(names)
                waiting.append(pool.submit(_seal_one, directory, part, recipients))
                del given, part  # the worker alone keeps it
                if len(waiting) >= at_once:
                    sealed.append(waiting.popleft().result())
            while waiting:
                sealed.append(waiting.popleft().result())
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if not sealed:
        raise PartMissing(count=0)
    return sealed


def _seal_one(directory: Path, part: Part, recipients: Sequence[Recipient]) -> SealedFile:
    name = part.name + SUFFIX
    with files.coded(), part.open() as source, files.open_new(directory / name) as sink:
        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        digest = seal_stream(source, size, recipients, sink)
    with files.coded():
        files.sync(directory / name)
    return SealedFile(name, digest.sha256_hex, digest.bytes)

"""The list of hashes in a package: ``SHA256SUMS``, as the sha256sum program writes and reads it.

Names are held to what survives that format, the README's commands and every operating system.
"""

import re
from collections.abc import Mapping

from crypto.errors import PackageUnreadable, PartNameUnusable

LONGEST = 1024 * 1024  # bytes of a list: some nine thousand parts, 2 TiB of plaintext
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

"""Where a table's bytes come from."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias


class Bytes(Protocol):
    """What a table is read from where it is no path: bytes that can be opened as often as asked."""

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Open them, from the beginning."""
        ...

    def stat(self) -> os.stat_result:
        """What the system says of the file."""
        ...

    def is_dir(self) -> bool:
        """Whether it is a directory."""
        ...

    def copied(self) -> AbstractContextManager[Path]:
        """A file of the system's that has them."""
        ...


Source: TypeAlias = Path | Bytes

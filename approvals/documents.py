"""The project's folder: applications, certificates and documents, each pinned by the ledger.

A file is named after the keyed digest of its bytes, which the ledger holds: it can't be changed
unnoticed, and its name tells nothing.
"""

import os
from collections.abc import Callable
from pathlib import Path

from approvals.errors import DocumentChanged

Digest = Callable[[str, bytes], str]
_NAMED = 16  # hex digits of the digest in a file name; the ledger has all of them


class ProjectFolder:
    """The files of one project below ``<home>/projects``."""

    def __init__(self, directory: Path, number: str, digest: Digest) -> None:
        self.path = directory / number
        self._digest = digest

    def put(self, label: str, content: bytes) -> str:
        """Store a file under ``label`` (application, recipient, document); returns its digest.

        The same bytes again are left as they are. The file is complete before it has its name.
        """
        digest = self._digest(label, content)
        target = self._place(label, digest)
        _make_folder(target.parent)
        if not target.exists():
            partial = target.with_name(f".{target.name}.{os.getpid()}")
            handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        return digest

    def get(self, label: str, digest: str) -> bytes:
        """Read a file back.

        Raises:
            DocumentChanged: it is gone, or its bytes are not those that were stored.
        """
        try:
            content = self._place(label, digest).read_bytes()
        except OSError:
            raise DocumentChanged(what=label) from None
        if self._digest(label, content) != digest:
            raise DocumentChanged(what=label)
        return content

    def is_same(self, label: str, digest: str, content: bytes | None) -> bool:
        """Whether these bytes are those of the digest; what is gone is not."""
        return content is not None and self._digest(label, content) == digest

    def write_letter(self, name: str, text: str) -> Path:
        """Write a letter (0600), replacing one of the same name; returns its place."""
        folder = self.path / "letters"
        _make_folder(folder)
        target = folder / name
        partial = folder / f".{name}.{os.getpid()}"
        handle = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(target)
        return target

    def _place(self, label: str, digest: str) -> Path:
        return self.path / f"{label}s" / digest[:_NAMED]


def _make_folder(folder: Path) -> None:
    """Make ``<home>/projects/<number>/<what>``, each closed to others (``parents`` is not)."""
    for path in (folder.parent.parent, folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)

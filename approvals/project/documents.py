"""The project's folder: applications, certificates and documents, each pinned by the ledger.

A file is named after the keyed digest of its bytes, which the ledger holds, and rests encrypted under
the project's own key: it can't be changed unnoticed, its name tells nothing, and forgetting the key
destroys what the folder holds.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from approvals.errors import DocumentChanged
from crypto.resting import decrypt_document, encrypt_document
from crypto.secret import Secret
from errors import CodedError

Digest = Callable[[str, bytes], str]
Key = Callable[[bool], Secret]  # the project's key; True makes it where there is none
LetterFiles = Mapping[str, tuple[str, bytes]]  # ending → the fact that pins it, and its bytes
Mark = tuple[int, int, int, int] | None  # of a file as it lies there: another content has another
FileState = Literal["held", "missing", "changed"]
_NAMED = 16  # hex digits of the digest in a file name; the ledger has all of them


class ProjectFolder:
    """The files of one project below ``<home>/projects``."""

    def __init__(self, directory: Path, number: str, digest: Digest, key: Key) -> None:
        self.path = directory / number
        self._digest = digest
        self._key = key

    def digest(self, label: str, content: bytes) -> str:
        """The keyed digest of a file under ``label`` (application, recipient, document)."""
        return self._digest(label, content)

    def put(self, label: str, content: bytes) -> str:
        """Store a file under its label; returns its digest. Called where its event is recorded (``Ledger.append``).

        The same bytes again are left as they are. The file is complete before it has its name.
        """
        digest = self._digest(label, content)
        target = self._place(label, digest)
        _make_folder(target.parent)
        if not target.exists():
            encrypt_document(content, target, self._key(True))
        return digest

    def get(self, label: str, digest: str) -> bytes:
        """Read a file back.

        Raises:
            DocumentChanged: it is gone, or its bytes are not those that were stored.
        """
        try:
            content = decrypt_document(self._place(label, digest), self._key(False))
        except CodedError:
            raise DocumentChanged(what=label) from None
        if self._digest(label, content) != digest:
            raise DocumentChanged(what=label)
        return content

    def is_same(self, label: str, digest: str, content: bytes | None) -> bool:
        """Whether these bytes are those of the digest; what is gone is not."""
        return content is not None and self._digest(label, content) == digest

    def state(self, label: str, digest: str) -> FileState:
        """Whether a file is there, and is the one that was stored."""
        if not self._place(label, digest).exists():
            return "missing"
        try:
            self.get(label, digest)
        except DocumentChanged:
            return "changed"
        return "held"

    def mark(self, label: str, digest: str) -> Mark:
        """What tells a file from the same one changed: its node, its size, when it was written and when it was moved here."""
        try:
            found = self._place(label, digest).stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def plain_state(self, place: str, label: str, digest: str) -> FileState:
        """The same of a plain copy, which people read, by its place below the project's folder."""
        try:
            content = (self.path / place).read_bytes()
        except OSError:
            return "missing"
        return "held" if self._digest(label, content) == digest else "changed"

    def get_plain(self, place: str, label: str, digest: str) -> bytes:
        """A plain copy, which people read, as it was written.

        Raises:
            DocumentChanged: it is gone, or its bytes are not those of the digest.
        """
        try:
            content = (self.path / place).read_bytes()
        except OSError:
            raise DocumentChanged(what=label) from None
        if self._digest(label, content) != digest:
            raise DocumentChanged(what=label)
        return content

    def write_letter(self, name: str, content: bytes) -> Path:
        """Write a file of a letter (0600), replacing one of the same name; returns its place.

        A letter is for sending and is not encrypted; the copy that the ledger pins is.
        """
        target = self.letter(name)
        _make_folder(target.parent)
        partial = target.with_name(f".{name}.{os.getpid()}")
        handle = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        partial.replace(target)
        return target

    def letter(self, name: str) -> Path:
        """The place of a letter."""
        return self.path / "letters" / name

    def letter_facts(self, files: LetterFiles) -> dict[str, str]:
        """The facts of an event that pins a letter: one digest for each of its files."""
        return {fact: self._digest("notice", content) for fact, content in files.values()}

    def keep_letter(self, name: str, files: LetterFiles) -> None:
        """Store the copies that an event pins, and write the letter's files."""
        for ending, (_, content) in files.items():
            self.put("notice", content)
            self.write_letter(name + ending, content)

    def _place(self, label: str, digest: str) -> Path:
        return self.path / f"{label}s" / digest[:_NAMED]


def _make_folder(folder: Path) -> None:
    """Make ``<home>/projects/<number>/<what>``, each closed to others (``parents`` is not)."""
    for path in (folder.parent.parent, folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)

"""The root of a keyring: one random secret under a passphrase, in ``keyring.json``.

All else in the keyring hangs on the root, so changing the passphrase rewrites this one file. The passphrase is
never an option of the command line. It is, in this order, what the caller gives, the file that
``DOJ_RELEASE_PASSPHRASE_FILE`` names, or the file ``passphrase`` in the keyring, which `init` makes when nothing else
was given (`doctor` warns then: whoever reads that directory has the keys).
"""

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from crypto import files
from crypto.errors import (
    FileUnusable,
    KeyFileDamaged,
    KeyringMissing,
    PassphraseMissing,
    PassphraseTooShort,
    PassphraseWrong,
)
from crypto.secret import SALT_BYTES, Secret, stretch_passphrase, unwrap_secret, wrap_secret

HEAD = "keyring.json"
FORMAT = 1
_LONGEST = 64 * 1024  # bytes


def head_bytes(root: bytes, department: str, passphrase: bytes, iterations: int) -> bytes:
    """Wrap the root under a passphrase: the new content of ``keyring.json``."""
    salt = secrets.token_bytes(SALT_BYTES)
    kek = stretch_passphrase(passphrase, salt, iterations)
    head = {
        "format": FORMAT,
        "department": department,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "kdf": "PBKDF2-HMAC-SHA-256",
        "iterations": iterations,
        "salt": salt.hex(),
        "root": wrap_secret(kek, root, "root").hex(),
    }
    return json.dumps(head, indent=2).encode() + b"\n"


def read_head(directory: Path) -> dict[str, object]:
    """Read ``keyring.json``.

    Raises:
        KeyringMissing: it is missing, malformed or of another format.
    """
    try:
        head = json.loads(files.read_small(directory / HEAD, _LONGEST))
    except (ValueError, RecursionError):
        raise KeyringMissing from None
    if not isinstance(head, dict) or cast("dict[str, object]", head).get("format") != FORMAT:
        raise KeyringMissing
    return cast("dict[str, object]", head)


def unlock(directory: Path, passphrase: bytes) -> Secret:
    """Open the root.

    Raises:
        KeyringMissing: no well-formed ``keyring.json``.
        PassphraseWrong: the passphrase does not open it.
        KeyFileDamaged: its parameters are out of bounds.
    """
    head = read_head(directory)
    salt, iterations, wrapped = head.get("salt"), head.get("iterations"), head.get("root")
    if not (isinstance(salt, str) and isinstance(wrapped, str) and type(iterations) is int):
        raise KeyringMissing
    try:
        salt_bytes, wrapped_bytes = bytes.fromhex(salt), bytes.fromhex(wrapped)
    except ValueError:
        raise KeyringMissing from None
    kek = stretch_passphrase(passphrase, salt_bytes, iterations)
    try:
        return Secret("root", unwrap_secret(kek, wrapped_bytes, "root"))
    except KeyFileDamaged:
        raise PassphraseWrong from None


# -- the passphrase

PHRASE_VARIABLE = "DOJ_RELEASE_PASSPHRASE_FILE"
PHRASE_FILE = "passphrase"
SHORTEST = 8  # characters; SP 800-63B § 3.1.1
_LONGEST_PASSPHRASE = 4096  # bytes


def find_passphrase(directory: Path, given: bytes | None) -> bytes | None:
    """Find the passphrase of a keyring, or nothing.

    Raises:
        PassphraseMissing: the named file is missing or unreadable, or it is empty.
        PassphraseTooShort: shorter than eight characters.
    """
    if given is not None:
        return _checked(given)
    named = os.environ.get(PHRASE_VARIABLE)
    if named:
        return _from_file(Path(named), follow=True)
    kept = directory / PHRASE_FILE
    return _from_file(kept, follow=False) if kept.exists() else None


def _from_file(path: Path, *, follow: bool) -> bytes:
    try:
        # secrets that an orchestrator mounts are links
        data = files.read_small(path.resolve() if follow else path, _LONGEST_PASSPHRASE)
    except (FileUnusable, OSError, RuntimeError):
        raise PassphraseMissing from None
    return _checked(data.removesuffix(b"\n").removesuffix(b"\r"))


def _checked(passphrase: bytes) -> bytes:
    if not passphrase:
        raise PassphraseMissing
    if len(passphrase) < SHORTEST:
        raise PassphraseTooShort(shortest=SHORTEST)
    return passphrase

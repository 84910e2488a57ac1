"""The root of a keyring: one random secret under the passphrase, in ``keyring.json``.

All else in the keyring hangs on the root, so changing the passphrase rewrites this one file.
"""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from crypto import files
from crypto.errors import KeyFileDamaged, KeyringMissing, PassphraseWrong
from crypto.resting import wrapping
from crypto.secret import Secret

HEAD = "keyring.json"
FORMAT = 1
_LONGEST = 64 * 1024  # bytes


def head_bytes(root: bytes, department: str, passphrase: bytes, iterations: int) -> bytes:
    """Wrap the root under a passphrase: the new content of ``keyring.json``."""
    salt = secrets.token_bytes(wrapping.SALT_BYTES)
    kek = wrapping.stretch(passphrase, salt, iterations)
    head = {
        "format": FORMAT,
        "department": department,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "kdf": "PBKDF2-HMAC-SHA-256",
        "iterations": iterations,
        "salt": salt.hex(),
        "root": wrapping.wrap(kek, root, "root").hex(),
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
    kek = wrapping.stretch(passphrase, salt_bytes, iterations)
    try:
        return Secret("root", wrapping.unwrap(kek, wrapped_bytes, "root"))
    except KeyFileDamaged:
        raise PassphraseWrong from None

"""Where the keyring's passphrase comes from; it is never an option of the command line.

In this order: what the caller has, the file that ``DOJ_RELEASE_PASSPHRASE_FILE`` names, and the
file ``passphrase`` inside the keyring, which `init` makes when nothing else was given (`doctor`
warns then: whoever reads that directory has the keys).
"""

import os
import secrets
from pathlib import Path

from crypto import files
from crypto.errors import FileUnusable, PassphraseMissing, PassphraseTooShort

VARIABLE = "DOJ_RELEASE_PASSPHRASE_FILE"
FILE = "passphrase"
SHORTEST = 8  # characters; SP 800-63B § 3.1.1
_LONGEST = 4096  # bytes


def find(directory: Path, given: bytes | None) -> bytes | None:
    """Find the passphrase of a keyring, or nothing.

    Raises:
        PassphraseMissing: the named file is missing or unreadable, or it is empty.
        PassphraseTooShort: shorter than eight characters.
    """
    if given is not None:
        return _checked(given)
    named = os.environ.get(VARIABLE)
    if named:
        return _from_file(Path(named), follow=True)
    kept = directory / FILE
    return _from_file(kept, follow=False) if kept.exists() else None


def make() -> bytes:
    """Make one of 256 random bits."""
    return secrets.token_urlsafe(32).encode()


def _from_file(path: Path, *, follow: bool) -> bytes:
    try:
        # secrets that an orchestrator mounts are links
        data = files.read_small(path.resolve() if follow else path, _LONGEST)
    except (FileUnusable, OSError, RuntimeError):
        raise PassphraseMissing from None
    return _checked(data.removesuffix(b"\n").removesuffix(b"\r"))


def _checked(passphrase: bytes) -> bytes:
    if not passphrase:
        raise PassphraseMissing
    if len(passphrase) < SHORTEST:
        raise PassphraseTooShort(shortest=SHORTEST)
    return passphrase

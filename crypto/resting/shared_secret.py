"""Keys for work that other machines do: a secret that stays with them, and a key for each piece of work.

The secret is a file of each machine, 0600, never sent: ``DOJ_RELEASE_CLUSTER_KEY_FILE`` or the settings name
it. The key of one piece of work is random and lies beside it, wrapped under the secret for that
folder's name; with the folder's removal it is forgotten.
"""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from crypto import files
from crypto.errors import FileUnusable, SharedSecretUnusable
from crypto.secret import SECRET_BYTES, Secret, StagingKey, unwrap_secret, wrap_secret

VARIABLE = "DOJ_RELEASE_CLUSTER_KEY_FILE"
WORK_KEY_FILE = "work.key"
_NAME, _USE = "cluster", "cluster/work"
_LONGEST = 4096  # bytes


def make_shared_secret(path: Path) -> None:
    """Write a new secret of 256 random bits, 0600.

    Raises:
        FileUnusable: there is something of this name, or it can't be written.
    """
    with files.coded(), files.open_new(path) as sink:
        try:
            sink.write(base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)) + b"\n")
            sink.flush()
        except OSError:  # a full disk: an empty file would stand in the way of the next try
            path.unlink()
            raise


def read_shared_secret(path: Path | None = None) -> Secret:
    """Read the secret from a file that nobody else can read.

    Args:
        path: else what ``DOJ_RELEASE_CLUSTER_KEY_FILE`` names.

    Raises:
        SharedSecretUnusable: named nowhere, missing, open to others, or not 256 bits.
    """
    named = path or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        raise SharedSecretUnusable
    try:
        found = named.resolve()  # secrets that an orchestrator mounts are links
        data = files.read_small(found, _LONGEST)
        mode = stat.S_IMODE(found.stat().st_mode)
        value = base64.urlsafe_b64decode(data.strip())
    except (FileUnusable, OSError, RuntimeError, binascii.Error):
        raise SharedSecretUnusable from None
    if mode & 0o077 or len(value) != SECRET_BYTES:
        raise SharedSecretUnusable
    return Secret(_NAME, value)


def shared_secret_mark(secret: Secret) -> str:
    """Sixteen hex digits by which two machines see that they have one secret."""
    return secret.derive(f"{_USE}/mark")[:8].hex()


def make_work_key(secret: Secret, folder: Path) -> StagingKey:
    """Make the key of one piece of work and leave it, wrapped, in its folder.

    Raises:
        FileUnusable: it can't be written.
    """
    value = secrets.token_bytes(SECRET_BYTES)
    wrapped = wrap_secret(secret.derive(_USE), value, folder.name)
    files.write_small(folder / WORK_KEY_FILE, wrapped)
    return StagingKey(folder.name, value)


def read_work_key(secret: Secret, folder: Path) -> StagingKey:
    """Unwrap the key of a piece of work.

    Raises:
        FileUnusable: there is none.
        KeyFileDamaged: changed, of another folder, or under another secret.
    """
    wrapped = files.read_small(folder / WORK_KEY_FILE, _LONGEST)
    return StagingKey(folder.name, unwrap_secret(secret.derive(_USE), wrapped, folder.name))

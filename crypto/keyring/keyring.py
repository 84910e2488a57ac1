"""The keyring of a home: every secret at rest, wrapped; a missing one is an error, never re-made.

    keyring.json   the root secret under the passphrase
    digest.key     under the root: key of the keyed digests
    signing.key    encrypted PKCS#8, its password derived from the root, or where a token has the
                   key; signing.pem, former/ and revoked/ beside it (`signers`)
    projects/ runs/ snapshots/ documents/   one wrapped secret per id
    escrow.pem     optional: the Department's own recipient; its private key is never here

Forgetting a run's key erases what was staged under it. Back up without ``runs/``.

All hangs on the root, so changing the passphrase rewrites ``keyring.json`` alone. The passphrase is
never an option of the command line. It is, in this order, what the caller gives, the file that
``DOJ_RELEASE_PASSPHRASE_FILE`` names, or the file ``passphrase`` in the keyring, which `init` makes when nothing else
was given (`doctor` warns then: whoever reads that directory has the keys).
"""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Generator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from crypto import errors, files
from crypto.cms import Recipient, Signer, make_signing_identity
from crypto.keyring.signers import CERTIFICATE as SIGNING_CERTIFICATE
from crypto.keyring.signers import KEY as SIGNING_KEY
from crypto.keyring.signers import load_signer, read_key_file, replace_signer
from crypto.secret import (
    ITERATIONS,
    ITERATIONS_RANDOM,
    SALT_BYTES,
    SECRET_BYTES,
    Secret,
    StagingKey,
    stretch_passphrase,
    unwrap_secret,
    wrap_secret,
)
from crypto.steady import SteadyFile

if TYPE_CHECKING:
    from crypto.token import TokenPlace

# -- the root: one random secret under the passphrase

HEAD = "keyring.json"
FORMAT = 1


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
        head = json.loads(read_key_file(directory / HEAD))
    except (ValueError, RecursionError):
        raise errors.KeyringMissing from None
    if not isinstance(head, dict) or cast("dict[str, object]", head).get("format") != FORMAT:
        raise errors.KeyringMissing
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
        raise errors.KeyringMissing
    try:
        salt_bytes, wrapped_bytes = bytes.fromhex(salt), bytes.fromhex(wrapped)
    except ValueError:
        raise errors.KeyringMissing from None
    kek = stretch_passphrase(passphrase, salt_bytes, iterations)
    try:
        return Secret("root", unwrap_secret(kek, wrapped_bytes, "root"))
    except errors.KeyFileDamaged:
        raise errors.PassphraseWrong from None


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
    except (errors.FileUnusable, OSError, RuntimeError):
        raise errors.PassphraseMissing from None
    return _checked(data.removesuffix(b"\n").removesuffix(b"\r"))


def _checked(passphrase: bytes) -> bytes:
    if not passphrase:
        raise errors.PassphraseMissing
    if len(passphrase) < SHORTEST:
        raise errors.PassphraseTooShort(shortest=SHORTEST)
    return passphrase


# -- the keyring

DIGEST, ESCROW = "digest.key", "escrow.pem"
KINDS = ("projects", "runs", "snapshots", "documents")
_BLOCK = 1024 * 1024  # bytes read at a time
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_Key = TypeVar("_Key", bound=Secret)


class Keyring:
    """The opened keyring of a ``directory``. Get one by `create` or `open`."""

    def __init__(self, directory: Path, root: Secret) -> None:
        self.directory = directory
        self._root = root
        self._digest = Secret(DIGEST, self._unwrapped(directory / DIGEST, DIGEST))

    @classmethod
    def create(
        cls, directory: Path, *, department: str, passphrase: bytes | None = None
    ) -> "Keyring":
        """Make a keyring in a directory that is missing or empty; it appears whole.

        Args:
            directory: ``<home>/keys``; becomes 0700.
            department: common name of the signing certificate, at most 64 characters.
            passphrase: of eight characters or more; without one, the file of
                ``DOJ_RELEASE_PASSPHRASE_FILE`` is read, and without that a random one is made
                and kept in the keyring.

        Raises:
            KeyringExists: something is there.
            PassphraseMissing, PassphraseTooShort: its file can't be read; it is too short.
            FileUnusable: the directory can't be written.
        """
        if directory.is_symlink() or (directory.exists() and any(directory.iterdir())):
            raise errors.KeyringExists
        found = find_passphrase(directory, passphrase)
        partial = files.temporary_beside(directory)
        with files.directory_written_whole(partial, directory):
            iterations = ITERATIONS
            if found is None:
                found, iterations = secrets.token_urlsafe(32).encode(), ITERATIONS_RANDOM
                files.write_small(partial / PHRASE_FILE, found + b"\n")
            _fill(partial, department, found, iterations)
        return cls.open(directory, found)

    @classmethod
    def open(cls, directory: Path, passphrase: bytes | None = None) -> "Keyring":
        """Open a keyring.

        Args:
            directory: ``<home>/keys``.
            passphrase: else the file of ``DOJ_RELEASE_PASSPHRASE_FILE``, else the file
                ``passphrase`` in the keyring.

        Raises:
            KeyringMissing: there is none, or its head can't be read.
            PassphraseMissing, PassphraseTooShort, PassphraseWrong: it does not open.
            KeyFileDamaged: a wrapped key does not hold.
        """
        if not (directory / HEAD).is_file():
            raise errors.KeyringMissing
        found = find_passphrase(directory, passphrase)
        if found is None:
            raise errors.PassphraseMissing
        return cls(directory, unlock(directory, found))

    def change_passphrase(self, new: bytes) -> None:
        """Wrap the root secret under another passphrase; nothing else changes.

        A passphrase that was kept in the keyring is removed.

        Raises:
            PassphraseMissing, PassphraseTooShort: empty, or shorter than eight characters.
            FileUnusable: it can't be written.
        """
        find_passphrase(self.directory, new)
        department = str(read_head(self.directory).get("department", ""))
        data = head_bytes(self._root.reveal(), department, new, ITERATIONS)
        files.write_small(self.directory / HEAD, data)
        kept = self.directory / PHRASE_FILE
        if kept.exists():
            files.overwrite_and_unlink(kept)

    # -- signing and escrow

    def signer(self) -> Signer:
        """Give the Department's signer; see `load_signer` for what is raised."""
        return load_signer(self.directory, _signing_password(self._root))

    def replace_signer(self, department: str, place: "TokenPlace | None" = None) -> str:
        """Put a new key or a token's in force; as `replace_signer`, the former's fingerprint."""
        password = _signing_password(self._root)
        if place is None:
            key, certificate = make_signing_identity(department, password)
        else:
            from crypto.token import stored_place, token_certificate

            key, certificate = stored_place(place), token_certificate(place, department)
        return replace_signer(self.directory, key, certificate, password)

    def signing_certificate(self) -> bytes:
        """Give the signing certificate, PEM.

        Raises:
            KeyringMissing: it is gone.
        """
        return read_key_file(self.directory / SIGNING_CERTIFICATE)

    def escrow(self, on: date | datetime) -> Recipient | None:
        """Give the Department's own recipient, where the keyring has one.

        Raises:
            NotACertificate, WeakKey, WrongCurve, CertificateExpired, WrongCertificateUse: it is
                there and unfit; never ignored.
        """
        path = self.directory / ESCROW
        return Recipient.from_pem(read_key_file(path), on=on) if path.exists() else None

    # -- keyed digests

    def digest(self, label: str, data: bytes) -> str:
        """Give a keyed digest (HMAC-SHA-256, hex) for ledger and logs; labels keep uses apart."""
        mac = self._mac(label)
        mac.update(data)
        return mac.finalize().hex()

    def digest_file(self, label: str, path: Path) -> str:
        """Give the keyed digest of a file's bytes, read in blocks; equal to `digest` of them.

        Raises:
            FileUnusable: no regular file, or it can't be read.
        """
        mac = self._mac(label)
        with files.open_regular(path) as handle:
            while block := handle.read(_BLOCK):
                mac.update(block)
        return mac.finalize().hex()

    @contextlib.contextmanager
    def steady_file(self, label: str, path: Path) -> Generator[tuple[SteadyFile, str], None, None]:
        """Give a file that can't become another while it is read, with the keyed digest of its bytes; it is open as long as the block.

        Raises:
            FileUnusable: no regular file, or it can't be read.
            FileChanged: in the block, where it is not as it was.
        """
        mac = self._mac(label)
        with files.open_regular(path) as handle:
            try:
                file = SteadyFile(handle, mac.update)
            except OSError:
                raise errors.FileUnusable from None
            yield file, mac.finalize().hex()

    def _mac(self, label: str) -> HMAC:
        return HMAC(self._digest.derive(f"digest/{label}"), hashes.SHA256())

    # -- one secret per id

    def project_secret(self, project: str, *, create: bool = False) -> Secret:
        """Give a project's secret, from which its research ids and row order come.

        Without ``create`` a missing one is an error: another secret would make other ids.

        Raises:
            StagingKeyMissing, KeyFileDamaged, KeyNameUnusable: see `run_key`.
        """
        return self._keep("projects", project, Secret, create=create)

    def records_secret(self) -> Secret:
        """Give the home's secret behind the keys of records: one for all projects and years, of the root alone."""
        return Secret("record-keys", self._root.derive("keyring/record-keys"))

    def patterns_secret(self) -> Secret:
        """Give the home's secret under which suppression chooses one of many patterns, of the root alone."""
        return Secret("patterns", self._root.derive("keyring/patterns"))

    def run_key(self, run_id: str, *, create: bool = False) -> StagingKey:
        """Give the key of a run's staging; with ``create`` make it unless it exists.

        Raises:
            StagingKeyMissing: it is not there.
            KeyFileDamaged: it is there and does not unwrap.
            KeyNameUnusable: the id can't name a file.
        """
        return self._keep("runs", run_id, StagingKey, create=create)

    def snapshot_key(self, snapshot_id: str, *, create: bool = False) -> StagingKey:
        """Give the key of a register snapshot; see `run_key`."""
        return self._keep("snapshots", snapshot_id, StagingKey, create=create)

    def document_key(self, project: str, *, create: bool = False) -> StagingKey:
        """Give the key of a project's stored documents; see `run_key`."""
        return self._keep("documents", project, StagingKey, create=create)

    def forget_run_key(self, run_id: str) -> bool:
        """Erase a run's key, and with it all that was staged; whether it was there.

        Raises:
            KeyNameUnusable: the id can't name a file.
            FileUnusable: it could not be removed.
        """
        return self._forget("runs", run_id)

    def forget_snapshot_key(self, snapshot_id: str) -> bool:
        """Erase the key of a register snapshot; see `forget_run_key`."""
        return self._forget("snapshots", snapshot_id)

    def forget_document_key(self, project: str) -> bool:
        """Erase the key of a project's documents; see `forget_run_key`."""
        return self._forget("documents", project)

    def _keep(self, kind: str, name: str, make: type[_Key], *, create: bool) -> _Key:
        path, label = self._place(kind, name)
        if create and not path.exists():
            fresh = wrap_secret(_kek(self._root), secrets.token_bytes(SECRET_BYTES), label)
            files.write_once(path, fresh)
        if not path.exists():
            raise errors.StagingKeyMissing(kind=kind)
        return make(label, self._unwrapped(path, label))

    def _forget(self, kind: str, name: str) -> bool:
        path, _ = self._place(kind, name)
        there = path.exists()
        if there:
            files.overwrite_and_unlink(path)
        return there

    def _place(self, kind: str, name: str) -> tuple[Path, str]:
        if not _ID.fullmatch(name):
            raise errors.KeyNameUnusable(kind=kind)
        return self.directory / kind / f"{name}.key", f"{kind}/{name}"

    def _unwrapped(self, path: Path, label: str) -> bytes:
        return unwrap_secret(_kek(self._root), read_key_file(path), label)

    def __repr__(self) -> str:
        return "<Keyring hidden>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("a keyring is not pickled or copied")


def _fill(directory: Path, department: str, passphrase: bytes, iterations: int) -> None:
    root = Secret("root", secrets.token_bytes(SECRET_BYTES))
    key, certificate = make_signing_identity(department, _signing_password(root))
    digest = wrap_secret(_kek(root), secrets.token_bytes(SECRET_BYTES), DIGEST)
    for kind in KINDS:
        (directory / kind).mkdir(mode=files.PRIVATE_DIRECTORY)
    written = {
        DIGEST: digest,
        SIGNING_KEY: key,
        SIGNING_CERTIFICATE: certificate,
        HEAD: head_bytes(root.reveal(), department, passphrase, iterations),
    }
    for name, data in written.items():
        files.write_small(directory / name, data)


def _kek(root: Secret) -> bytes:
    return root.derive("keyring/wrap")


def _signing_password(root: Secret) -> bytes:
    return root.derive("keyring/signing").hex().encode()

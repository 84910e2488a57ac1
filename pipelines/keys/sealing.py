"""Sealing alone, on files that the command names."""

import os
from collections.abc import Sequence
from pathlib import Path

from crypto.cms import MAX_PLAINTEXT, FileSigner, Recipient
from crypto.errors import PartTooLarge
from crypto.keyring import accepted_certificates
from crypto.package import verify_by_any, write_package
from pipelines.errors import FileMissing
from pipelines.home import open_home
from pipelines.session import today

_VARIABLE = "DOJ_RELEASE_PASSPHRASE_FILE"


def read_file(path: Path, role: str, longest: int = 1 << 20) -> bytes:
    """Read a small file that a command names.

    Raises:
        FileMissing: not there, not a file, not readable or far too long.
    """
    try:
        if path.stat().st_size > longest:
            raise FileMissing(file=role, bytes=path.stat().st_size)
        return path.read_bytes()
    except OSError:
        raise FileMissing(file=role) from None


def seal_files(
    files: Sequence[Path], to: Sequence[Path], sign: Path, sign_cert: Path, out: Path
) -> dict[str, object]:
    """Seal each file to all recipients and sign the list of hashes.

    Raises:
        CodedError: see ``crypto.package.sealed_package.write_package``; a file over 256 MiB is a usage error.
    """
    for position, path in enumerate(files, start=1):
        if not path.is_file():
            raise FileMissing(file="to seal", position=position)
        if path.stat().st_size > MAX_PLAINTEXT:
            raise PartTooLarge(position=position, bytes=path.stat().st_size)
    recipients = [Recipient.from_pem(read_file(path, "recipient"), on=today()) for path in to]
    signer = FileSigner.load(
        read_file(sign, "signing key"), read_file(sign_cert, "signing certificate"), passphrase()
    )
    package = write_package(out.absolute(), list(files), recipients, signer)
    return {
        "directory": str(package.directory),
        "files": len(package.files),
        "bytes": sum(file.bytes for file in package.files),
        "sha256sums": package.list_sha256,
        "signer": package.signer,
        "recipients": list(package.recipients),
    }


def passphrase() -> bytes | None:
    """The passphrase of an encrypted key: from the named file, or asked for at a terminal."""
    named = os.environ.get(_VARIABLE)
    if named:
        return read_file(Path(named), "passphrase", 4096).rstrip(b"\r\n")
    return None


def verify_directory(directory: Path, signer: Path | None, home: Path | None) -> dict[str, object]:
    """Verify a package against the pinned signer: the one named, else the home's, former ones too.

    Raises:
        CodedError: the package does not hold (exit 5).
    """
    if signer is not None:
        pinned = (read_file(signer, "signer"),)
    else:
        pinned = accepted_certificates(open_home(home).keys)
    if not directory.is_dir():
        raise FileMissing(file="package")
    verified = verify_by_any(directory, pinned)
    return {
        "signer": verified.signer,
        "files": [file.name for file in verified.files],
        "bytes": sum(file.bytes for file in verified.files),
        "sha256sums": verified.list_sha256,
    }

"""What this machine can and can't do, and whether a keyring's files are private, for ``doctor``.

It says which module encrypts what; it never says that a module is validated.
"""

import os
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.backends.openssl import backend

from crypto.files import standing
from crypto.keyring.keyring import DIGEST, ESCROW, HEAD, PHRASE_FILE
from crypto.keyring.signers import CERTIFICATE as SIGNING_CERTIFICATE
from crypto.keyring.signers import KEY as SIGNING_KEY
from crypto.process import FIPS_VARIABLE, core_dumps, fips_enabled

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_KEPT = "kept beside the keys: whoever reads this directory has them"


@dataclass(frozen=True)
class Finding:
    """One line of ``doctor``: what was looked at, whether it is well, and what was seen."""

    what: str
    ok: bool
    detail: str


def parquet_encryption() -> bool:
    """Whether this pyarrow can write encrypted Parquet with a key given directly."""
    try:
        from pyarrow.parquet.encryption import create_encryption_properties

        create_encryption_properties(bytes(32), encryption_algorithm="AES_GCM_V1")
    except (ImportError, NotImplementedError, TypeError, ValueError):
        return False
    return True


def crypto_findings(keys: Path | None = None) -> list[Finding]:
    """Look at the machine, and at a keyring's directory where one is given; never at a secret."""
    module = f"{backend.openssl_version_text()} inside `cryptography`"
    found = [
        Finding("sealing, signing, hashing", ok=True, detail=module),
        _fips(),
        Finding(
            "staging",
            ok=parquet_encryption(),
            detail="AES-256-GCM by pyarrow's own module (at-rest alternative of the CJIS policy)",
        ),
        Finding("core dumps", ok=not core_dumps(), detail="on" if core_dumps() else "off"),
    ]
    return found + (_keyring(keys) if keys is not None else [])


def _fips() -> Finding:
    if os.environ.get("OPENSSL_CONF") and not os.environ.get(FIPS_VARIABLE):
        shared = "OPENSSL_CONF is read by Python's own OpenSSL too; name the configuration in"
        return Finding("FIPS mode", ok=False, detail=f"{shared} {FIPS_VARIABLE} instead")
    if fips_enabled():
        return Finding("FIPS mode", ok=True, detail="on")
    return Finding("FIPS mode", ok=True, detail=f"off; {FIPS_VARIABLE} can switch it on")


def _keyring(directory: Path) -> list[Finding]:
    if not directory.is_dir():
        return [Finding("keyring", ok=False, detail="missing")]
    needed = (HEAD, DIGEST, SIGNING_KEY, SIGNING_CERTIFICATE)
    missing = sum(not (directory / name).is_file() for name in needed)
    modes = [directory.lstat().st_mode, *(found.st_mode for _, found in standing(directory))]
    links = sum(map(stat.S_ISLNK, modes))
    open_to_others = sum(bool(mode & _OTHERS) for mode in modes if not stat.S_ISLNK(mode))
    kept = (directory / PHRASE_FILE).exists()
    escrow = "a recipient" if (directory / ESCROW).exists() else "none"
    return [
        Finding("keyring: files", ok=not missing, detail=f"{missing} missing"),
        Finding(
            "keyring: permissions",
            ok=not open_to_others and not links,
            detail=f"{open_to_others} open to others, {links} links, of {len(modes)}",
        ),
        Finding("keyring: passphrase", ok=not kept, detail=_KEPT if kept else "kept elsewhere"),
        Finding("keyring: escrow", ok=True, detail=escrow),
    ]


def certificate_end(path: Path) -> date | None:
    """The last day of a PEM certificate in a file, None where it can't be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.date()
    except (OSError, ValueError):
        return None

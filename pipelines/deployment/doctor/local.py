"""This machine and this home's folder: programs, libraries, systems, permissions, keys, space, the ledger."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from crypto.keyring import crypto_findings
from errors import CodedError
from pipelines.deployment.doctor.finding import Finding
from pipelines.home import FORMAT, Home, unfinished

_LIBRARIES = (
    "duckdb",
    "pyarrow",
    "cryptography",
    "recordlinkage",
    "rapidfuzz",
    "prefect",
    "great-expectations",
    "highspy",
)
_OLDEST_OPENSSL = (3, 0)  # the first that decrypts AuthEnvelopedData
_LEAST_FREE = 1 << 30  # bytes: below it the next register or release hardly fits
_DAY = 24 * 3600  # seconds
_KEY_AT_MOST = 64 * 1024  # bytes of a PEM file


def check_machine() -> Iterator[Finding]:
    """Look at Python, OpenSSL, the described data systems, FIPS mode and the libraries."""
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "good" if good else "bad", sys.version.split()[0])
    yield _openssl()
    yield from _systems()
    for seen in crypto_findings():
        yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; run `make .venv`")


def _openssl() -> Finding:
    what = "openssl program"
    program = shutil.which("openssl")
    if program is None:
        return Finding(what, "bad", "missing; recipients and `demo` open packages with it")
    shown = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    parts = shown.split()
    if len(parts) < 2 or parts[0] != "OpenSSL":
        return Finding(what, "note", f"{shown.strip()[:40]}: not OpenSSL, can't open a package")
    numbers = tuple(int(n) for n in parts[1].split(".")[:2] if n.isdigit())
    return Finding(what, "good" if numbers >= _OLDEST_OPENSSL else "note", parts[1])


def _systems() -> Iterator[Finding]:
    """Each data system that is described: its kinds, and what its custodian has yet to confirm."""
    from systems.description import load_system, system_codes

    for code in system_codes():
        try:
            system = load_system(code)
        except CodedError as error:
            yield Finding(code, "bad", str(error))
            continue
        kinds = [f"{k} (held)" if k in system.held_kinds else k for k in system.given_kinds]
        detail = f"{', '.join(kinds)}; {system.unconfirmed} entries not confirmed"
        yield Finding(code, "note" if system.unconfirmed else "good", detail)


def check_folder(home: Home) -> Iterator[Finding]:
    """Look at the modes of the home's files and at its keyring."""
    for seen in crypto_findings(home.keys):
        if seen.what.startswith("keyring"):
            yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    open_files = sum(1 for p in home.root.rglob("*") if not p.is_symlink() and _too_open(home, p))
    yield Finding(
        "permissions",
        "bad" if open_files else "good",
        f"{open_files} files others may read" if open_files else "only the owner can read",
    )


def _too_open(home: Home, path: Path) -> bool:
    # The signing certificate is public.
    return path != home.signing_certificate and bool(path.stat().st_mode & 0o077)


def check_service(home: Home) -> Iterator[Finding]:
    """Look at what a home that runs as a service needs: today's format, space, no unfinished files.

    Raises:
        HomeNewer: a later version has upgraded it.
    """
    found = home.format
    yield Finding(
        "home's format",
        "good" if found == FORMAT else "note",
        str(found) if found == FORMAT else f"{found}, today's is {FORMAT}: `doj-release upgrade`",
    )
    yield _free_space(home)
    old = sum(1 for age in unfinished(home) if age > _DAY)
    yield Finding(
        "unfinished files",
        "note" if old else "good",
        f"{old} of processes that are gone: `remind` removes them, is it scheduled?"
        if old
        else "none older than a day",
    )


def _free_space(home: Home) -> Finding:
    free = shutil.disk_usage(home.root).free
    newest = max((_size(p) for p in home.register.glob("*/[A-Z]*")), default=0)
    enough = free > max(_LEAST_FREE, 2 * newest)
    detail = f"{free / 2**30:.1f} GiB free; newest register {newest / 2**30:.1f} GiB"
    return Finding("room on the disk", "good" if enough else "bad", detail)


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.glob("*") if p.is_file())


def check_private_keys(home: Home) -> Iterator[Finding]:
    """See that no unencrypted private key lies in the home, the escrow key's least of all."""
    demo = home.root / "demo"
    found = sum(
        1
        for path in home.root.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and demo not in path.parents
        and path.stat().st_size < _KEY_AT_MOST
        and re.search(rb"-----BEGIN (RSA |EC )?PRIVATE KEY", path.read_bytes())
    )
    detail = f"{found} files with an unencrypted private key" if found else "none unencrypted"
    yield Finding("private keys", "bad" if found else "good", detail)


def check_ledger(home: Home) -> Iterator[Finding]:
    """Verify the ledger, look at its database's rights, and say who acts."""
    from approvals.ledger import weaknesses
    from pipelines.keys import verify_ledger
    from pipelines.session import Session

    try:
        session = Session(home)
        facts = verify_ledger(session)
        yield Finding("ledger", "good", f"{facts['size']} events, chain whole")
        weak = weaknesses(session.ledger.engine)
        what = f"{session.ledger.engine.dialect.name}, this role appends and reads"
        yield Finding("ledger database", "note" if weak else "good", "; ".join(weak) or what)
    except CodedError as error:
        yield Finding("ledger", "bad", str(error))
        return
    try:
        yield Finding("who acts", "good", session.person.id)
    except CodedError as error:
        yield Finding("who acts", "bad", str(error))
    finally:
        session.close()

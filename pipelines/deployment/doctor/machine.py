"""What is looked at of a machine: the program, its libraries and loops, openssl, systems, advisories."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from crypto.keyring import crypto_findings
from crypto.process import only_the_owner_writes
from errors import CodedError
from pipelines.deployment.advisories import installed_packages, known_weaknesses
from pipelines.deployment.doctor.finding import Finding, judged

_LIBRARIES = (
    "duckdb", "pyarrow", "cryptography", "rapidfuzz", "prefect", "great-expectations", "highspy",
)  # fmt: skip

_OLDEST_OPENSSL = (3, 0)  # the first that decrypts AuthEnvelopedData

_OLD = 30  # days of a file of advisories


def check_machine() -> Iterator[Finding]:
    """Look at Python, OpenSSL, the described data systems, FIPS mode and the libraries."""
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "good" if good else "bad", sys.version.split()[0])
    yield _program()
    yield _openssl()
    yield _loops()
    yield from _systems()
    for seen in crypto_findings():
        yield Finding(seen.what, "good" if seen.ok else "note", seen.detail)
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; run `make .venv`")


def _program() -> Finding:
    open_ = not all(map(only_the_owner_writes, (Path(sys.prefix), Path(__file__))))
    bad, good = (
        "others can write them, or a folder above them",
        "only root and their owner write them",
    )
    return judged("program's files", open_, bad, good, "note")


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


def _loops() -> Finding:
    """A compiler that failed at installation is not seen otherwise: the links are the same."""
    from matching.native import LIBRARY_FILE, compiled

    lacks = "numpy's, several times slower: install gcc, then the product again"
    library = compiled()
    good = f"compiled, SHA-256 {sha256(LIBRARY_FILE.read_bytes()).hexdigest()}" if library else ""
    return judged("linkage's inner loops", library is None, lacks, good, "note")


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


def check_advisories(file: Path) -> Iterator[Finding]:
    """Compare what is installed with a file of advisories; an old one is said.

    Raises:
        AdvisoriesUnusable: it can't be read.
    """
    packages = installed_packages()
    found, count, newest = known_weaknesses(file, packages)
    for one in found:
        cure = f"mended in {', '.join(one.mended)}" if one.mended else "no version mends it yet"
        yield Finding(one.ids[0], "bad", f"{one.package} {one.version}; {cure}")
    old = newest < (datetime.now(UTC) - timedelta(days=_OLD)).date().isoformat()
    about = f"{count} read, the newest of {newest}; {len(found)} are about these {len(packages)} packages"
    yield judged("advisories", old, f"{about}: bring newer ones", about, "note")

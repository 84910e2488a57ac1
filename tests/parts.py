"""Parts of a machine that some tests need: without one a test is skipped by the part's name, and in CI it fails.

``@pytest.mark.machine("softhsm2-util")`` says that a test needs a part; without a part, that it starts a
server or a program that takes a while. ``make test-fast`` leaves all of them out.
"""

import ctypes
import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

SOFTHSM = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)
JARS = [
    Path("/usr/share/java") / f"{name}.jar" for name in ("bcprov", "bcutil", "bcpkix", "bcmail")
]
R_LIBRARIES = ("haven", "readr", "jsonlite")
CHROMIUM = "/usr/bin/chromium"  # Debian's


def postgres_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, newest version first."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return places[0].parent if places and _can_run_postgres() else None


def _can_run_postgres() -> bool:
    """The server refuses to run as root: then there must be its usual user."""
    return os.geteuid() != 0 or any(p.pw_name == "postgres" for p in pwd.getpwall())


def compiler() -> str | None:
    """A C compiler, as the installation would take it."""
    names = (os.environ.get("CC", ""), "cc", "gcc")
    return next((found for n in names if n and (found := shutil.which(n))), None)


def _seccomp() -> bool:
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return False
    return True


# What each part is called, whether it is there, and where it comes from.
_PARTS: dict[str, tuple[Callable[[], object], str]] = {
    "softhsm2-util": (
        lambda: shutil.which("softhsm2-util") and any(Path(p).is_file() for p in SOFTHSM),
        "Debian: softhsm2",
    ),
    "pkcs11-tool": (lambda: shutil.which("pkcs11-tool"), "Debian: opensc"),
    "javac": (lambda: shutil.which("javac"), "Debian: default-jdk-headless"),
    "BouncyCastle": (
        lambda: all(jar.exists() for jar in JARS),
        "Debian: libbcmail-java, libbcpkix-java",
    ),
    "postgresql": (postgres_programs, "Debian: postgresql"),
    "mariadb": (
        lambda: shutil.which("mariadb-install-db") and Path("/usr/sbin/mariadbd").is_file(),
        "Debian: mariadb-server",
    ),
    "chromium": (lambda: shutil.which(CHROMIUM), "Debian: chromium"),
    "pdftohtml": (lambda: shutil.which("pdftohtml"), "Debian: poppler-utils"),
    "R": (
        lambda: (
            shutil.which("Rscript")
            and all(Path(f"/usr/lib/R/site-library/{name}").is_dir() for name in R_LIBRARIES)
        ),
        "Debian: r-base-core, r-cran-haven, r-cran-readr, r-cran-jsonlite",
    ),
    "pspp": (lambda: shutil.which("pspp"), "Debian: pspp"),
    "cc": (compiler, "a C compiler; Debian: gcc, libc6-dev"),
    "gcc": (lambda: shutil.which("gcc"), "Debian: gcc, libc6-dev"),
    "sudo": (lambda: shutil.which("sudo"), "Debian: sudo"),
    "systemd-analyze": (lambda: shutil.which("systemd-analyze"), "Debian: systemd"),
    "libseccomp": (_seccomp, "Debian: libseccomp2"),
    "FIPS provider": (
        lambda: os.environ.get("DOJ_RELEASE_FIPS_PROVIDER"),
        "tests/fips_provider.sh builds one; DOJ_RELEASE_FIPS_PROVIDER names its folder",
    ),
}


def missing(part: str) -> str | None:
    """What is missing and where it comes from; None where the part is there."""
    there, source = _PARTS[part]
    return None if there() else f"no {part} ({source})"


def require(*parts: str) -> None:
    """Skip the test that calls this where a part is missing; in CI, fail it."""
    for part in parts:
        if (lacking := missing(part)) is None:
            continue
        if "CI" in os.environ:
            pytest.fail(f"{lacking}, and CI has every part", pytrace=False)
        pytest.skip(lacking)

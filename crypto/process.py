"""What a process does first of all: files and memory are its own, nothing it starts gets more rights, and FIPS mode is on where asked for.

A process here has two OpenSSLs: Python's (`hashlib`, `ssl`) and the one inside `cryptography`. Both read
OPENSSL_CONF when they start, and where both load one provider's library they overwrite each other's
state: the second breaks the first. So the configuration of FIPS mode is named in a variable of ours and shown to
the second alone. Everything in `crypto` runs there, hashes included. Nothing here imports more than the standard
library before it is needed, so that every command can afford it.
"""

import ctypes
import functools
import hashlib
import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import FipsRequired, MemoryNotLocked, PrivilegesMixed

_SET_DUMPABLE, _GET_DUMPABLE, _NO_NEW_PRIVS = 4, 3, 38  # prctl(2)
_ALL_MEMORY = 1 | 2 | 4  # mlockall(2): what is there, what comes, each page when it is used
FIPS_VARIABLE = "DOJ_RELEASE_FIPS_CONF"
_READ_BY_OPENSSL = ("OPENSSL_CONF", "OPENSSL_MODULES")
_INSIDE = "cryptography.hazmat.bindings._rust"


def harden_process() -> None:
    """Make new files private (umask 077) and switch core dumps off; call it first of all.

    A limit of zero keeps the kernel from writing a file. It does not where cores are handed to a program
    (``core_pattern`` with a pipe, as systemd-coredump has it), so the process says that it
    is not to be dumped; its memory is then closed to other processes of the same user, too.

    Raises:
        PrivilegesMixed: real, effective and saved user or group differ.
    """
    os.umask(0o077)
    if sys.platform == "linux" and max(len({*os.getresuid()}), len({*os.getresgid()})) > 1:
        raise PrivilegesMixed
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_SET_DUMPABLE)


def core_dumps() -> bool:
    """Whether a crash of this process could write its memory, keys included, to a file."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_CORE)[0] != 0 or _prctl(_GET_DUMPABLE) == 1


def no_new_privileges() -> None:
    """See that nothing started from here on gets other rights than this process has: a setuid bit counts for nothing. For good."""
    _prctl(_NO_NEW_PRIVS, 1)


def keep_out_of_swap(value: bytes) -> bool:
    """Lock the page of memory where these bytes lie; whether it could be (RLIMIT_MEMLOCK, 8 MiB on most systems).

    Python copies bytes where it works with them, and so do OpenSSL and Arrow: those copies are not locked. `lock_memory` locks all.
    """
    if sys.platform != "linux" or sys.implementation.name != "cpython":
        return False
    place = ctypes.c_void_p(
        id(value) + bytes.__basicsize__ - 1
    )  # where CPython has the bytes of an object
    return bool(_libc().mlock(place, ctypes.c_size_t(len(value))) == 0)


def lock_memory() -> None:
    """Keep all memory of this process out of swap, what comes later too.

    Raises:
        MemoryNotLocked: it may not.
    """
    if sys.platform != "linux" or _libc().mlockall(_ALL_MEMORY) != 0:
        raise MemoryNotLocked


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _prctl(what: int, value: int = 0) -> int:
    """Linux's own call; elsewhere there is none."""
    return int(_libc().prctl(what, value, 0, 0, 0)) if sys.platform == "linux" else 0


def only_the_owner_writes(path: Path, *more: int) -> bool:
    """Whether nobody but root, who owns this program and ``more`` users could have put a file there, or can exchange it.

    Asked of what names or is code: a token's library, a provider's configuration. The service's own user is
    not enough there, since it writes files for its callers.
    """
    try:
        owners = {0, Path(__file__).stat().st_uid, *more}
        found = path.resolve(strict=True)
        places = [(place, place.stat()) for place in (found, *found.parents)]
    except (OSError, RuntimeError):
        return False
    return all(
        status.st_uid in owners
        # In a folder like /tmp others may add names, not exchange ours.
        and (not status.st_mode & 0o022 or (place != found and bool(status.st_mode & stat.S_ISVTX)))
        for place, status in places
    )


def activate_fips() -> bool:
    """Start the OpenSSL inside `cryptography` in FIPS mode, where the variable asks for it.

    Call it before anything imports `cryptography`; `crypto` does. Modules are looked for beside the
    configuration, unless OPENSSL_MODULES names another folder. Both name code, which must be the program's owner's.

    Raises:
        FipsRequired: the mode was asked for and is not on afterwards, or others could write what names it.
    """
    named = os.environ.get(FIPS_VARIABLE)
    if not named:
        return False
    configuration = Path(named).absolute()
    if not configuration.is_file() or (_INSIDE in sys.modules and not fips_enabled()):
        raise FipsRequired
    modules = os.environ.get("OPENSSL_MODULES", str(configuration.parent))
    if not (only_the_owner_writes(configuration) and only_the_owner_writes(Path(modules))):
        raise FipsRequired
    hashlib.sha256(b"")  # Python's OpenSSL has read its configuration now
    with _environment(dict(zip(_READ_BY_OPENSSL, (str(configuration), modules), strict=True))):
        on = fips_enabled()
    if not on:
        raise FipsRequired
    return True


def fips_enabled() -> bool:
    """Whether that OpenSSL refuses what is not approved: it then has no ChaCha20."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        ChaCha20Poly1305(bytes(32))
    except (UnsupportedAlgorithm, ValueError):
        return True
    return False


def require_fips() -> None:
    """Stop where policy asks for FIPS mode and it is off.

    Raises:
        FipsRequired: it is off.
    """
    if not fips_enabled():
        raise FipsRequired


@contextmanager
def _environment(values: dict[str, str]) -> Generator[None, None, None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

"""How the program starts: with an environment, a home folder and a current folder that no caller chooses.

Libraries read settings where they find them, and some of these name code: Prefect a logging factory in the current
folder's ``prefect.toml``, OpenSSL a module in ``OPENSSL_CONF``. So nothing of a library is imported before
:func:`leave_the_caller` has left the caller's folder and put away every variable that is not on the list below.
"""

import gc
import os
import pwd
import re
import stat
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

_WORD, _NUMBER, _SECRET = re.compile(r"[\w.+-]{1,64}", re.ASCII), re.compile(r"\d{1,5}"), re.compile(r"[!-~]{1,4096}")  # fmt: skip

# What the caller may say, and in which form. All else is put away.
_PLAIN = {
    "TERM": _WORD,  # how a terminal draws
    "COLORTERM": _WORD,
    "NO_COLOR": _WORD,
    "FORCE_COLOR": _WORD,
    "COLUMNS": _NUMBER,
    "LINES": _NUMBER,
    "DOJ_RELEASE_LOG": _WORD,
    "DOJ_RELEASE_SERVICE": _WORD,  # who owns the home: reached with sudo
    "SUDO_UID": re.compile(
        r"\d{1,10}"
    ),  # whose rights are not this process's (sudo sets it, whatever its caller says)
    # Access to the bucket, where settings name no file for it (bucket.credentials_file).
    "AWS_ACCESS_KEY_ID": _SECRET,
    "AWS_SECRET_ACCESS_KEY": _SECRET,
    "AWS_SESSION_TOKEN": _SECRET,
}
# Files and folders; what is relative is meant from the caller's folder. What may name code (a provider's
# configuration, a token's) is looked at where it is used: `crypto.process.only_the_owner_writes`.
_PATHS = (
    "DOJ_RELEASE_HOME",
    "DOJ_RELEASE_PASSPHRASE_FILE",
    "DOJ_RELEASE_PIN_FILE",
    "DOJ_RELEASE_CLUSTER_KEY_FILE",
    "DOJ_RELEASE_FIPS_CONF",
    "SOFTHSM2_CONF",
)
_FIXED = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LC_ALL": "C.UTF-8",
    # For Pythons that libraries start by themselves, such as Prefect's server.
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    # numpy's threads of its own wait for work that nobody has for them, each with a core to itself at first.
    "OPENBLAS_NUM_THREADS": "1",
    # Else pydantic looks through every installed distribution for code to hand each model to, at every start.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    # One heap for numpy and Arrow, which keeps what is freed: else each column comes from the kernel anew, and clearing
    # its pages is a fifth of a linkage. What is kept beyond need is given back by hand (`matching.arrays.give_back`).
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}
_NOWHERE = "/nonexistent"


def leave_the_caller() -> Path:
    """Put away the caller's environment, leave their current folder, and say which it was."""
    folder = _current_folder()
    environment = clean_environment(os.environ, folder)
    if not sys.flags.isolated:  # somebody called Python by hand
        os.execve(sys.executable, [sys.executable, "-I", *sys.argv], environment)  # noqa: S606
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    return folder


def clean_environment(given: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What a process of ours begins with: what the caller may say, in its form, and the rest fixed.

    Args:
        given: the caller's environment.
        folder: the caller's current folder.
    """
    plain = {n: given[n] for n, form in _PLAIN.items() if form.fullmatch(given.get(n, ""))}
    paths = {name: str(folder / given[name]) for name in _PATHS if given.get(name)}
    temporary = given.get("TMPDIR", "")
    if temporary.startswith("/") and _private_enough(temporary):
        paths["TMPDIR"] = temporary
    home = _home_folder()
    return plain | paths | _FIXED | {"HOME": home if _private_enough(home) else _NOWHERE}


def _home_folder() -> str:
    """The user's own, as the machine knows it; a caller's HOME is not asked."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir or _NOWHERE
    except KeyError:
        return _NOWHERE


def _private_enough(path: str) -> bool:
    """Whether nobody but root and this user can put something into a folder, or exchange what is there."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return False
    open_to_others = (
        found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    )
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid()) and not open_to_others


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it is gone, or may not be looked at
        return Path(_NOWHERE)


@contextmanager
def imports_that_stay() -> Generator[None, None, None]:
    """Import many libraries: what they made stays, so that nobody looks for cycles among it, neither meanwhile nor later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

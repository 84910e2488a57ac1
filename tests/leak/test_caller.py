"""Nothing of the folder, the home and the environment that a caller chooses is read or run by any command.

The whole story happens there (`tests/poison.py`): every command to success and to failure, and the Prefect server.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines.start import clean_environment
from tests.leak.story import HERE
from tests.leak.test_network import calls
from tests.poison import HARMLESS, READS, Poison, Watched

ROOT = HERE.parents[1]
PROGRAM = Path(sys.executable).with_name("doj-release")
EXTRAS = ("postgres", "mysql", "adbc", "pkcs11", "dask", "s3", "formats")
# What is no distribution of the lock, or comes with the environment itself.
BESIDES = {"python", "libc", "openssl", "setuptools"}
# A source that asks for a variable, a home folder, or the current folder; tests of a library's own are left out.
ASKS = re.compile(
    rb"\benviron\b|getenv|expanduser|Path\.home\(|user_config_dir|getcwd|Path\.cwd\(|find_dotenv"
    rb"|['\"]\.env['\"]|pyproject\.toml"
)


@pytest.fixture
def poison(tmp_path):
    return Poison(tmp_path / "caller").make()


def test_no_command_opens_or_runs_anything_of_the_callers(stage):
    assert stage.watched.opened() == []
    assert stage.caller.ran() == []


def test_no_command_starts_a_program_but_by_a_fixed_place(stage):
    started = {
        host for _, event, _, host in calls(stage) if event.startswith(("subprocess", "os."))
    }
    assert {sys.executable, "/usr/bin/openssl"} <= started  # they are seen
    # The others are Python's own questions what machine this is, a worker's of a cluster besides; they may be missing.
    asks_the_machine = {"/usr/bin/file", "file", "/usr/bin/uname", "uname"}
    assert started <= {sys.executable, "/usr/bin/openssl"} | asks_the_machine


def test_the_poison_works_where_nothing_is_put_away(poison):
    watched = Watched(poison.folder, poison.home, poison.root / "evil")
    for more, code in (({"PYTHONPATH": str(poison.folder)}, "pass"), ({}, "import prefect.main")):
        words = [sys.executable, "-P", "-c", code]
        subprocess.run(words, cwd=poison.folder, env={"HOME": str(poison.home)} | more, check=False)
    opened = {str(Path(path).relative_to(poison.root)) for path in watched.opened()}
    watched.close()
    assert {"folder/sitecustomize.py", "folder/.env", "folder/prefect.toml"} <= opened
    assert "sitecustomize.py" in poison.ran()


@pytest.mark.parametrize("by", ["script", "link", "python"])
def test_the_installed_program_starts_clean(poison, tmp_path, by):
    link = tmp_path / "doj-release"
    link.symlink_to(PROGRAM)
    began = {"script": [PROGRAM], "link": [link], "python": [sys.executable, PROGRAM]}[by]
    # A Python that is started by hand has read its own variables already: here it is given none.
    said = {k: v for k, v in poison.environment().items() if by != "python" or "PYTHON" not in k}
    watched = Watched(poison.folder, poison.home, poison.root / "evil")
    words = [*began, "suppress", "cells.csv", "--dims", "a,b", "--count", "n", "--out", "out.csv", "--json"]  # fmt: skip
    (poison.folder / "cells.csv").write_text("a,b,n\n" + "".join(f"{a},{b},{20 + a + b}\n" for a in range(3) for b in range(3)))  # fmt: skip
    done = subprocess.run(words, cwd=poison.folder, env=said, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    named = {str(poison.folder / name) for name in ("cells.csv", "out.csv")}
    opened = {path for path in watched.opened() if not re.search(r"/\.?(cells|out|doj-)", path)}
    watched.close()
    assert (opened, poison.ran()) == (set(), [])
    assert named <= {str(path) for path in poison.folder.iterdir()}
    assert '"out.csv"' in done.stdout  # as it was named


def test_no_variable_passes_but_those_of_the_list(poison):
    passed = clean_environment(poison.environment() | {"LD_PRELOAD": "x", "ANYTHING": "x"}, poison.folder)  # fmt: skip
    ours = {"HOME", "PATH", "LC_ALL", "PYTHONSAFEPATH", "PYTHONNOUSERSITE"}
    ours |= {"OPENBLAS_NUM_THREADS", "PYDANTIC_DISABLE_PLUGINS", "ARROW_DEFAULT_MEMORY_POOL"}
    ours |= {"MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
    assert set(passed) == ours | {"FORCE_COLOR"}  # a word: whether colours are drawn
    said = {
        "TERM": "xterm-256color",
        "COLUMNS": "90",
        "NO_COLOR": "1",
        "DOJ_RELEASE_HOME": "h",
        "TMPDIR": "/tmp",
    }
    passed = clean_environment(said, Path("/caller"))
    assert passed.items() >= (said | {"DOJ_RELEASE_HOME": "/caller/h"}).items()
    assert "TMPDIR" not in clean_environment(
        {"TMPDIR": str(poison.root / "evil" / "open")}, Path("/")
    )


@pytest.mark.parametrize("mode", [0o755, 0o775, 0o757])
def test_a_home_folder_that_others_write_is_not_looked_into(tmp_path, monkeypatch, mode):
    tmp_path.chmod(mode)
    monkeypatch.setattr("pipelines.start._home_folder", lambda: str(tmp_path))
    expected = str(tmp_path) if mode == 0o755 else "/nonexistent"
    assert clean_environment({}, Path("/"))["HOME"] == expected


# ------------------------------------------------------------------ the table is the lock's


def runtime() -> set[str]:
    """Every distribution that the program and its extras need."""
    found: set[str] = set()
    left = [("doj-release", frozenset(EXTRAS))]
    seen = set()
    while left:
        name, extras = item = left.pop()
        if item in seen:
            continue
        seen.add(item)
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:  # another version of Python's or another machine's
            continue
        found.add(name)
        left += [
            (canonicalize_name(need.name), frozenset(need.extras))
            for need in map(Requirement, needs)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ("", *extras))
        ]
    return found - {"doj-release"}


def asks(name: str) -> bool:
    """Whether a distribution's source asks for the folder, the home or the environment, or can't be read."""
    for file in distribution(name).files or []:
        path = str(file)
        if path.endswith(".so"):
            return True
        own_tests = re.search(r"(^|/)(tests?|testing|conftest\.py)(/|$)", path)
        if path.endswith(".py") and not own_tests and ASKS.search(Path(file.locate()).read_bytes()):
            return True
    return False


def test_every_distribution_of_the_lock_that_reads_settings_is_in_the_table():
    needed = runtime()
    pins = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert needed <= set(pins)
    listed = READS.keys() | HARMLESS.keys()
    assert not READS.keys() & HARMLESS.keys()
    assert listed - BESIDES <= needed, "in the table, and no longer needed"
    assert [name for name in sorted(needed - listed) if asks(name)] == []


# ------------------------------------------------------------------ what may be code


@pytest.mark.parametrize("where", ["file", "folder"])
def test_a_providers_configuration_that_others_write_is_refused(tmp_path, where):
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text("")
    (configuration if where == "file" else tmp_path).chmod(0o777)
    said = {"DOJ_RELEASE_FIPS_CONF": str(configuration)}
    done = subprocess.run([sys.executable, "-c", "import crypto"], env=os.environ | said, capture_output=True, text=True)  # fmt: skip
    assert "CRYPTO-40" in done.stderr


def test_a_tokens_library_of_the_callers_is_not_loaded(tmp_path):
    from crypto.errors import TokenUnusable
    from crypto.token import TokenKey, TokenPlace

    own = tmp_path / "module.so"
    shutil.copy(next(Path("/lib").glob("*-linux-gnu/libc.so.6")), own)
    own.chmod(0o777)
    with pytest.raises(TokenUnusable):
        TokenKey(TokenPlace(own, "t", "k", tmp_path / "pin"))

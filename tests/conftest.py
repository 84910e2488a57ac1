"""What all tests share: Hypothesis without a clock, what a plain run leaves out, and in which order tests run."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.examples import FULL
from tests.parts import require

# Machines differ in speed, so no example is timed. A plain run draws a few examples, other ones each
# time; CI and `make test` draw all of them, and the same ones every time. Properties with a number of
# their own scale it by the profile's (tests/examples.py).
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", _UNTIMED, max_examples=10)
settings.register_profile("ci", _UNTIMED, max_examples=FULL, derandomize=True, database=None)
settings.load_profile(_PROFILE)

# Tests make thousands of small ledgers and keyrings, and the program brings each change to the disk. Where
# the machine has memory to spare, the folders of the tests are there: the program is the same and waits less.
_MEMORY = Path("/dev/shm")
_SPARE = 6 << 30  # bytes
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _SPARE:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

gc.disable()  # until all is collected: imports make little garbage and much that stays

_UNIT = Path(__file__).parent / "unit"

# Folders, and files by how their names begin, whose tests share what only one process has: a story, a browser.
_TOGETHER = ("tests/leak/", "tests/integration/test_five_systems", "tests/integration/desk/")
# What takes longest begins first: one process tells the leak suite's story, the other makes the
# demonstration (for the file named second); many short files are left for the end, to even out.
_FIRST = (
    "tests/leak/",
    "tests/integration/test_custody_commands.py",
    "tests/integration/test_five_systems",
    "tests/integration/test_bucket_home.py",
    "tests/integration/desk/",
    "tests/survive/",
    "tests/integration/",
    "tests/spec/",
)


class ByFile(LoadScopeScheduling):
    """A file's tests go to one process; so do those of files that share a session's home."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((f for f in _TOGETHER if nodeid.startswith(f)), None)
        return folder or nodeid.split("::", 1)[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL of one's own; the start of its URLs."""
    from tests.servers import server

    with server() as running:
        yield running


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """A MariaDB of one's own; the address of its database."""
    from tests import servers

    with servers.mariadb() as running:
        yield running


def _plain_run(config: pytest.Config) -> bool:
    """Whether only folders of unit tests were asked for, without a choice by mark or name."""
    folders = [Path(arg).resolve() for arg in config.args if "::" not in arg]
    return (
        _PROFILE == "dev"
        and not (config.option.markexpr or config.option.keyword)
        and len(folders) == len(config.args)
        and all(f.is_dir() and f.is_relative_to(_UNIT) for f in folders)
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A plain run of a folder leaves out what is long; else long files come first, so that no process
    is left alone with one at the end.
    """
    if _plain_run(config):
        long = [i for i in items if i.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [i for i in items if i not in long]

    slow = {item.path for item in items if item.get_closest_marker("long")}

    def rank(item: pytest.Item) -> tuple[int, bool]:
        first = next((i for i, f in enumerate(_FIRST) if item.nodeid.startswith(f)), len(_FIRST))
        return first, item.path not in slow

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What was collected stays: the collector of garbage need not go through all of it again and again."""
    gc.freeze()
    gc.set_threshold(10_000)  # by default a twentieth of what tests take is a search for garbage
    gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Group by file, not by mark: marks have no effect with this pytest."""
    return ByFile(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Tests that need more than this process, or more than some seconds."""
    config.addinivalue_line(
        "markers",
        "long: takes most of a second or more; not in `make test-fast` or a plain run of a folder",
    )
    config.addinivalue_line(
        "markers", "machine(*parts): needs parts of the machine (tests/parts.py) or starts a server"
    )


@pytest.fixture(autouse=True)
def where_it_began() -> Iterator[None]:
    """Back to the folder of before: a command that starts Prefect in a test's process leaves it."""
    before = Path.cwd()
    yield
    os.chdir(before)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing part of the machine is told by its name; in CI it is a failure."""
    for mark in item.iter_markers("machine"):
        require(*mark.args)

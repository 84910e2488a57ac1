"""What all tests share: Hypothesis without a clock, and the same examples on every CI run."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.parts import require

# Machines differ in speed, so no example is timed; CI draws the same examples every time.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Folders, and files by how their names begin, whose tests share a story that only one process tells.
_TOGETHER = ("tests/leak/", "tests/integration/test_five_systems")
# What takes longest begins first: one process tells the leak suite's story, the other makes the
# demonstration (for the file named second); many short files are left for the end, to even out.
_FIRST = (
    "tests/leak/",
    "tests/integration/test_custody_commands.py",
    "tests/integration/test_bucket_home.py",
    "tests/integration/test_five_systems",
    "tests/survive/",
    "tests/integration/",
    "tests/spec/",
)


class ByFile(LoadScopeScheduling):
    """A file's tests go to one process; so do those of files that share a session's home."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((f for f in _TOGETHER if nodeid.startswith(f)), None)
        return folder or nodeid.split("::", 1)[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process is left alone with one at the end."""

    def rank(item: pytest.Item) -> int:
        return next((i for i, f in enumerate(_FIRST) if item.nodeid.startswith(f)), len(_FIRST))

    items.sort(key=rank)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Group by file, not by mark: marks have no effect with this pytest."""
    return ByFile(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Tests that need more than this process, or more than some seconds."""
    config.addinivalue_line("markers", "long: takes up to a minute; not in `make test-fast`")
    config.addinivalue_line(
        "markers", "machine(*parts): needs parts of the machine (tests/parts.py) or starts a server"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing part of the machine is told by its name; in CI it is a failure."""
    for mark in item.iter_markers("machine"):
        require(*mark.args)

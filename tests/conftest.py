"""What all tests share: Hypothesis without a clock, and the same examples on every CI run."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# Machines differ in speed, so no example is timed; CI draws the same examples every time.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Folders whose tests share a story that only one process tells.
_TOGETHER = ("tests/leak/",)
# What takes longest begins first; the first file makes the demonstration that the others wait for.
_FIRST = ("tests/integration/test_custody_commands.py", "tests/leak/", "tests/integration/")


class ByFile(LoadScopeScheduling):
    """A file's tests go to one process; so do those of a folder that shares a session's home."""

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

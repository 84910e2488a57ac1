"""The compiled loop is compared with numpy where there is a compiler, and always in CI."""

import os
import shutil

COMPILER = any(shutil.which(name) for name in (os.environ.get("CC", ""), "cc", "gcc") if name)
NATIVE = ["test_native.py", "test_native_texts.py"]
collect_ignore = [] if COMPILER or os.environ.get("CI") else NATIVE


def pytest_terminal_summary(terminalreporter):
    if collect_ignore:
        terminalreporter.write_line("No C compiler: test_native*.py are not collected")

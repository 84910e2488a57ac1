"""The compiled loop is compared with numpy where there is a compiler, and always in CI."""

import os
import shutil

COMPILER = any(shutil.which(name) for name in (os.environ.get("CC", ""), "cc", "gcc") if name)
NATIVE = ["native/test_native.py", "native/test_texts.py"]
collect_ignore = [] if COMPILER or os.environ.get("CI") else NATIVE


def pytest_terminal_summary(terminalreporter):
    if collect_ignore:
        terminalreporter.write_line(f"No C compiler: {', '.join(NATIVE)} are not collected")

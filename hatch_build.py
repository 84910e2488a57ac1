"""Compile the linkage's inner loops when the product is installed, where there is a C compiler.

Without one the product works all the same: numpy takes the loop's place (``matching/native``).
"""

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FLAGS = ["-O3", "-std=c11", "-ffp-contract=off", "-fPIC", "-shared"]


class NativeBuildHook(BuildHookInterface):
    """Makes ``matching/native/_pairs.so`` beside its source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, or leave it."""
        del version
        folder = Path(self.root) / "matching" / "native"
        library = folder / "_pairs.so"
        compiler = next(
            (c for c in (os.environ.get("CC"), "cc", "gcc") if c and shutil.which(c)), None
        )
        library.unlink(missing_ok=True)
        if compiler is None:
            return
        made = library.with_suffix(".part")
        popcount = ["-mpopcnt"] if platform.machine() in ("x86_64", "AMD64") else []
        files = sorted(path for path in folder.iterdir() if path.suffix in (".c", ".h"))
        text = b"".join(path.read_bytes() for path in files)
        source = f"-DSOURCE=0x{hashlib.sha256(text).hexdigest()[:16]}"
        units = [str(path) for path in files if path.suffix == ".c"]
        command = [compiler, *_FLAGS, *popcount, source, "-o", str(made), *units]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            made.unlink(missing_ok=True)
            return
        made.replace(library)
        build_data["artifacts"].append("matching/native/_pairs.so")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

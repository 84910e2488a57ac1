"""What the wheel has beside its packages: the compiled inner loops, and what a deployment needs.

Without a C compiler the product works all the same: numpy takes the loop's place (``matching/native``). Prefect's deployments, units,
the lock and the documents go beside ``pipelines/deployment/files.py``, which writes them where `deployment files` is asked to.
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
        """Compile, or leave it; name the deployment's files, which an editable installation finds where they are."""
        if version != "editable":
            root = Path(self.root)
            for path in (
                p for pattern in self.config["deployment-files"] for p in root.glob(pattern)
            ):
                if path.is_file():
                    place = f"pipelines/deployment/files/{path.relative_to(root).as_posix()}"
                    build_data["force_include"][str(path)] = place
        self._compile(build_data)

    def _compile(self, build_data: dict[str, Any]) -> None:
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

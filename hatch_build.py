"""What the wheel has beside its packages: the compiled inner loops, and what a deployment needs.

Without a C compiler the product works all the same: numpy takes the loop's place (``matching/native``). Prefect's deployments, units,
the lock and the documents go beside ``pipelines/deployment/files.py``, which writes them where `deployment files` is asked to. A bill of
materials lies in the wheel where PEP 770 looks for it.

Two builds of one tree give the same bytes wherever it lies: hatchling writes no clock (``SOURCE_DATE_EPOCH`` or a fixed day), files are
listed by name, and the compiler sees no path.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FLAGS = ["-O3", "-std=c11", "-ffp-contract=off", "-fPIC", "-shared"]
# Copies that know their room are checked, a function's return address is guarded, and nothing that is called can be exchanged later on.
_HARDENED = ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong"]
_LINKED = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]  # of an ELF library

_BILL = "doj-release.cdx.json"


class NativeBuildHook(BuildHookInterface):
    """Makes ``matching/native/_pairs.so`` beside its source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, or leave it; name the deployment's files, which an editable installation finds where they are."""
        if version != "editable":
            root = Path(self.root)
            found = {p for pattern in self.config["deployment-files"] for p in root.glob(pattern)}
            for path in sorted(found):
                if path.is_file():
                    place = f"pipelines/deployment/files/{path.relative_to(root).as_posix()}"
                    build_data["force_include"][str(path)] = place
        self._compile(build_data)
        if version != "editable" and self.target_name == "wheel":
            self._bill(build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Put the bill of materials beside the wheel, too."""
        if version != "editable" and self.target_name == "wheel":
            (bill,) = build_data["sbom_files"]
            shutil.copyfile(bill, Path(artifact_path).with_name(_BILL))
            shutil.rmtree(Path(bill).parent)

    def _bill(self, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        spec = importlib.util.spec_from_file_location("bill", root / "pipelines/deployment/bill.py")
        assert spec
        assert spec.loader
        bill = sys.modules["bill"] = importlib.util.module_from_spec(spec)
        sys.dont_write_bytecode = True  # nothing is left in what is built
        spec.loader.exec_module(bill)
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
        compiled = {name: root / name for name in build_data["artifacts"] if name.endswith(".so")}
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        at = (
            datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if epoch
            else None
        )
        lock = (root / "requirements.lock").read_text("utf-8")
        made = Path(tempfile.mkdtemp()) / _BILL
        made.write_text(bill.bill_of_materials(project, lock, compiled, at), "utf-8")
        build_data["sbom_files"].append(str(made))

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
        units = [path.name for path in files if path.suffix == ".c"]
        hardened = [*_HARDENED, *(_LINKED if sys.platform == "linux" else [])]
        paths = [f"-ffile-prefix-map={folder}=."]
        command = [compiler, *_FLAGS, *hardened, *paths, *popcount, source, "-o", made.name, *units]
        if subprocess.run(command, check=False, capture_output=True, cwd=folder).returncode:
            made.unlink(missing_ok=True)
            return
        made.replace(library)
        build_data["artifacts"].append("matching/native/_pairs.so")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

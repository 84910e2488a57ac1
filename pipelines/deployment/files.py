"""What a machine needs beside the program: Prefect's deployments, units, a Dockerfile, the lock and the documents.

The wheel has them in `files` beside this file (`hatch_build.py`), a clone where they are written; both by one list.
"""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pipelines.deployment.bill import needed_to_run
from pipelines.home import HomeExists, emptied_unless_done

_LOCK = "requirements.lock"


def write_files(out: Path) -> dict[str, str]:
    """Write them into a new or empty folder.

    Returns:
        What was written, by name.

    Raises:
        HomeExists: something is there already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HomeExists
    found = dict(deployment_files())
    out.mkdir(parents=True, exist_ok=True)
    with emptied_unless_done(out):
        for name, path in found.items():
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == _LOCK:
                target.write_text(needed_to_run(path.read_text("utf-8")), "utf-8")
            else:
                shutil.copyfile(path, target)
    documents = sum(1 for name in found if name.endswith(".md"))
    others = [name for name in found if not name.startswith("docs/") and not name.endswith(".md")]
    return {"files": ", ".join(sorted(others)), "documents": str(documents)}


def deployment_files() -> Iterator[tuple[str, Path]]:
    """Each file with its name below the folder."""
    root = Path(__file__).with_name("files")
    patterns = ["**/*"]
    if not root.is_dir():
        root = Path(__file__).parents[2]
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        patterns = project["tool"]["hatch"]["build"]["hooks"]["custom"]["deployment-files"]
    for path in sorted({path for one in patterns for path in root.glob(one) if path.is_file()}):
        yield path.relative_to(root).as_posix(), path

"""The folder that a cluster's machines share: what a release leaves there is wiped, its key first."""

import contextlib
import shutil
from pathlib import Path

from crypto import files
from crypto.errors import FileUnusable
from crypto.resting import WORK_KEY_FILE
from pipelines.home import Cluster


def wipe(folder: Path) -> None:
    """Remove a plan; what a disk still holds of it can't be read without its key."""
    with contextlib.suppress(FileUnusable):
        files.overwrite_and_unlink(folder / WORK_KEY_FILE)
    shutil.rmtree(folder, ignore_errors=True)


def sweep(settings: Cluster, release: str) -> int:
    """Wipe what runs of a release left that were killed; for the holder of its lock. How many there were."""
    if not settings.folder:
        return 0
    left = list(Path(settings.folder).glob(f"{release}.*"))
    for folder in left:
        wipe(folder)
    return len(left)

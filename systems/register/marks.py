"""The mark of made-up data: a demonstration home takes nothing without it."""

from collections.abc import Sequence
from pathlib import Path

MARK_FILE = "SYNTHETIC"  # beside the files
MARK_KEY = b"synthetic"  # in a Parquet file's metadata, with the value b"true"


def is_synthetic(files: Sequence[Path]) -> bool:
    """Return whether every file says that it is made up; false for no file at all."""
    return bool(files) and all(_marked(path) for path in files)


def _marked(path: Path) -> bool:
    if (path.parent / MARK_FILE).is_file():
        return True
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return False
    return metadata.get(MARK_KEY) == b"true"

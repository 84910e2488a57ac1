"""The process that reads outside files for this one (`systems.tabular.confined`).

Nothing of Arrow is imported here: whoever knows that a file will be read has it begin while it imports the rest.
"""

from collections.abc import Sequence
from pathlib import Path

from systems.aside import Spare

# Arrow does without numpy, whose import takes as long as its own.
READER = Spare(
    "import gc, json, sys; gc.disable(); sys.modules['numpy'] = None; sys.path[:] = json.loads(sys.argv[1]); from systems.tabular import confined; gc.freeze(); gc.enable(); confined.serve()"
)


def begin_for(paths: Sequence[Path]) -> None:
    """Have a process begin that will read them, if one of them looks like a file that is read so."""
    if any(path.suffix.lower() in (".parquet", ".pq", ".xlsx") for path in paths):
        READER.begin()

"""Arrow without pandas.

The first time that it is given a Python value Arrow looks for pandas, to ask whether it was one of its objects, and remembers
whether it was there. Importing it takes a third of a second and 40 MiB, and no table of ours is one of its. So it is not to be found
while Arrow looks. Who wants it (`extracts.package.formats`) imports it as ever; Arrow alone knows nothing of it in this process.
"""

import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NotThere(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)
        return None


@cache
def leave_pandas_out() -> None:
    """Have Arrow look for pandas now, and not find it; nothing where somebody imported it before."""
    import pyarrow as pa

    finder = _NotThere()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(finder)

"""pyarrow's compute functions: made at run time, so a type checker can't see them."""

from typing import Any, Final

import pyarrow.compute

pc: Final[Any] = pyarrow.compute

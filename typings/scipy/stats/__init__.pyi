"""Distributions."""

from typing import Any

import numpy as np
import numpy.typing as npt

class _discrete:
    def sf(self, k: npt.NDArray[Any], mu: npt.NDArray[Any]) -> npt.NDArray[np.float64]: ...

poisson: _discrete

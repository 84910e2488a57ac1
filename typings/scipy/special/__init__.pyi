"""Distributions as functions."""

from typing import Any

import numpy as np
import numpy.typing as npt

def pdtrc(x1: npt.NDArray[Any], x2: npt.NDArray[Any]) -> npt.NDArray[np.float64]: ...

"""Graphs as sparse arrays."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import sparray

def connected_components(
    csgraph: sparray, directed: bool = True
) -> tuple[int, npt.NDArray[np.int32]]: ...

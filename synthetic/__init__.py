"""Made-up registers and cohorts whose truth is known, for the demonstration, tests and benchmarks.

Nothing here is about real people: names are drawn from lists of common names, numbers at random.
Every file that a made-up register consists of says so.

    truth = make_register(directory / "register", orders=250_000, seed=1)
    truth = make_system("RIPA", directory / "register", records=100_000, seed=1)
    cohort = make_cohort(directory, truth, rows=5_000, seed=2)
    cohort_table, records, pairs = make_linkage(records=1_000_000, cohort=100_000, seed=3)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthetic.cohort import CohortTruth, make_cohort
    from synthetic.linkage import make_linkage
    from synthetic.register import make_register
    from synthetic.system import make_system
    from synthetic.truth import RegisterTruth

_PLACES = {
    "make_register": "synthetic.register",
    "make_system": "synthetic.system",
    "make_cohort": "synthetic.cohort",
    "make_linkage": "synthetic.linkage",
    "RegisterTruth": "synthetic.truth",
    "CohortTruth": "synthetic.cohort",
}

__all__ = [
    "CohortTruth",
    "RegisterTruth",
    "make_cohort",
    "make_linkage",
    "make_register",
    "make_system",
]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(_PLACES[name]), name)

"""Which cells to hide: pattern, clean-up, audit, repair."""

from extracts.suppression.solver.offered import demanded
from extracts.suppression.solver.pattern import Progress, start
from extracts.suppression.solver.suppressing import Pattern, publish, suppress
from extracts.suppression.solver.together import Job, suppress_all

__all__ = ["Job", "Pattern", "Progress", "demanded", "publish", "start", "suppress", "suppress_all"]

"""Secondary suppression: which cells to hide beside the small ones.

It knows linear programmes, cutting planes, and repairs after the audit. It never returns a pattern
that the audit did not pass.
"""

from extracts.suppression.solver.secondary import Progress, start
from extracts.suppression.solver.suppressor import Job, Pattern, suppress, suppress_all
from extracts.suppression.solver.witnesses import demanded

__all__ = ["Job", "Pattern", "Progress", "demanded", "start", "suppress", "suppress_all"]

"""Secondary suppression: which cells to hide beside the small ones.

It knows linear programmes, cutting planes, and repairs after the audit. It never returns a pattern
that the audit did not pass.
"""

from extracts.suppression.solver.secondary import Progress, start_search
from extracts.suppression.solver.suppressor import Job, Pattern, suppress, suppress_all
from extracts.suppression.solver.wishes import Wishes
from extracts.suppression.solver.witnesses import proofs_of_pattern, who_is_alone

"""What a release holds: the extract of its kind and the content of its package.

It makes rows and tables from the snapshot as the approval says, and collects what goes into a package. It never seals, and
never decides whether the release may leave.
"""

from pipelines.release.content.aggregated import (
    CHANGES_FILE,
    changed_cells,
    closed_years_in_words,
    describe_closed_years,
    make_aggregate,
    recount_published_years,
)
from pipelines.release.content.deidentified import make_rows
from pipelines.release.content.package import PackageContent, collect_content, data_dictionary
from pipelines.release.content.rates import RATES_FILE, linkage_rates

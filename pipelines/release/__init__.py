"""One release: ordered, run stage by stage, resumed, reviewed, refreshed.

It knows the sequence of stages, what each leaves behind and how a run ends. A rule of the domain it asks of the room that has it,
and how a stage is called (plainly, or as a Prefect task) is its caller's choice.
"""

from pipelines.release.content import closed_years_in_words, describe_closed_years
from pipelines.release.context import open_context
from pipelines.release.metrics import public_count
from pipelines.release.orders import (
    Request,
    check_gate,
    check_ordered,
    order_release,
    prepare_resume,
    read_order,
)
from pipelines.release.plots import charts_of, county_map_of, county_maps
from pipelines.release.progress import RunProgress, follow, in_making, progress_of, under_way
from pipelines.release.refresh import (
    Refreshed,
    RefreshPlan,
    order_refresh,
    refresh_projects,
    resume_refreshes,
    worst,
)
from pipelines.release.reviewing import export_review, import_review, undo_decision
from pipelines.release.run import (
    Outcome,
    Progress,
    run_release,
    run_stage,
    summarise,
)
from pipelines.release.stages import STAGES

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
from pipelines.release.reviewing import FILTERS as REVIEW_FILTERS
from pipelines.release.reviewing import Index as ReviewIndex
from pipelines.release.reviewing import Item as ReviewItem
from pipelines.release.reviewing import Known as KnownReviews
from pipelines.release.reviewing import Said, export_review, import_review, undo_decision
from pipelines.release.reviewing import Table as Review
from pipelines.release.reviewing import chosen_blocks as review_blocks
from pipelines.release.reviewing import decide as decide_pairs
from pipelines.release.reviewing import explained as explain_pairs
from pipelines.release.reviewing import look as look_at_review
from pipelines.release.reviewing import note_shown as note_review_shown
from pipelines.release.reviewing import progress as review_progress
from pipelines.release.reviewing import tasks_for as review_tasks
from pipelines.release.reviewing import view as view_block
from pipelines.release.run import (
    Outcome,
    Progress,
    run_release,
    run_stage,
    summarise,
)
from pipelines.release.stages import STAGES

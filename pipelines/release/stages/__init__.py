"""The stages of a release, in order: one file for each, with the stage's name.

A stage reads and writes only its run's folder, records what it did, and stops with a coded error. It knows neither Prefect nor the
command line, and calls no other stage.
"""

from pipelines.release.stages.approve import wait_for_approval
from pipelines.release.stages.extract import make_extract
from pipelines.release.stages.gate import ask_gate
from pipelines.release.stages.hand_over import record_and_hand_over
from pipelines.release.stages.intake import has_rows_told_apart, intake_cohort
from pipelines.release.stages.match import link_cohort, was_of_other_rows
from pipelines.release.stages.review import settle_doubtful
from pipelines.release.stages.seal import package_and_seal, seals_a_key_that_is_gone
from pipelines.release.stages.stage import Stage
from pipelines.release.stages.validate import validate_extract

_COHORT = ("identified",)

STAGES: tuple[Stage, ...] = (
    Stage("gate", "Asking the gate", ask_gate, every_time=True),
    Stage(
        "intake", "Taking in the cohort", intake_cohort, kinds=_COHORT, is_stale=has_rows_told_apart
    ),
    Stage(
        "match",
        "Linking the cohort to the register",
        link_cohort,
        kinds=_COHORT,
        is_stale=was_of_other_rows,
    ),
    Stage("review", "Settling doubtful pairs", settle_doubtful, kinds=_COHORT),
    Stage("extract", "Making the extract", make_extract),
    Stage("validate", "Proving that it may leave", validate_extract, last_of_dry_run=True),
    Stage("approve", "Waiting for a second person", wait_for_approval, every_time=True),
    Stage("seal", "Sealing to each recipient", package_and_seal, is_stale=seals_a_key_that_is_gone),
    Stage("record", "Recording and handing over", record_and_hand_over),
)

"""The stages of a release, in order. Each reads and writes only its run's folder."""

from pipelines.stages.approval import wait_for_approval
from pipelines.stages.extract import make_extract
from pipelines.stages.gatekeeping import ask_gate
from pipelines.stages.handover import record_and_hand_over
from pipelines.stages.intake import take_in
from pipelines.stages.match import link_cohort
from pipelines.stages.review import settle_doubtful
from pipelines.stages.sealing import package_and_seal
from pipelines.stages.stage import Product, Stage
from pipelines.stages.validate import validate_extract

_COHORT = ("identified",)

STAGES: tuple[Stage, ...] = (
    Stage("gate", "Asking the gate", ask_gate, every_time=True),
    Stage("intake", "Taking in the cohort", take_in, kinds=_COHORT),
    Stage("match", "Linking the cohort to the register", link_cohort, kinds=_COHORT),
    Stage("review", "Settling doubtful pairs", settle_doubtful, kinds=_COHORT),
    Stage("extract", "Making the extract", make_extract),
    Stage("validate", "Proving that it may leave", validate_extract, last_of_dry_run=True),
    Stage("approve", "Waiting for a second person", wait_for_approval, every_time=True),
    Stage("seal", "Sealing to each recipient", package_and_seal),
    Stage("record", "Recording and handing over", record_and_hand_over),
)

__all__ = ["STAGES", "Product", "Stage"]

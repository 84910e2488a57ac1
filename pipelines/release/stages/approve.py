"""Stage 7: a second person lets the release go, on the hash of its report."""

from approvals.custody import Status
from approvals.project import check_pinned_documents
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import WaitsForAnswer, WaitsForApproval
from pipelines.release.stages.stage import Product
from pipelines.session import today

_ASKABLE = frozenset({Status.GATED, Status.VALIDATED, Status.REVIEWED})


def wait_for_approval(context: ReleaseContext) -> Product:
    """Go on only where the ledger holds an approval of exactly this report.

    Raises:
        WaitsForAnswer: an approver returned this report, and nobody has answered (exit 7).
        WaitsForApproval: nobody has approved it yet (exit 7).
        DocumentsGone: what was read before the approval, or another document of the project, was changed (exit 5).
    """
    check_pinned_documents(context.session.projects, context.order.project)
    digest, settings = str(context.facts("validate")["report"]), context.session.settings
    state = context.state
    if state.status in _ASKABLE:
        # A refusal or a crash in between took the release back; the proof still stands.
        context.note("report_attached", once=False, report=digest)
        state = context.state
    if state.status is Status.RETURNED:
        raise WaitsForAnswer(release=context.release)
    automatic = (
        settings.release.release_approval == "auto" and state.scheduled and not state.returns
    )
    if context.facts("extract").get("revised_years"):
        automatic = automatic and settings.disclosure.late_records == "auto"
    if state.status is Status.WAITING_APPROVAL and automatic:
        state = context.session.releases.approve_automatically(context.release, today())
    if (
        state.approved_by is None
        or state.report != digest
        or state.status is Status.WAITING_APPROVAL
    ):
        raise WaitsForApproval(release=context.release)
    return Product(facts={"approved_by": state.approved_by, "policy": state.policy or ""})

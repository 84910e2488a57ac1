"""What the Department keeps of a release and of a project: shown, given out, recalled, accounted for, destroyed.

It knows where sealed copies, reports, letters and the escrow certificate stand, and until when. It never makes an extract, and
what may be handed over is the gate's and the ledger's to say.
"""

from pipelines.custody.accountability import compare_versions, papers_of, record_event
from pipelines.custody.applicant import applicant_view
from pipelines.custody.approver import SignOff, beside_report, sign_off
from pipelines.custody.decider import KeyToConfirm, Papers, papers
from pipelines.custody.documents import PAPER_READERS, read_document
from pipelines.custody.escrow import (
    add_escrow_certificate,
    allow_escrow,
    confirm_escrow_certificate,
    confirmed_escrow,
    escrow_overview,
    request_escrow,
)
from pipelines.custody.letters import (
    approve_project,
    letters_of,
    write_again,
    write_certificate,
)
from pipelines.custody.releases import (
    READERS,
    answer_return,
    approve_release,
    destroy_release,
    ending,
    hand_over,
    keep_release,
    receipt_code,
    record_receipt,
    release_details,
    report_edition,
    report_file,
    report_folder,
    report_named,
    return_release,
    wipe_staging,
    withdraw_release,
    write_copy,
)
from pipelines.custody.retention import enforce_retention, enforce_retention_today, retention_items

"""What the Department keeps of a release: its report, shown and checked; its packages, given out, recalled, destroyed."""

import hmac
import json
import os
import shutil
from datetime import date
from functools import partial
from pathlib import Path

from approvals.custody import ReleaseState, given_packages, recall_id, recall_letter
from approvals.errors import PackageDiffers, ReceiptCodeWrong
from approvals.people import check_role
from approvals.project import check_pinned_documents
from crypto.keyring import accepted_certificates
from crypto.package import verify_by_any
from errors import CodedError
from pipelines.errors import ConfirmationMissing, FileExists, OptionsDisagree, ReportNotNamed
from pipelines.home import Home, locked
from pipelines.safeguards import check_decision, notify_witness
from pipelines.session import Session, today

_REPORT_FILES = {"report": "department.html", "recipient": "recipient.html", "model": "report.json"}
READERS = ("engineer", "approver", "security")
_CODE = 12  # hex figures: 48 bits, asked for by a person of the Department, one try at a time


def report_folder(session: Session, project: str, release: str) -> Path:
    """Where the readable files of a release's report stand, with the project."""
    return session.home.projects / project / "reports" / release


def report_file(session: Session, project: str, release: str) -> str | None:
    """The file to read before an approval; None where no report was made.

    Raises:
        CodedError: an edition is gone or was changed since it was attached (exit 5).
    """
    folder = report_folder(session, project, release)
    state = session.releases.show(release)
    if not state.editions and not folder.is_dir():
        return None
    found = {name: _read(folder / file) for name, file in _REPORT_FILES.items()}
    session.releases.check_editions(release, found)
    return str(folder / _REPORT_FILES["report"])


def report_edition(session: Session, release: str, edition: str) -> bytes:
    """The attached report: ``department`` (with what is hidden), ``recipient``, or ``model`` (JSON).

    Raises:
        OptionsDisagree: there is no such edition.
        RoleMissing: this person neither makes, approves nor audits releases.
        CodedError: none is attached, or it was changed (exit 5).
    """
    name = {"department": "report"}.get(edition, edition)
    if edition == "report" or name not in _REPORT_FILES:
        raise OptionsDisagree(option="--edition is department, recipient or model")
    check_role(session.person, READERS)
    report_file(session, session.releases.show(release).project, release)
    return session.releases.edition(release, name)


def report_named(session: Session, release: str, named: str | bytes | None) -> str | None:
    """The digest of the report that an approver says they read: named, or of the bytes that they read.

    Raises:
        ReportNotNamed: none is named, and the settings ask for one.
    """
    if named is None and session.settings.release.approval_names_report:
        raise ReportNotNamed(release=release)
    if not isinstance(named, bytes):
        return named
    project = session.releases.show(release).project
    return session.projects.folder(project).digest("report", named)


def write_copy(out: Path, content: bytes) -> None:
    """Write a new file (0600) for a person.

    Raises:
        FileExists: something is there.
    """
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise FileExists(file="copy") from None
    with os.fdopen(handle, "wb") as sink:
        sink.write(content)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def release_details(session: Session, release: str) -> dict[str, object]:
    """A release with the places of its report and its packages; with what was written of it, for those who may read the report.

    Raises:
        UnknownRelease: there is none.
        CodedError: its report is not the one that was attached (exit 5).
    """
    state = session.releases.show(release)
    body = state.as_dict()
    if state.returns and session.person.roles & set(READERS):
        body["returns"] = [
            {**one.as_dict(), "comment": comment, "answer": answer or None}
            for one, (comment, answer) in zip(
                state.returns, session.releases.comments(state), strict=True
            )
        ]
    if file := report_file(session, state.project, release):
        body["report_file"] = file
    outbox = session.home.outbox / state.project / release
    if outbox.is_dir():
        body["outbox"] = str(outbox)
    elif (proposals := report_folder(session, state.project, release) / "proposals.json").is_file():
        body["proposals"] = json.loads(proposals.read_text("utf-8"))
    return body


def approve_release(session: Session, release: str, report: str | None = None) -> ReleaseState:
    """Let a release go, as a second person, under the settings that it was ordered under.

    Raises:
        CodedError: see `check_decision` and ``Releases.approve``.
    """
    check_decision(session, release)
    state = session.releases.approve(release, session.person, today(), report=report)
    notify_witness(session)
    return state


def return_release(
    session: Session, release: str, comment: bytes, report: str | None = None
) -> ReleaseState:
    """Return a release to who runs it, as a second person, with what is to be mended; nothing is asked of settings or clock.

    Raises:
        CodedError: see ``Releases.send_back``.
    """
    state = session.releases.send_back(release, session.person, today(), comment, report=report)
    notify_witness(session)
    return state


def answer_return(session: Session, release: str, comment: bytes) -> ReleaseState:
    """Answer a return: the same report waits for its approver again.

    Raises:
        CodedError: see ``Releases.answer``.
    """
    return session.releases.answer(release, session.person, today(), comment)


def hand_over(
    session: Session, release: str, member: str, by: str | None, out: Path | None = None
) -> ReleaseState:
    """Give a member their package: the gate again, and the copy as it was sealed and signed.

    ``out`` is a new folder for the copy, filled when the ledger has it.

    Raises:
        FileExists: something is there already.
        UnknownRelease: there is none.
        PackageDiffers: the copy in the outbox is not the one that the ledger names (exit 5).
        DocumentsGone: a report, letter or other document of the project was changed (exit 5).
        CodedError: see `check_decision` and ``Releases.hand_over``.
    """
    check_decision(session, release, out=True)  # an unknown one has no folder to lock
    if out is not None and out.exists():
        raise FileExists(file="folder of the package")
    with locked(session.home.runs / release):
        state = session.releases.show(release)
        check_pinned_documents(session.projects, state.project)
        sums: str | None = None
        place = session.home.outbox / state.project / release / member
        if member in state.packages and state.in_outbox and place.exists():
            try:
                sums = verify_by_any(place, accepted_certificates(session.home.keys)).list_sha256
            except CodedError:
                raise PackageDiffers(member=member) from None
        elif member in state.packages and state.in_outbox and state.packages[member].sums:
            sums = ""  # gone from the outbox: no copy to give
        state = session.releases.hand_over(
            release, member, session.person, today(), sums=sums, by=by
        )
        notify_witness(session)  # before anybody holds the copy
        if out is not None:
            shutil.copytree(place, out)
        return state


def record_receipt(session: Session, release: str, member: str, code: str | None) -> ReleaseState:
    """Record a receipt; with the code, that the member's own key opened the package.

    Raises:
        ReceiptCodeWrong: another code than the one inside (exit 3).
        CodedError: see ``Releases.receipt``.
    """
    if code is not None:
        package = session.releases.show(release).packages.get(member)
        right = receipt_code(session, release, package.fingerprint) if package else ""
        if not hmac.compare_digest(_plain(right), _plain(code)):
            raise ReceiptCodeWrong(member=member)
    shown = code is not None
    return session.releases.receipt(release, member, session.person, today(), code_shown=shown)


def receipt_code(session: Session, release: str, fingerprint: str) -> str:
    """What stands inside the package sealed to this key, and nowhere else."""
    digest = session.keyring.digest("receipt code", f"{release} {fingerprint}".encode())
    code = digest[:_CODE].upper()
    return "-".join(code[i : i + 4] for i in range(0, _CODE, 4))


def _plain(code: str) -> bytes:
    return "".join(c for c in code.upper() if c.isalnum()).encode()


def ending(session: Session, release: str) -> dict[str, object]:
    """What ``withdraw`` and ``destroy`` would do to a release as it stands; nothing is changed."""
    state = session.releases.show(release)
    there = [p for p in copies(session.home, state) if p.is_dir()]
    return {
        "release": release,
        "status": str(state.status),
        "handed_over_to": _given(state),
        "copies_here": [str(path.relative_to(session.home.root)) for path in there],
        "confirmation_needed": bool(_given(state)),
    }


def withdraw_release(
    session: Session, release: str, reason: str, confirm: str | None = None
) -> dict[str, object]:
    """Withdraw a release: recorded first, then recalled and cleared from outbox and staging.

    ``confirm`` repeats the id of a release that was handed over. Where the settings ask for two people, the first only stops it.

    The sealed packages move out of the outbox into the run's folder, so that what was sent can
    still be proven. Each member who was handed one is called to destroy it: a letter is laid ready
    in the project's folder, and the recall stands in the ledger until it is answered.

    Raises:
        ConfirmationMissing: it was handed over and is not confirmed; nothing was changed.
    """
    if asked := _first_of_two(session, release, "withdraw", confirm, reason):
        return asked.as_dict()
    by_two = session.settings.retention.endings_by_two
    with locked(session.home.runs / release):
        state = session.releases.withdraw(release, reason, session.person, today(), by_two=by_two)
        outbox = session.home.outbox / state.project / release
        withdrawn = session.home.runs / release / "withdrawn"
        if outbox.is_dir() and not withdrawn.exists():
            outbox.rename(withdrawn)
        letters = [_recall(session, state, member, today()) for member in _given(state)]
        wipe_staging(session, release)
    return state.as_dict() | {"recalls": letters}


def _first_of_two(
    session: Session, release: str, ending: str, confirm: str | None, reason: str | None = None
) -> ReleaseState | None:
    """The release, stopped, where this person is the first of two to end it; None where it is ended now.

    What somebody outside holds is not ended by a slip: its id is said twice.

    Raises:
        ConfirmationMissing: it was handed over and is not confirmed.
    """
    state = session.releases.show(release)  # an unknown one has no folder to lock
    if (given := _given(state)) and confirm != release:
        raise ConfirmationMissing(release=release, handed_over=len(given))
    if not session.settings.retention.endings_by_two or state.ending:
        return None
    return session.releases.ask_ending(release, ending, session.person, today(), reason)


def keep_release(session: Session, release: str) -> dict[str, object]:
    """Let a release go on whose end one person asked for.

    Raises:
        CodedError: see ``Releases.drop_ending``.
    """
    return session.releases.drop_ending(release, session.person, today()).as_dict()


def _given(state: ReleaseState) -> list[str]:
    return [package.member for _, package in given_packages([state])]


def _recall(session: Session, state: ReleaseState, member: str, on: date) -> str:
    project = session.projects.show(state.project)
    package, folder = state.packages[member], session.projects.folder(state.project)
    files = recall_letter(project, state, package, on, session.sender).files()
    recall = recall_id(state.release, member)
    facts = {"recall": recall, "member": member, **folder.letter_facts(files)}
    store = partial(folder.keep_letter, f"recall.{recall}", files)
    session.projects.record(
        project, "recall_sent", session.person, facts, on=on, key=f"recall:{recall}", store=store
    )
    return str(folder.letter(f"recall.{recall}.txt"))


def destroy_release(
    session: Session, release: str, confirm: str | None = None
) -> dict[str, object]:
    """Destroy the Department's copies of a release and record it; where the settings ask for two people, the first only asks.

    Raises:
        ConfirmationMissing: it was handed over and is not confirmed; nothing was changed.
    """
    if asked := _first_of_two(session, release, "destroy", confirm):
        return asked.as_dict()
    by_two = session.settings.retention.endings_by_two
    with locked(session.home.runs / release):
        state = session.releases.destroy(release, session.person, today(), by_two=by_two)
        for place in copies(session.home, state):
            shutil.rmtree(place, ignore_errors=True)
        wipe_staging(session, release)
    return state.as_dict()


def copies(home: Home, state: ReleaseState) -> tuple[Path, ...]:
    """Where sealed copies of a release may stand."""
    run = home.runs / state.release
    return (
        home.outbox / state.project / state.release,
        run / "withdrawn",
        run / "kept",
        run / "seal",
    )


_TABLES = ("intake", "match", "asked", "decisions", "review", "extract", "validate")


def wipe_tables(home: Home, release: str) -> None:
    """Remove a run's staged tables; records of counts and codes stay."""
    for stage in _TABLES:
        shutil.rmtree(home.runs / release / stage, ignore_errors=True)


def wipe_staging(session: Session, release: str) -> None:
    """Remove the tables and forget their key: what a disk still holds can't be read.

    The key goes before the bucket is asked: where that can't be reached, what lies there is unreadable, and
    the next resume or `bucket sweep` deletes it.
    """
    from pipelines.cluster import wipe_plans_of

    wipe_tables(session.home, release)
    wipe_plans_of(session.settings.cluster, release)
    session.keyring.forget_run_key(release)
    if staging := session.object_store("staging"):
        staging.forget(release)
    session.releases.record(release, "staging_destroyed")

"""What the Department keeps of a release: shown, withdrawn, destroyed."""

import shutil

from pipelines.attached import report_file
from pipelines.home import Home
from pipelines.locks import held
from pipelines.office import Office, today


def details(office: Office, release: str) -> dict[str, object]:
    """A release with the places of its report and its packages.

    Raises:
        UnknownRelease: there is none.
        CodedError: its report is not the one that was attached (exit 5).
    """
    state = office.releases.show(release)
    body = state.as_dict()
    if file := report_file(office, state.project, release):
        body["report_file"] = file
    outbox = office.home.outbox / state.project / release
    if outbox.is_dir():
        body["outbox"] = str(outbox)
    return body


def withdraw_release(office: Office, release: str, reason: str) -> dict[str, object]:
    """Withdraw a release: recorded first, then the outbox and the staging are cleared.

    The sealed packages move out of the outbox into the run's folder, so that what was sent can
    still be proven.
    """
    with held(office.home.runs / release):
        state = office.releases.withdraw(release, reason, office.person, today())
        outbox = office.home.outbox / state.project / release
        kept = office.home.runs / release / "withdrawn"
        if outbox.is_dir() and not kept.exists():
            outbox.rename(kept)
        wipe_staging(office, release)
    return state.as_dict()


def destroy_release(office: Office, release: str) -> dict[str, object]:
    """Destroy the Department's copies of a release and record it."""
    with held(office.home.runs / release):
        state = office.releases.destroy(release, office.person, today())
        for place in (
            office.home.outbox / state.project / release,
            office.home.runs / release / "withdrawn",
            office.home.runs / release / "seal",
        ):
            shutil.rmtree(place, ignore_errors=True)
        wipe_staging(office, release)
    return state.as_dict()


_TABLES = ("intake", "match", "decisions", "review", "extract", "validate")


def wipe_tables(home: Home, release: str) -> None:
    """Remove a run's staged tables; records of counts and codes stay."""
    for stage in _TABLES:
        shutil.rmtree(home.runs / release / stage, ignore_errors=True)


def wipe_staging(office: Office, release: str) -> None:
    """Remove the tables and forget their key: what a disk still holds can't be read."""
    wipe_tables(office.home, release)
    office.keyring.forget_run_key(release)
    office.releases.record(release, "staging_destroyed")

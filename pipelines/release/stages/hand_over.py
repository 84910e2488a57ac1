"""Stage 9: the gate again, the ledger, an atomic rename into the outbox; then staging is forgotten."""

from pathlib import Path
from typing import Any, cast

from crypto import files
from crypto.keyring import accepted_certificates
from crypto.package import verify_by_any
from pipelines.custody import wipe_staging
from pipelines.home import locked, sweep
from pipelines.release import errors, metrics, staging
from pipelines.release.context import ReleaseContext
from pipelines.release.given_rows import refuse_other_rows
from pipelines.release.stages.gate import ask_gate
from pipelines.release.stages.stage import Product
from pipelines.safeguards import notify_witness
from pipelines.session import today

_PATIENCE = 60.0  # seconds for another release of the system that is just being recorded
_MEASURED = ("intake", "match", "review", "extract", "validate", "seal")

Packages = list[dict[str, Any]]  # what the stage before recorded of each sealed package


def record_and_hand_over(context: ReleaseContext) -> Product:
    """Let the sealed packages appear in the outbox, all at once, exactly once recorded.

    The order is the design's: gate, ledger, rename. A crash between ledger and rename is healed by
    the next resume: events of the same facts are recorded once, and the rename is made where it
    was not. A published table enters the history before anybody can see it.

    Raises:
        GateRefused: approvals, keys or sanctions changed while the release waited (exit 3).
        HistoryMoved: another table of the system was published meanwhile.
        OtherRowsGiven: other de-identified rows went to the project meanwhile (exit 3).
        CodedError: a sealed package is not what was sealed (exit 5).
    """
    session, outbox, sealed = context.session, context.outbox, context.folder / "seal"
    packages = cast("Packages", context.facts("seal")["packages"])
    if not outbox.exists():
        ask_gate(context, "handover")
        _check_recipients({fingerprint for _, fingerprint, _ in context.recipients()}, packages)
        # the key may have changed while it waited
        pinned = accepted_certificates(session.keyring.directory)
        for package in packages:
            verify_by_any(sealed / str(package["member"]), pinned)
        _check_nothing_else(sealed, packages)
    with locked(context.history, wait=_PATIENCE):
        sweep(context.history)
        if not outbox.exists():
            refuse_other_rows(context)
            _enter_history(context)
        _record(context, packages)
        if not outbox.exists():
            notify_witness(session)  # before anything stands in the outbox
        if not outbox.exists():
            outbox.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            sealed.rename(outbox)
            files.sync_directory(outbox.parent)
    wipe_staging(session, context.release)
    return Product(facts={"packages": len(packages), "on": today().isoformat()})


def _check_recipients(usable: set[str], packages: Packages) -> None:
    """Every key that was sealed to must still be confirmed, in force and not revoked."""
    gone = [n for n, p in enumerate(packages, start=1) if p["fingerprint"] not in usable]
    if gone:
        raise errors.RecipientGone(packages=gone)


def _check_nothing_else(sealed: Path, packages: Packages) -> None:
    """The whole folder goes out: it must hold the sealed packages and nothing else."""
    found = {path.name for path in sealed.iterdir()}
    if found != {str(package["member"]) for package in packages}:
        raise errors.StageChanged(stage="seal", found=len(found), packages=len(packages))


def _enter_history(context: ReleaseContext) -> None:
    """Keep a published table, which every later one is protected against."""
    if context.order.kind != "aggregated":
        return
    from extracts.aggregated import save_published

    then = context.facts("extract")["earlier_tables"]
    now = [name for name in context.published_releases() if name != context.release]
    if then != now:
        raise errors.HistoryMoved(tables=len(now))
    if not (context.history / f"{context.release}.parquet").exists():
        table = context.staging.read("extract", "extract")
        save_published(context.history, context.release, table)


def _record(context: ReleaseContext, packages: Packages) -> None:
    for package in packages:
        context.note("package_sealed", **package)
    context.note("run_measured", **_measured(context.records))
    facts: dict[str, Any] = {
        "packages": len(packages),
        "on": context.facts("seal")["sealed_on"],
    }
    individuals = context.facts("extract").get("individuals")
    if individuals is not None:
        facts["individuals"] = individuals
    context.note("release_recorded", **facts)


def _measured(records: staging.Records) -> dict[str, Any]:
    """What each stage took; the ones that are asked every time would be another fact each time."""
    found = [records.read(name) for name in _MEASURED]
    return dict(metrics.metrics_facts(metrics.stage_metrics(r for r in found if r is not None)))

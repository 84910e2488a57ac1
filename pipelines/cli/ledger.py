"""``ledger show | verify | checkpoint | export | clock | schema``."""

from datetime import datetime
from pathlib import Path

from errors import nearest
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.errors import OptionsDisagree

ledger_group = Group("The record that can't be quietly changed.")


@ledger_group.add("show")
def show_events(
    console: Console,
    project: str | None = None,
    release: str | None = None,
    kind: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: str | None = None,
    before: int | None = None,
    last: int = 50,
) -> None:
    """List events, oldest first.

    All that is named must hold. Says on stderr when the ledger was last verified.
    """
    from approvals.errors import EventRefused
    from approvals.ledger import KINDS, Sought, find_events
    from pipelines.safeguards import verified_in_words
    from pipelines.session import span_of

    if kind is not None and kind not in KINDS:
        raise EventRefused(what="unknown kind", **nearest(kind, KINDS))
    session = console.session
    days = span_of(since.date() if since else None, until.date() if until else None)
    sought = Sought(project, release, kind, actor, *days, text)
    entries = find_events(session.ledger, sought, before=before, most=last)[::-1]
    shown = [
        ((e.seq, f"{e.at:%Y-%m-%d %H:%M:%S}", e.kind, e.release or e.project, e.actor), e.facts)
        for e in entries
    ]
    console.show_events("Ledger", shown, [e.as_dict() for e in entries])
    console.hint(f"Last verified: {verified_in_words(session)}")


@ledger_group.add()
def verify(
    console: Console,
    checkpoint: list[Path] | None = None,
) -> None:
    """Check every hash, order and length; exit 5 if changed.

    Against the home's own note of how far the ledger had come, every checkpoint that it signed, those
    that witnesses outside have, and those named here, such as the ledger-checkpoint.json of a package. When, by whom
    and with what result stays in the home.
    """
    from pipelines.safeguards import verify_and_note

    console.show_pairs("Ledger", verify_and_note(console.session, checkpoint or ()))


@ledger_group.add("checkpoint")
def sign_checkpoint(
    console: Console,
    out: Path | None = None,
) -> None:
    """Sign size and Merkle root, to be kept elsewhere; witnesses get it."""
    import json

    from pipelines.home import write_private
    from pipelines.safeguards import keep_checkpoint

    body = keep_checkpoint(console.session)
    if out is None:
        console.emit(body)
        return
    write_private(out, json.dumps(body, indent=1))
    console.say(f"Checkpoint of {body['size']} events written.")


@ledger_group.add()
def export(
    console: Console,
    out: Path,
) -> None:
    """Write all events, to be kept elsewhere."""
    from pipelines.keys import export_ledger

    console.show_pairs("Export", {"events": export_ledger(console.session, out)})


@ledger_group.add()
def clock(
    console: Console,
    accept: bool = False,
    confirm: bool = False,
) -> None:
    """Compare this machine's clock with the ledger.

    A clock that stands before the newest event would put what has ended in force again: nothing is recorded
    then, and nothing released.
    """
    from approvals.people import accept_clock, confirm_clock, waiting_correction
    from pipelines.session import today

    session = console.session
    if accept and confirm:
        raise OptionsDisagree(option="one of --accept and --confirm")
    if accept:
        accept_clock(session.ledger, session.person, today())
    if confirm:
        confirm_clock(session.ledger, session.person, today(), demo=session.demo)
    last, now = session.ledger.clock()
    waiting = waiting_correction(session.ledger)
    found = {
        "newest_event": last.isoformat(timespec="seconds") if last else None,
        "this_machine": now.isoformat(timespec="seconds"),
        "seconds_behind": max(0, int((last - now).total_seconds())) if last else 0,
        "correction_waits_for_second_person": waiting is not None,
    }
    console.show_pairs("Clock", found)


@ledger_group.add("schema")
def print_schema(
    console: Console,
    role: str,
    schema: str = "public",
) -> None:
    """Print the SQL of a PostgreSQL ledger.

    For its administrator, before `init --ledger URL`: table, triggers, and the grants of a role that
    appends and reads and can do nothing else.
    """
    from approvals.ledger import postgres_script

    try:
        console.write(postgres_script(role, schema))
    except ValueError:
        raise OptionsDisagree(option="--role and --schema are plain identifiers") from None

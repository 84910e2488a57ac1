"""``init``, ``home …``, ``doctor`` and ``bucket …``: a home, and its life on machines."""

import contextlib
from dataclasses import asdict
from pathlib import Path

import typer

from errors import CodedError, Exit
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.errors import OptionsDisagree

home_group = Group("A home on its machine: backups, versions, what is kept.")


def init(
    console: Console,
    department: str | None = None,
    ledger: str = "",
) -> None:
    """Make a home: settings, keys, people, an empty ledger."""
    from pipelines.deployment import init_home
    from pipelines.home import chosen_folder

    facts = init_home(chosen_folder(console.home), department=department, ledger_url=ledger)
    console.show_pairs("Home", facts)
    console.hint(
        "Next: name the people in people.toml, read settings.toml, have both confirmed"
        " (`settings record`, `settings confirm`), keep keys/passphrase elsewhere."
    )


@home_group.add()
def backup(console: Console, out: Path) -> None:
    """Write the home into one file; no staged row, no passphrase."""
    from pipelines.deployment import back_up

    facts = back_up(console.open_home(), out)
    console.show_pairs("Backup", facts | {"backup": console.shown(out)})
    if facts["ledger"] == "elsewhere":
        console.hint("The ledger is a database of its own: back it up with pg_dump, before this.")
    console.hint(
        "The passphrase is not in it. Restore it somewhere, today, and see that it verifies."
    )


@home_group.add()
def restore(console: Console, backup: Path) -> None:
    """Put a backup into a new or empty folder (--home)."""
    from pipelines.deployment import restore as restored
    from pipelines.home import chosen_folder

    root = chosen_folder(console.home)
    console.show_pairs("Restored", restored(backup, root) | {"home": console.shown(root)})
    console.hint(
        "Next: put keys/passphrase back (0600), then `doj-release ledger verify` and `doctor`."
    )


@home_group.add()
def upgrade(console: Console) -> None:
    """Take the home to this version's format; `backup` first."""
    from pipelines.deployment import upgrade as upgraded
    from pipelines.safeguards import as_error

    console.show_pairs("Upgrade", upgraded(console.open_home()))
    with contextlib.suppress(CodedError, OSError):  # of the ledger or the keys: `doctor` says so
        if (said := as_error(console.session, first=True)) is not None:
            console.hint(str(said))


@home_group.add()
def retention(
    console: Console,
    dry_run: bool = False,
) -> None:
    """End what was kept long enough: outbox and cohorts.

    The daily `remind` flow does the same.
    """
    from pipelines.custody import enforce_retention, retention_items
    from pipelines.session import today

    session = console.session
    found = retention_items(session) if dry_run else enforce_retention(session, today())
    rows = [item.as_dict(today()) for item in found]
    names = ("what", "project_number", "about", "until", "over")
    console.show_rows("Kept" if dry_run else "Ended", names, rows)


def doctor(console: Console, advisories: Path | None = None) -> None:
    """What this machine and this home can and can't do."""
    from pipelines.deployment import examine

    findings = examine(console.home, advisories)
    console.show(
        "Doctor",
        ("", "what", "finding"),
        [(f.mark, f.what, f.detail) for f in findings],
        [asdict(f) for f in findings],
    )
    if any(f.state == "bad" for f in findings):
        raise typer.Exit(int(Exit.INTERNAL))


deployment_group = Group("What a machine needs beside the program.")


@deployment_group.add()
def files(console: Console, out: Path) -> None:
    """Write Prefect's deployments, units, a Dockerfile, the lock, the documents."""
    from pipelines.deployment import write_files

    console.show_pairs("Files", write_files(out) | {"folder": console.shown(out)})
    console.hint("Next: docs/installing.md, then docs/operations.md, in that folder.")


@deployment_group.add()
def worker(console: Console, pool: str = "doj-release", health_check: bool = False) -> None:
    """Take runs from the standing Prefect server, until a signal comes.

    One worker a home. What is under way then ends first, and its order goes on with `run --resume` or another
    run of its deployment.
    """
    from pipelines.orchestration import work

    work(console.open_home(), pool, health=health_check)


def completion(console: Console, shell: str) -> None:
    """Print what bash, zsh or fish reads to complete commands."""
    from pipelines.cli.completion import script

    text = script(shell)
    if text is None:
        raise OptionsDisagree(option="bash, zsh or fish")
    console.write(text)


bucket_group = Group("Register and staging on S3-compatible storage.")


@bucket_group.add()
def upload(console: Console) -> None:
    """Send what the bucket lacks; safe to repeat."""
    from pipelines.deployment import upload as sent

    console.show_pairs("Bucket", sent(console.session))


@bucket_group.add()
def evict(console: Console) -> None:
    """Drop this machine's copies of what is whole in the bucket."""
    from pipelines.deployment import evict as evicted

    console.show_pairs("Bucket", evicted(console.session))
    console.hint("What is used is brought back, and compared with its digest.")


@bucket_group.add()
def sweep(console: Console) -> None:
    """Delete there what is half sent, forgotten or only looks deleted."""
    from pipelines.deployment import sweep as swept

    console.show_pairs("Bucket", swept(console.session))
